// The pictures of the arithmetic: numbers of either sign as squares of colour, maps with the window on them, and bars
// of the parts that a sum has.
//
// In: names, values. Out: elements, each with a function that shows new values in them.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { element, paint, words } = InsideMNIST;

  /**
   * A picture of numbers, one square for each, under a name.
   * @param {string} name what is seen
   * @param {string} [told] what is heard instead of it
   * @returns {{node: HTMLElement, show: (values: Float32Array, channels?: number, gap?: number) => void}}
   */
  function picture(name, told = name) {
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { className: "lab-pixels", role: "img", "aria-label": told }));
    const node = element("figure", { className: "lab-picture" }, canvas, element("figcaption", {}, name));
    return {
      node,
      show(values, channels = 1, gap = 0) {
        const { width, height, values: tiles } = paint.tiled(values, channels, gap);
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        canvas.style.aspectRatio = `${width} / ${height}`;
        paint.signed(canvas, tiles, largest(values));
      },
    };
  }

  /** @param {string} sign @returns {HTMLElement} between two pictures */
  function between(sign) {
    return element("span", { className: "lab-sign", "aria-hidden": "true" }, sign);
  }

  /**
   * Frames over the maps of a picture: where the window lies on each of them.
   * @param {HTMLElement} over the picture's node
   * @param {number} channels
   */
  function frames(over, channels) {
    const canvas = /** @type {HTMLElement} */ (over.querySelector("canvas"));
    const room = element("div", { className: "lab-framed" });
    canvas.replaceWith(room);
    const boxes = Array.from({ length: channels }, () => element("span", { className: "lab-frame" }));
    room.append(canvas, ...boxes);
    const across = Math.ceil(Math.sqrt(channels));
    const down = Math.ceil(channels / across);
    /** @param {{y: number, x: number, size: number, side: number}} window in pixels of maps of `side` pixels */
    return ({ y, x, size, side }) => {
      boxes.forEach((box, channel) => {
        const percent = (/** @type {number} */ part, /** @type {number} */ whole) => `${(100 * part) / whole}%`;
        box.style.left = percent((channel % across) * side + x, across * side);
        box.style.top = percent(Math.floor(channel / across) * side + y, down * side);
        box.style.width = percent(size, across * side);
        box.style.height = percent(size, down * side);
      });
    };
  }

  /**
   * The largest parts of a sum as bars, and the rest of them as one.
   * @param {string} caption
   * @param {number} many
   * @param {{name: (place: number) => string, onpick: (place: number) => void}} calls of a part
   */
  function bars(caption, many, { name, onpick }) {
    const body = element("tbody");
    const node = element("table", { className: "lab-parts" }, element("caption", {}, caption), body);

    /** @param {ArrayLike<number>} parts @param {(place: number) => string} factors "0.42 × 3.1" */
    function show(parts, factors) {
      /** @type {{first: {place: number, value: number}[], rest: number, others: number}} */
      const { first, rest, others } = InsideMNIST.arithmetic.largest(parts, many);
      const top = Math.max(...first.map(({ value }) => Math.abs(value)), Math.abs(rest), 1e-9);
      const rows = first.map(({ place, value }) => line(part(place), factors(place), value, top));
      if (others) rows.push(line(`${others} others`, "", rest, top));
      const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.part;
      body.replaceChildren(...rows);
      if (focused) body.querySelector(`[data-part="${focused}"]`)?.focus();
    }

    /** @param {number} place */
    function part(place) {
      const button = element("button", { type: "button", className: "lab-link", "data-part": String(place), title: name(place) }, name(place));
      button.addEventListener("click", () => onpick(place));
      return button;
    }

    return { node, show };
  }

  /** @param {Node | string} name @param {string} factors @param {number} value @param {number} top */
  function line(name, factors, value, top) {
    const fill = element("span", { className: value < 0 ? "lab-part is-less" : "lab-part is-more" });
    fill.style.width = `${(50 * Math.abs(value)) / top}%`;
    const track = element("td", { className: "lab-part-track", "aria-hidden": "true" }, fill);
    const told = element("td", { className: "lab-number lab-factors" }, factors);
    return element("tr", {}, element("th", { scope: "row" }, name), told, track, element("td", { className: "lab-number" }, words.number(value, 2)));
  }

  /** @param {ArrayLike<number>} values @returns {number} the size of the largest, never 0 */
  function largest(values) {
    return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  }

  InsideMNIST.pictures = { picture, between, frames, bars, largest };
})();
