// The page of a network's units, one unit at a time: step through them, jump to one, filter and sort them.
//
// In: the cards that stand on the page, all of them; the address, #unit=hidden2-7&layer=hidden2&digit=3&sort=selectivity
// or &show=all, or plainly #hidden2-7. Out: a row of controls, the chosen card alone or all that pass, and the address.
// Without this script the page shows every unit.

(function () {
  "use strict";
  const { state, unitList } = window.InsideMNIST;
  const page = /** @type {HTMLElement} */ (document.querySelector("[data-units]"));
  const tools = /** @type {HTMLElement} */ (page.querySelector("[data-units-tools]"));

  const all = /** @type {UnitCard[]} */ (unitList.units(page));
  const layers = /** @type {Map<string, string>} */ (unitList.layers(page));
  const byId = new Map(all.map((each) => [each.id, each]));
  const title = document.title;
  const ranking = document.createElement("div"); // where the cards stand while they are ranked over all layers
  ranking.className = "unit-ranking";
  page.append(ranking);
  const orders = new Map([
    ["", "number"],
    ["selectivity", "selectivity"],
    ["importance", "importance"],
  ]);

  state.declare({
    unit: (/** @type {string} */ id) => byId.has(id),
    layer: (/** @type {string} */ id) => layers.has(id),
    digit: /^[0-9]{1,2}$/,
    sort: (/** @type {string} */ name) => name !== "" && orders.has(name),
    show: /^all$/,
  });

  // What is shown

  /** @type {Map<string, string>} */
  let values = new Map();
  /** @type {UnitCard[]} */
  let list = all;
  /** @type {UnitCard | undefined} */
  let current;

  /**
   * Shows what the values say, and says what that is.
   * @param {Map<string, string>} next
   */
  function show(next) {
    values = next;
    list = unitList.chosen(all, Object.fromEntries(values));
    const wanted = byId.get(values.get("unit") ?? "");
    current = wanted && list.includes(wanted) ? wanted : list[0];
    const seen = new Set(values.has("show") ? list : current ? [current] : []);
    for (const each of all) each.card.hidden = !seen.has(each);
    const isRanked = values.has("sort");
    for (const layer of page.querySelectorAll(".unit-layer")) {
      const within = isRanked ? [] : all.filter((each) => each.layer === layer.id);
      /** @type {HTMLElement} */ (layer).hidden = !within.some((each) => seen.has(each));
      layer.append(...within.map((each) => each.card));
    }
    if (isRanked) ranking.append(...list.map((each) => each.card));
    controls.tell();
    document.title = current && !values.has("show") ? `${current.name}, ${title}` : title;
  }

  /**
   * Another choice by the reader: into the address, then onto the page.
   * @param {Object<string, string | null>} changes
   * @param {boolean} [push] whether "back" leads to the choice before
   */
  function choose(changes, push = true) {
    state.write(changes, { push });
    show(state.read());
  }

  /** @param {number} by how many units on, or back; at the ends it goes round @param {boolean} [push] */
  function step(by, push = true) {
    if (!current || list.length === 0) return;
    const next = list[(list.indexOf(current) + by + list.length) % list.length];
    choose({ unit: next.id }, push);
    if (values.has("show")) reveal(next);
  }

  /** @param {UnitCard} unit brings a card of many into view, and to those who read by ear */
  function reveal(unit) {
    unit.card.scrollIntoView({ block: "start" });
    unit.card.focus({ preventScroll: true });
  }

  // The controls

  /**
   * An element with its attributes and content.
   * @param {string} name
   * @param {Object<string, string>} attributes
   * @param {...(Node | string)} content
   */
  function make(name, attributes, ...content) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }

  /**
   * A choice from a list, with its label.
   * @param {string} label
   * @param {Map<string, string>} options value -> text
   * @param {(value: string) => void} told
   */
  function choice(label, options, told) {
    const select = /** @type {HTMLSelectElement} */ (make("select", {}));
    for (const [value, text] of options) select.append(make("option", { value }, text));
    select.addEventListener("change", () => told(select.value));
    return { select, element: make("label", {}, `${label} `, select) };
  }

  /** @param {string} text @param {() => void} told */
  function button(text, told) {
    const element = make("button", { type: "button" }, text);
    element.addEventListener("click", told);
    return element;
  }

  /** The row of controls; `tell` makes it say what is shown. */
  function makeControls() {
    const digits = new Map(all.filter((each) => each.digit).map((each) => [each.digit, each.likes]));
    const inOrder = [...digits].sort(([a], [b]) => Number(a) - Number(b));
    const back = button("Previous", () => step(-1));
    const on = button("Next", () => step(1));
    const unit = choice("Unit", new Map(), (id) => jump(id));
    const every = button("All at once", () => choose({ show: values.has("show") ? null : "all" }));
    const layer = choice("Layer", new Map([["", "all"], ...layers]), (id) => choose({ layer: id, unit: null }));
    const digit = choice(`Favourite ${page.dataset.kind}`, new Map([["", "any"], ...inOrder]), (each) =>
      choose({ digit: each, unit: null }),
    );
    const sort = choice("Order", orders, (name) => choose({ sort: name, unit: null }));
    const status = make("p", { role: "status", class: "unit-status" });
    const row = make("div", { class: "unit-tools", role: "group", "aria-label": "Choose units" });
    row.append(
      make("div", { class: "unit-steps" }, back, on, unit.element, every),
      make("div", { class: "unit-filters" }, layer.element, digit.element, sort.element),
      status,
    );
    tools.append(row);

    function tell() {
      fill(unit.select, list);
      unit.select.value = current?.id ?? "";
      layer.select.value = values.get("layer") ?? "";
      digit.select.value = values.get("digit") ?? "";
      sort.select.value = values.get("sort") ?? "";
      every.setAttribute("aria-pressed", String(values.has("show")));
      for (const each of [back, on]) /** @type {HTMLButtonElement} */ (each).disabled = list.length < 2;
      status.textContent = said();
    }
    return { tell };
  }

  /** What the page shows now, in words. */
  function said() {
    if (!current) return "No unit is like that.";
    const [whose, many] = list.length === all.length ? ["of this network", all.length] : ["chosen", list.length];
    const count = many === 1 ? "1 unit" : `${many} units`;
    const order = ranked();
    if (values.has("show")) return `${count} shown${order && `, ranked by ${order}`}.`;
    const place = `${current.name} is number ${list.indexOf(current) + 1} of the ${count} ${whose}`;
    return `${place}${order && `, ranked by ${order}: ${measured(current)}`}.`;
  }

  /** @returns {string} by what the units are ranked, or nothing */
  function ranked() {
    if (values.get("sort") === "importance") return "what accuracy loses with the unit set to its average";
    return values.has("sort") ? "selectivity" : "";
  }

  /** @param {UnitCard} unit @returns {string} the number by which it is ranked */
  function measured(unit) {
    const isCost = values.get("sort") === "importance";
    const text = (isCost ? unit.importance : unit.selectivity).toFixed(2).replace("-", "\u2212");
    return isCost ? `${text} points` : text;
  }

  /** @param {string} id the reader picked a unit from the list */
  function jump(id) {
    choose({ unit: id });
    if (values.has("show") && current) reveal(current);
  }

  /**
   * The units to jump to, layer by layer, or as they are ranked.
   * @param {HTMLSelectElement} select
   * @param {UnitCard[]} offered
   */
  function fill(select, offered) {
    const option = (/** @type {UnitCard} */ each) => make("option", { value: each.id }, each.name);
    if (values.has("sort")) return select.replaceChildren(...offered.map(option));
    select.replaceChildren(
      ...[...layers].map(([id, label]) => {
        const within = offered.filter((each) => each.layer === id);
        return make("optgroup", { label }, ...within.map(option));
      }),
    );
  }

  // The keyboard and the address

  document.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const target = /** @type {Element} */ (event.target);
    const busy = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented;
    if (!by || busy || target.closest("select, input, textarea, summary, dialog, .scroll")) return;
    event.preventDefault();
    step(by, !event.repeat); // a key that is held down is one step back
  });

  /** A plain place in the address, #hidden2-7 or #hidden2, is a choice too; returns whether it was one. */
  function takePlace() {
    const place = decode(location.hash.slice(1));
    if (place === "" || location.hash.includes("=")) return false;
    if (byId.has(place)) state.write({ unit: place, layer: null, digit: null, show: null });
    else if (layers.has(place)) state.write({ unit: null, layer: place, digit: null, show: "all" });
    else if (document.getElementById(place)) return false;
    else return (state.say([`\u201c${place.slice(0, 40)}\u201d`]), false);
    return true;
  }

  /** @param {string} text */
  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch (malformed) {
      return text;
    }
  }

  /** The unit or layer that the address names is what the reader came for: it is brought to the top. */
  function arrive() {
    if (values.has("unit") && values.has("show") && current) reveal(current);
    else if (values.has("unit") || values.has("layer")) tools.scrollIntoView({ block: "start" });
  }

  const controls = makeControls();
  window.addEventListener("hashchange", () => {
    if (!takePlace()) return;
    show(state.read());
    arrive();
  });
  state.onchange(show);
  takePlace();
  show(state.read());
  arrive();
})();
