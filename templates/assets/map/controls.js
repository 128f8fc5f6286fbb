// The map's controls: networks, layer, method, epoch with a play button, colours, classes, pointer or lasso.
//
// In: the element they go into, and a function that takes the reader's changes. Out: `sync`, which shows a state.

window.InsideMNIST = window.InsideMNIST || {};

(function () {
  "use strict";
  const lab = window.InsideMNIST;
  lab.map = lab.map || {};

  /** @type {Object<string, string>} */
  const METHOD_TITLES = { pca: "PCA", tsne: "t-SNE", umap: "UMAP" };
  const TOOLS = [["point", "Point"], ["lasso", "Lasso"]];
  const RINGS = [["on", "Ringed"], ["above", "Above the rest"], ["off", "Not marked"]];

  /**
   * A row of radio buttons.
   * @param {string} legend
   * @param {string} name
   * @param {string[][]} options [value, title]
   * @param {(value: string) => void} change
   */
  function choice(legend, name, options, change) {
    const row = lab.element("div", { className: "map-options" });
    const root = lab.element("fieldset", { className: "map-choice" }, lab.element("legend", { textContent: legend }), row);
    let drawn = "";
    root.addEventListener("change", (/** @type {Event} */ event) => change(/** @type {HTMLInputElement} */ (event.target).value));

    /** @param {string} value @param {string[][]} [now] the options, where they have changed */
    function sync(value, now = options) {
      if (JSON.stringify(now) !== drawn) {
        drawn = JSON.stringify(now);
        row.replaceChildren(...now.map(([each, title]) => lab.element("label", {},
          lab.element("input", { type: "radio", name, value: each }), lab.element("span", { textContent: title }))));
      }
      for (const input of row.querySelectorAll("input")) input.checked = input.value === value;
    }

    return { root, sync };
  }

  /** @param {(names: string[]) => void} change the menu of networks */
  function networkMenu(change) {
    const select = lab.element("select", { id: "map-networks" });
    for (const each of lab.map.choices()) select.append(lab.element("option", { value: each.names.join(), textContent: each.title }));
    select.addEventListener("change", () => change(select.value.split(",")));
    const root = lab.element("div", { className: "map-choice" },
      lab.element("label", { htmlFor: "map-networks", className: "map-legend", textContent: "Networks" }), select);
    return { root, sync: (/** @type {MapState} */ state) => { select.value = state.networks.join(); } };
  }

  /**
   * The slider over the epochs, and the button that lets them pass.
   * @param {(epoch: number, push: boolean) => void} change
   * @param {() => void} play starts or stops
   */
  function epochSlider(change, play) {
    const { element } = lab;
    const button = element("button", { type: "button", className: "map-play" });
    const slider = element("input", { type: "range", id: "map-epoch", min: "0", step: "1" });
    const told = element("output", { className: "map-told", htmlFor: "map-epoch" });
    /** @type {number[]} */
    let stops = [0];
    let fresh = true; // whether the slider has not been moved since it was let go
    button.addEventListener("click", play);
    slider.addEventListener("input", () => {
      change(stops[Number(slider.value)], fresh);
      fresh = false;
    });
    slider.addEventListener("change", () => { fresh = true; });
    const root = element("div", { className: "map-choice map-time" },
      element("label", { htmlFor: "map-epoch", className: "map-legend", textContent: "Epoch" }),
      element("div", { className: "map-options" }, button, slider, told));

    /** @param {MapState} state @param {boolean} playing */
    function sync(state, playing) {
      stops = lab.map.epochs(state);
      const at = lab.map.closest(stops, state.epoch);
      root.hidden = stops.length < 2; // there is nothing to go through
      slider.max = String(stops.length - 1);
      slider.value = String(at);
      const name = stops[at] === 0 ? "untrained" : `${stops[at]} of ${stops[stops.length - 1]}`;
      slider.setAttribute("aria-valuetext", name);
      told.textContent = name;
      button.textContent = playing ? "Pause" : "Play";
    }

    return { root, sync };
  }

  /** @param {(digits: boolean[]) => void} change which classes stand out */
  function classFilter(change) {
    const { element } = lab;
    const { names, kind, kinds } = /** @type {MapSet} */ (lab.map.shared().set);
    let shown = names.map(() => true);
    const buttons = names.map((name, label) => {
      const button = element("button", { type: "button", className: `map-digit c${label}`, textContent: name, "aria-label": lab.map.called(name, kind) });
      button.addEventListener("click", () => {
        const isAll = shown.every(Boolean); // then a click singles one out
        const next = shown.map((each, at) => (at === label ? isAll || !each : each && !isAll));
        change(next.some(Boolean) ? next : next.map(() => true));
      });
      return button;
    });
    const all = element("button", { type: "button", className: "map-all", textContent: "All", "aria-label": `All ${kinds}` });
    all.addEventListener("click", () => change(shown.map(() => true)));
    const root = element("fieldset", { className: "map-choice" }, element("legend", { textContent: `${lab.map.called(kinds, kinds)} shown: choose one or more, or all` }),
      element("div", { className: "map-options" }, ...buttons, all));

    /** @param {MapState} state */
    function sync(state) {
      shown = state.digits;
      buttons.forEach((button, label) => button.setAttribute("aria-pressed", String(shown[label])));
      all.setAttribute("aria-disabled", String(shown.every(Boolean))); // not disabled: it keeps the focus
    }

    return { root, sync };
  }

  /**
   * All controls: what is shown above the maps, how it is shown below them.
   * @param {HTMLElement} above
   * @param {HTMLElement} below
   * @param {{change: (part: Partial<MapState>, push: boolean) => void, play: () => void, tool: (tool: string) => void}} deeds
   * @returns {{sync: (state: MapState, playing: boolean, tool: string) => void}}
   */
  function controls(above, below, { change, play, tool }) {
    const networks = networkMenu((names) => change({ networks: names }, true));
    const layer = choice("Layer", "map-layer", [], (value) => change({ depth: Number(value) }, true));
    const method = choice("Method", "map-method", [], (value) => change({ method: value }, true));
    const epoch = epochSlider((value, push) => change({ epoch: value }, push), play);
    const colours = [["digit", `True ${lab.map.shared().set.kind}`], ["answer", "Answer"], ["right", "Right or wrong"]];
    const colour = choice("Colour by", "map-colour", colours, (value) => change({ colour: value }, true));
    const digits = classFilter((value) => change({ digits: value }, true));
    const tools = choice("Pointer", "map-tool", TOOLS, tool);
    const rings = choice("Misreadings", "map-rings", RINGS, (value) => change({ rings: value }, true));
    above.append(networks.root, layer.root, method.root, epoch.root);
    below.append(digits.root, colour.root, rings.root, tools.root);

    /** @param {MapState} state @param {boolean} playing @param {string} chosen */
    function sync(state, playing, chosen) {
      networks.sync(state);
      layer.sync(String(state.depth), layerOptions(state.networks));
      method.sync(state.method, lab.map.methods(state.networks, state.depth).map((/** @type {string} */ each) => [each, METHOD_TITLES[each]]));
      epoch.sync(state, playing);
      colour.sync(state.colour);
      digits.sync(state);
      tools.sync(chosen);
      rings.sync(state.rings);
    }

    return { sync };
  }

  /** @param {string[]} names of networks @returns {string[][]} [depth, the layers' names], in order of depth */
  function layerOptions(names) {
    const depths = [...new Array(lab.map.depths(names)).keys()].reverse();
    return depths.map((depth) => {
      const titles = lab.map.chosen(names).map((/** @type {MapNetwork} */ network) => lab.map.layerAt(network, depth)?.title);
      return [String(depth), [...new Set(titles.filter(Boolean))].join(" / ")];
    });
  }

  Object.assign(lab.map, { controls });
})();
