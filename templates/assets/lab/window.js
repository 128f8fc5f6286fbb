// The arithmetic of a channel: the window that slides over the maps before it, and what it gathers there.
//
// In: the panel's element, the channel, the network and its reading. Out: the panel shows the window's patches, the
// kernels, their products, the sum, and what pooling hands on; the pointer and the arrow keys move the window.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { element, words, arithmetic } = InsideMNIST;
  const { picture, frames, between, bars, largest } = InsideMNIST.pictures;
  const MANY = 8; // input channels that are shown one by one
  const GAP = 1; // pixel between windows side by side
  /** @type {Object<string, [number, number]>} rows and columns */
  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  /** @type {(body: HTMLElement, unit: Unit, calls: any, shown: Shown) => (shown: Shown, look: Look) => void} */
  function buildWindow(body, unit, calls, shown) {
    const from = arithmetic.source(shown.network, shown.reading, unit.layer);
    const [channels, side] = from.shape;
    const map = makeMap(unit, calls);
    const read = picture(channels === 1 ? "image" : `${channels} maps before`);
    const frame = frames(read.node, channels);
    body.append(element("div", { className: "lab-product is-two" }, read.node, between("\u2192"), map.node));
    const place = body.appendChild(element("p", { className: "lab-note" }));
    const showPatches = makePatches(body, unit, from, calls);
    const line = InsideMNIST.sumsParts.equation(body);

    return ({ network, reading, setting }, { at }) => {
      const [y, x] = at ?? loudest(reading, unit);
      const found = arithmetic.gathered(network, reading, { ...unit, y, x });
      read.show(arithmetic.source(network, reading, unit.layer).values, channels);
      frame({ y: y - found.padding, x: x - found.padding, size: found.kernel, side });
      map.show(reading, y, x);
      const idle = setting === "mean" ? " It is set to its mean, so nothing of this is handed on." : "";
      place.textContent = `Row ${y}, column ${x} of its map.${idle}`;
      showPatches(found);
      line(steps(found, setting));
    };
  }

  /**
   * The channel's map: where it is pressed, or moved to by the arrow keys, the window goes.
   * @param {Unit} unit
   * @param {any} calls
   */
  function makeMap(unit, { onlook, onsay }) {
    const told = `Map of ${words.unitName(unit)}; the arrow keys move the window`;
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { className: "lab-pixels" }));
    const here = element("span", { className: "lab-frame" });
    const room = element("div", { className: "lab-framed lab-pickable", tabIndex: 0, role: "application", "aria-label": told }, canvas, here);
    const node = element("figure", { className: "lab-picture" }, room, element("figcaption", {}, "its map: move"));
    let [y, x, side] = [0, 0, 1];

    /** @param {number} row @param {number} column */
    function go(row, column) {
      const within = (/** @type {number} */ value) => Math.min(Math.max(value, 0), side - 1);
      onlook({ unit, at: [within(row), within(column)] });
    }

    /** @param {PointerEvent} event */
    function point(event) {
      const box = room.getBoundingClientRect();
      go(Math.floor(((event.clientY - box.top) / box.height) * side), Math.floor(((event.clientX - box.left) / box.width) * side));
    }

    room.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      room.setPointerCapture(event.pointerId);
      point(event);
    });
    room.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => room.hasPointerCapture(event.pointerId) && point(event));
    room.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const way = ARROWS[event.key];
      if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      go(y + way[0], x + way[1]);
      onsay(`Row ${y}, column ${x}: ${words.number(Number(here.dataset.value), 2)} after the ReLU.`);
    });

    /** @param {Reading} reading @param {number} row @param {number} column */
    function show(reading, row, column) {
      const values = arithmetic.mapOf(reading, unit);
      side = Math.round(Math.sqrt(values.length));
      [y, x] = [row, column];
      if (canvas.width !== side) canvas.width = canvas.height = side;
      InsideMNIST.paint.heat(canvas, values, largest(values));
      const percent = (/** @type {number} */ part) => `${(100 * part) / side}%`;
      Object.assign(here.style, { left: percent(x), top: percent(y), width: percent(1), height: percent(1) });
      here.dataset.value = String(values[y * side + x]);
    }

    return { node, show };
  }

  /**
   * The windows of all input channels side by side, times the kernels; and, of several, what each comes to.
   * @param {HTMLElement} body
   * @param {Unit} unit
   * @param {Source} from
   * @param {any} calls
   * @returns {(found: Gathered) => void}
   */
  function makePatches(body, unit, from, { calledOf, onlook }) {
    const [channels] = from.shape;
    const [inputs, weights, products] = InsideMNIST.sumsParts.row(body, ["window", "kernel", "products"]);
    const before = { ...unit, layer: from.hook.split(".")[0] };
    const name = (/** @type {number} */ channel) => `${channel} \u00b7 ${calledOf({ ...before, unit: channel })}`;
    const onpick = (/** @type {number} */ channel) => onlook({ unit: { ...before, unit: channel }, at: null });
    const table = channels > 1 ? bars(`by channel of ${words.layerName(before.layer)}`, MANY, { name, onpick }) : null;
    if (table) body.append(table.node);
    return ({ patches }) => {
      const all = (/** @type {"inputs" | "weights" | "products"} */ part) => Float32Array.from(patches.flatMap((each) => [...each[part]]));
      inputs.show(all("inputs"), channels, GAP);
      weights.show(all("weights"), channels, GAP);
      products.show(all("products"), channels, GAP);
      table?.show(patches.map(({ sum }) => sum), () => "");
    };
  }

  /** @param {Gathered} found @param {Setting} setting */
  function steps({ sum, bias, pre, pooled }, setting) {
    const told = [
      ["All products add up to", sum, "sum", InsideMNIST.sumsParts.rest(pre, bias)],
      ["the bias adds", bias, "bias"],
      ["together", pre, "pre"],
      ["the ReLU makes it", Math.max(pre, 0), "relu"],
    ];
    if (pooled) {
      const scaled = typeof setting === "number" && setting !== 1 ? `, ${words.scaleWords(setting)},` : "";
      told.push([`of its square of four${scaled} pooling keeps`, pooled.values[pooled.largest], "pooled"]);
    }
    return told;
  }

  /** @param {Reading} reading @param {Unit} unit @returns {[number, number]} row and column where it is most active, the middle where it is silent */
  function loudest(reading, unit) {
    const values = arithmetic.mapOf(reading, unit);
    const side = Math.round(Math.sqrt(values.length));
    const most = Math.max(...values);
    const place = most > 0 ? values.indexOf(most) : Math.floor(side / 2) * (side + 1);
    return [Math.floor(place / side), place % side];
  }

  InsideMNIST.buildWindow = buildWindow;
})();
