// What a network answers: a class, by how much, the logits and probabilities of all, what changed, and the saliency.
//
// In: the element of one network's answer and readings of the network. Out: the element shows them; only what
// differs from what it shows is touched, so that drawing stays smooth.

/** @typedef {{digit: number, reading: Reading}} Answer a network's reading and the class it names */
/** @typedef {{low: number, high: number}} Span of the logits' axis, which all networks share */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { number, share, percent } = InsideMNIST.words;
  const CHANGED = 0.05; // of a logit, from where on it counts as changed
  const STEP = 5; // the axis grows by so many, so that it seldom does

  /**
   * @param {HTMLElement} element
   * @param {{names: string[], onsaliency: (shown: boolean) => void, onwhy: (logit: number | null) => void}} calls
   *     names: of the classes; onwhy: the reader asks for the arithmetic of a logit, null: of the answer's
   */
  function makeAnswer(element, { names, onsaliency, onwhy }) {
    const says = part("[data-says]");
    const sure = part("[data-sure]");
    const button = part("[data-saliency]");
    const canvas = /** @type {HTMLCanvasElement} */ (part("[data-saliency-map]"));
    const saliencyOf = part("[data-saliency-of]");
    let of = ""; // the answer whose logit the saliency is of
    const lines = [...element.querySelectorAll("tbody tr")];
    const rows = lines.map(makeRow);
    lines.forEach((line, logit) => line.addEventListener("click", () => onwhy(logit)));
    part("[data-why]").addEventListener("click", () => onwhy(null));
    button.addEventListener("click", () => onsaliency(button.getAttribute("aria-pressed") !== "true"));

    /** @param {string} selector @returns {HTMLElement} */
    function part(selector) {
      return /** @type {HTMLElement} */ (element.querySelector(selector));
    }

    /**
     * @param {Answer | null} answer null where nothing is drawn
     * @param {Answer | null} before what it is compared with
     * @param {Span} span
     */
    function show(answer, before, span) {
      of = answer ? names[answer.digit] : "\u2013";
      write(says, of);
      write(sure, answer ? surety(answer, before, names) : "nothing drawn");
      element.classList.toggle("is-changed", Boolean(answer && before && answer.digit !== before.digit));
      rows.forEach((row, digit) => row(digit, answer, before, span));
    }

    /** @param {(number | undefined)[]} logits whose arithmetic is shown */
    function mark(logits) {
      lines.forEach((line, place) => line.classList.toggle("is-looked", logits.includes(place)));
      part("[data-why]").setAttribute("aria-pressed", String(logits.length > 0));
    }

    /**
     * @param {boolean} on whether the reader wants it
     * @param {Uint8Array | null} levels (side * side,), the image
     * @param {(() => Float32Array) | null} gradient of the answer's logit, worked out only where it is shown
     */
    function showSaliency(on, levels, gradient) {
      button.setAttribute("aria-pressed", String(on));
      canvas.hidden = saliencyOf.hidden = !(on && levels && gradient);
      write(saliencyOf, `Of the logit of ${InsideMNIST.words.called(of)}`);
      if (on && levels && gradient) InsideMNIST.paint.saliency(canvas, levels, gradient());
    }

    return { show, showSaliency, mark };
  }

  /** @param {Answer} answer @param {Answer | null} before @param {string[]} names */
  function surety(answer, before, names) {
    const { logits, probabilities } = answer.reading;
    const second = runnerUp(logits, answer.digit);
    const ahead = `by ${lead(logits[answer.digit] - logits[second])} over ${names[second]}`;
    const was = before && before.digit !== answer.digit ? `, was ${names[before.digit]}` : "";
    return `${ahead}\n${share(probabilities[answer.digit])}${was}`;
  }

  /** @param {number} margin @returns {string} with two decimals where one would be 0.0 */
  function lead(margin) {
    return margin >= 0.005 && margin < 0.05 ? number(margin, 2) : margin < 0.005 && margin > 0 ? "<\u202f0.01" : number(margin, 1);
  }

  /** @param {Float32Array} logits @param {number} digit @returns {number} the largest but for this one */
  function runnerUp(logits, digit) {
    let best = digit === 0 ? 1 : 0;
    logits.forEach((logit, place) => {
      if (place !== digit && logit > logits[best]) best = place;
    });
    return best;
  }

  /** @param {Float32Array} logits @returns {number} the place of the largest */
  function answerOf(logits) {
    return logits.reduce((best, value, place) => (value > logits[best] ? place : best), 0);
  }

  /** @param {Float32Array} logits @param {number} digit @returns {number} how far it is above the largest other one */
  function margin(logits, digit) {
    return logits[digit] - logits[runnerUp(logits, digit)];
  }

  /** @param {Iterable<Answer>} answers @returns {Span} in whole steps around all of their logits, and zero */
  function spanOf(answers) {
    let [low, high] = [-STEP, STEP];
    for (const { reading } of answers) {
      low = Math.min(low, STEP * Math.floor(Math.min(...reading.logits) / STEP));
      high = Math.max(high, STEP * Math.ceil(Math.max(...reading.logits) / STEP));
    }
    return { low, high };
  }

  /** @param {Element} row of a table: bar, logit, probability of one class */
  function makeRow(row) {
    const fill = /** @type {HTMLElement} */ (row.querySelector(".lab-fill"));
    const zero = /** @type {HTMLElement} */ (row.querySelector(".lab-zero"));
    const tick = /** @type {HTMLElement} */ (row.querySelector(".lab-tick"));
    const probability = /** @type {HTMLElement} */ (row.querySelector("[data-probability]"));
    const logit = /** @type {HTMLElement} */ (row.querySelector("[data-logit]"));
    /** @type {(digit: number, answer: Answer | null, before: Answer | null, span: Span) => void} */
    return (digit, answer, before, { low, high }) => {
      const now = answer ? answer.reading.logits[digit] : 0;
      const then = answer && before ? before.reading.logits[digit] : now;
      const place = (/** @type {number} */ value) => (value - low) / (high - low);
      row.classList.toggle("is-said", answer?.digit === digit);
      const start = (100 * Math.min(place(now), place(0))).toFixed(2);
      fill.style.transform = `translateX(${start}%) scaleX(${Math.abs(place(now) - place(0)).toFixed(4)})`;
      zero.style.left = `${(100 * place(0)).toFixed(2)}%`;
      tick.hidden = Math.abs(now - then) < CHANGED;
      tick.style.left = `${(100 * Math.min(Math.max(place(then), 0), 1)).toFixed(1)}%`;
      write(logit, answer ? number(now, 1) : "\u2013");
      write(probability, answer ? percent(answer.reading.probabilities[digit]) : "\u2013");
    };
  }

  /** @param {HTMLElement} element @param {string} text */
  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  Object.assign(InsideMNIST, { makeAnswer, spanOf, margin, answerOf, runnerUp, lead });
})();
