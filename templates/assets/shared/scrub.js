// Stepping through the epochs of a figure: a slider and a play button below its drawing, a line and dots over it,
// and a table of what every curve says at the chosen epoch.
//
// In: the empty <div class="scrub"> that the page has below each figure whose curves go over epochs, and that
// figure's numbers, data/<figure>.epochs.js (see report/epochs.py), which are fetched when they are first asked for.
// Out: nothing moves or changes before the reader asks for it; without this script the figure stands as it is.

/**
 * One line of a panel, by epoch: its place in the drawing and its value; null where there is none.
 * @typedef {{name: string, tone: string, mark: "circle" | "square", y: (number | null)[], value: (number | null)[]}} Curve
 */
/** @typedef {{title: string, measure: string, top: number, bottom: number, x: (number | null)[], curves: Curve[]}} Panel */
/** @typedef {{box: [number, number], epochs: number[], panels: Panel[]}} Steps */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const PACE = 350; // milliseconds for each epoch
  const SVG = "http://www.w3.org/2000/svg";
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  document.querySelectorAll(".scrub").forEach((box) => stepper(/** @type {HTMLElement} */ (box)));

  /**
   * Fills the box below one figure.
   * @param {HTMLElement} box
   */
  function stepper(box) {
    const { name = "", steps = "", number = "" } = box.dataset;
    const epochs = (box.dataset.epochs ?? "").split(" ").map(Number);
    const last = epochs.length - 1;
    const { button, slider, output, values } = controls(box, number, last);
    /** @type {Promise<(place: number) => void> | undefined} */
    let view; // draws the state at an epoch; made when it is first needed
    let timer = 0;

    const place = () => Number(slider.value);
    const tell = () => {
      output.textContent = String(epochs[place()]);
      slider.setAttribute("aria-valuetext", `epoch ${epochs[place()]}`);
    };
    const show = () => {
      tell();
      view ??= load(name, steps).then((found) => viewer(box, values, found));
      view.then((draw) => draw(place())).catch(() => {
        view = undefined;
        values.hidden = false;
        values.textContent = "The numbers of this figure could not be loaded.";
      });
    };
    const pause = () => {
      window.clearInterval(timer);
      timer = 0;
      values.setAttribute("aria-live", "polite"); // a screen reader hears of the values when they stand still
      retitle(button, calm.matches ? "Next epoch" : "Play", `of figure ${number}`);
    };
    const go = (/** @type {number} */ to) => {
      slider.value = String(to);
      show();
    };
    const play = () => {
      values.setAttribute("aria-live", "off");
      retitle(button, "Pause", `figure ${number}`);
      go(place() === last ? 0 : place());
      timer = window.setInterval(() => (place() === last ? pause() : go(place() + 1)), PACE);
    };

    button.addEventListener("click", () => {
      if (timer) pause();
      else if (calm.matches) go(place() === last ? 0 : place() + 1);
      else play();
    });
    slider.addEventListener("input", () => {
      pause();
      show();
    });
    calm.addEventListener("change", pause);
    tell();
    pause();
  }

  /**
   * The empty controls of one figure.
   * @param {HTMLElement} box
   * @param {string} number of the figure on its page
   * @param {number} last the slider's last place, where it stands at first
   */
  function controls(box, number, last) {
    const row = add(box, "div", "scrub-controls");
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", `Figure ${number}, epoch by epoch`);
    const button = add(row, "button", "scrub-play");
    button.type = "button";
    const label = add(row, "label", "scrub-label");
    label.append("Epoch ");
    const slider = add(label, "input", "scrub-slider");
    // A browser that comes back to the page would set the slider where it was, and tell nobody.
    Object.assign(slider, { type: "range", min: "0", max: String(last), step: "1", value: String(last), autocomplete: "off" });
    const output = add(row, "span", "scrub-epoch");
    output.setAttribute("aria-hidden", "true"); // the slider says it
    const values = add(box, "div", "scroll scrub-values");
    values.hidden = true;
    values.tabIndex = 0;
    values.setAttribute("role", "group");
    values.setAttribute("aria-label", `Figure ${number}, values at the chosen epoch`);
    return { button, slider, output, values };
  }

  /**
   * The numbers of a figure, by way of a script: pages opened from a file may load nothing else.
   * @param {string} name
   * @param {string} address
   * @returns {Promise<Steps>}
   */
  function load(name, address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.addEventListener("load", () => done(InsideMNIST.data[`epochs/${name}`]));
      script.addEventListener("error", failed);
      script.src = address;
      document.head.append(script);
    });
  }

  /**
   * What shows one epoch: over the drawing and in the table.
   * @param {HTMLElement} box
   * @param {HTMLElement} values
   * @param {Steps} steps
   * @returns {(place: number) => void}
   */
  function viewer(box, values, steps) {
    const over = overlay(/** @type {HTMLElement} */ (box.previousElementSibling), steps);
    const write = table(values, steps);
    return (place) => {
      over(place);
      write(place);
    };
  }

  /**
   * A line in each panel and a dot on each curve, over the drawing.
   * @param {HTMLElement} drawing
   * @param {Steps} steps
   * @returns {(place: number) => void}
   */
  function overlay(drawing, steps) {
    const svg = draw(drawing, "svg", { class: "scrub-over", viewBox: `0 0 ${steps.box.join(" ")}`, "aria-hidden": "true" });
    const panels = steps.panels.map((panel) => ({
      panel,
      line: draw(svg, "line", { class: "scrub-line", y1: panel.top, y2: panel.bottom }),
      dots: panel.curves.map((curve) => mark(svg, curve)),
    }));
    return (place) => {
      for (const { panel, line, dots } of panels) {
        const x = panel.x[place];
        line.classList.toggle("scrub-gone", x === null);
        line.setAttribute("x1", String(x));
        line.setAttribute("x2", String(x));
        dots.forEach((dot, which) => {
          const y = panel.curves[which].y[place];
          dot.classList.toggle("scrub-gone", x === null || y === null);
          dot.setAttribute("transform", `translate(${x ?? 0} ${y ?? 0})`);
        });
      }
    };
  }

  /**
   * A row for each panel, a column for each name of a curve.
   * @param {HTMLElement} values
   * @param {Steps} steps
   * @returns {(place: number) => void}
   */
  function table(values, { epochs, panels }) {
    values.replaceChildren();
    values.hidden = false;
    const grid = add(values, "table");
    const caption = add(grid, "caption");
    const all = panels.flatMap((panel) => panel.curves);
    const curves = new Map(all.map((curve) => [curve.name, curve]));
    const heads = add(add(grid, "thead"), "tr");
    add(heads, "td");
    curves.forEach((curve, name) => {
      const head = add(heads, "th");
      head.scope = "col";
      const alike = all.every((each) => each.name !== name || each.mark === curve.mark);
      const swatch = draw(head, "svg", { class: "scrub-mark", viewBox: "-4 -4 8 8", "aria-hidden": "true" });
      mark(swatch, alike ? curve : { ...curve, mark: "bar" });
      head.append(` ${name}`);
    });
    const body = add(grid, "tbody");
    const shared = panels.every((panel) => panel.measure === panels[0].measure);
    /** @type {[HTMLElement, Curve][]} */
    const cells = [];
    panels.forEach((panel) => {
      const row = add(body, "tr");
      const head = add(row, "th");
      head.scope = "row";
      head.textContent = [panel.title, shared ? "" : panel.measure].filter(Boolean).join(": ");
      curves.forEach((_, name) => {
        const cell = add(row, "td", "right");
        const curve = panel.curves.find((each) => each.name === name);
        if (curve) cells.push([cell, curve]);
      });
    });
    return (place) => {
      const measure = shared && panels[0].measure ? `: ${panels[0].measure}` : "";
      caption.textContent = `The lines at epoch ${epochs[place]}${measure}`;
      cells.forEach(([cell, curve]) => {
        cell.textContent = written(curve.value[place]);
      });
    };
  }

  /**
   * A value with four digits that count.
   * @param {number | null} value
   */
  function written(value) {
    if (value === null) return "none";
    const plain = value !== 0 && Math.abs(value) >= 0.001 && Math.abs(value) < 10000;
    return (plain ? value.toPrecision(4) : String(value)).replace("-", "\u2212");
  }

  /**
   * A curve's mark, at the origin, in the curve's colour: a circle for a solid line, a square for a broken one, a bar for both.
   * @param {SVGElement} parent
   * @param {{mark: "circle" | "square" | "bar", tone: string}} curve
   */
  function mark(parent, { mark: shape, tone }) {
    const [width, height] = shape === "bar" ? [8, 2.4] : [5.6, 5.6];
    const size = { x: -width / 2, y: -height / 2, width, height, rx: shape === "circle" ? 2.8 : 0 };
    const dot = draw(parent, "rect", { class: "scrub-dot", ...size });
    dot.style.fill = `var(--${tone}, var(--ink))`;
    return dot;
  }

  /**
   * A new element at the end of another.
   * @template {keyof HTMLElementTagNameMap} Name
   * @param {HTMLElement} parent
   * @param {Name} name
   * @param {string} [classes]
   * @returns {HTMLElementTagNameMap[Name]}
   */
  function add(parent, name, classes = "") {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    parent.append(element);
    return element;
  }

  /**
   * A new drawn element at the end of another.
   * @param {Element} parent
   * @param {string} name
   * @param {Record<string, string | number>} attributes
   * @returns {SVGElement}
   */
  function draw(parent, name, attributes) {
    const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, String(value)));
    parent.append(element);
    return element;
  }

  /**
   * What a button says, and what else is read out.
   * @param {HTMLElement} button
   * @param {string} text
   * @param {string} more
   */
  function retitle(button, text, more) {
    button.textContent = text;
    const rest = add(button, "span", "unseen");
    rest.textContent = ` ${more}`;
  }
})();
