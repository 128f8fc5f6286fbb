// What a network answers: a class, the probabilities and logits of all, what changed, and the saliency of its answer.
//
// In: the element of one network's answer and readings of the network. Out: the element shows them; only what
// differs from what it shows is touched, so that drawing stays smooth.

/** @typedef {{digit: number, reading: Reading}} Answer a network's reading and the class it names */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { number, share } = InsideMNIST.words;
  const CHANGED = 0.05; // of a logit, from where on it counts as changed

  /**
   * @param {HTMLElement} element
   * @param {{names: string[], onsaliency: (shown: boolean) => void}} calls names: of the classes
   */
  function makeAnswer(element, { names, onsaliency }) {
    const says = part("[data-says]");
    const sure = part("[data-sure]");
    const button = part("[data-saliency]");
    const canvas = /** @type {HTMLCanvasElement} */ (part("[data-saliency-map]"));
    const rows = [...element.querySelectorAll("tbody tr")].map(makeRow);
    button.addEventListener("click", () => onsaliency(button.getAttribute("aria-pressed") !== "true"));

    /** @param {string} selector @returns {HTMLElement} */
    function part(selector) {
      return /** @type {HTMLElement} */ (element.querySelector(selector));
    }

    /**
     * @param {Answer | null} answer null where nothing is drawn
     * @param {Answer | null} before what it is compared with
     */
    function show(answer, before) {
      write(says, answer ? names[answer.digit] : "\u2013");
      write(sure, answer ? surety(answer, before, names) : "nothing drawn");
      element.classList.toggle("is-changed", Boolean(answer && before && answer.digit !== before.digit));
      rows.forEach((row, digit) => row(digit, answer, before));
    }

    /**
     * @param {boolean} on whether the reader wants it
     * @param {Uint8Array | null} levels (side * side,), the image
     * @param {(() => Float32Array) | null} gradient of the answer's logit, worked out only where it is shown
     */
    function showSaliency(on, levels, gradient) {
      button.setAttribute("aria-pressed", String(on));
      canvas.hidden = !(on && levels && gradient);
      if (on && levels && gradient) InsideMNIST.paint.saliency(canvas, levels, gradient());
    }

    return { show, showSaliency };
  }

  /** @param {Answer} answer @param {Answer | null} before @param {string[]} names */
  function surety(answer, before, names) {
    const sure = share(answer.reading.probabilities[answer.digit]);
    return before && before.digit !== answer.digit ? `${sure}, was ${names[before.digit]}` : sure;
  }

  /** @param {Element} row of a table: bar, probability, logit of one class */
  function makeRow(row) {
    const fill = /** @type {HTMLElement} */ (row.querySelector(".lab-fill"));
    const tick = /** @type {HTMLElement} */ (row.querySelector(".lab-tick"));
    const probability = /** @type {HTMLElement} */ (row.querySelector("[data-probability]"));
    const logit = /** @type {HTMLElement} */ (row.querySelector("[data-logit]"));
    /** @type {(digit: number, answer: Answer | null, before: Answer | null) => void} */
    return (digit, answer, before) => {
      const now = answer ? answer.reading.probabilities[digit] : 0;
      const then = answer && before ? before.reading.probabilities[digit] : now;
      row.classList.toggle("is-said", answer?.digit === digit);
      fill.style.transform = `scaleX(${now.toFixed(4)})`;
      tick.hidden = Math.abs(now - then) < 0.005;
      tick.style.left = `${(100 * then).toFixed(1)}%`;
      write(probability, answer ? share(now) : "\u2013");
      const turned = answer && before ? answer.reading.logits[digit] - before.reading.logits[digit] : 0;
      write(logit, answer ? `${number(answer.reading.logits[digit], 1)}${arrow(turned)}` : "\u2013");
    };
  }

  /** @param {number} change @returns {string} */
  function arrow(change) {
    if (Math.abs(change) < CHANGED) return "\u2007";
    return change > 0 ? "\u2191" : "\u2193";
  }

  /** @param {HTMLElement} element @param {string} text */
  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  InsideMNIST.makeAnswer = makeAnswer;
})();
