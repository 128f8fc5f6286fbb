// What is seen of two networks that learn: curves, first-layer weights, maps, a sentence and a table.
//
// In: the trainer's places on the page, which may lack some, and two networks (pair.js). Out: InsideMNIST.train.views(), a
// list of things that draw themselves, of which the trainer asks one in a frame; and .sentence(pair).

/** @typedef {{before: Score[], reach: number, change: boolean}} How
 *  the points of the run before; images at the charts' right edge; whether pictures show the change since the start */
/** @typedef {{begin: (pair: any) => void, draw: (pair: any, how: How) => void}} View */

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const { train } = InsideMNIST;
  const COLUMNS = 8; // pictures of weights in a row
  const ROWS = 12; // of the table
  const ROOM = 1.15; // above the loss of guessing, in the chart of losses

  /**
   * @param {HTMLElement} host
   * @param {LessonSet} set
   * @param {string[]} sides
   * @returns {View[]}
   */
  function views(host, set, sides) {
    const charts = /** @type {HTMLElement} */ (host.querySelector("[data-charts]"));
    const canvases = (/** @type {string} */ name) => /** @type {HTMLCanvasElement[]} */ ([...host.querySelectorAll(`[data-${name}]`)]);
    const planes = canvases("plane").map((canvas, side) => plane(canvas, set, side));
    return [curves(charts, host, set, sides), pictures(host, canvases("weights"), set), ...planes];
  }

  /** @param {HTMLElement} charts @param {HTMLElement} host @param {LessonSet} set @param {string[]} sides @returns {View} */
  function curves(charts, host, set, sides) {
    const guess = Math.log(set.names.length);
    const most = ROOM * guess;
    const right = new train.Curves(charts, { title: "Test images read correctly", measure: "% right", sides, top: 1, marks: [0, 0.25, 0.5, 0.75, 1], told: share });
    const loss = new train.Curves(charts, { title: "Loss on test images", measure: "loss", sides, top: most, marks: steps(most), told: decimals });
    const words = /** @type {HTMLElement} */ (host.querySelector("[data-words]"));
    const body = host.querySelector("[data-numbers] tbody");
    const points = (/** @type {Score[]} */ all, /** @type {"accuracy" | "loss"} */ what) => all.map((each) => ({ images: each.images, values: each[what] }));
    /** @type {Score | undefined} the last that was told */
    let told;
    return {
      begin() {},
      draw(pair, { before, reach }) {
        right.draw(points(pair.points, "accuracy"), points(before, "accuracy"), reach);
        loss.draw(points(pair.points, "loss"), points(before, "loss"), reach);
        if (told === pair.last) return;
        told = pair.last;
        for (const [chart, what] of /** @type {[any, "accuracy" | "loss"][]} */ ([[right, "accuracy"], [loss, "loss"]])) {
          chart.tell(points(pair.points.slice(-1), what)[0]);
        }
        words.textContent = sentence(pair);
        body?.replaceChildren(...rows(pair.points));
      },
    };
  }

  /** @param {HTMLElement} host @param {HTMLCanvasElement[]} canvases one for each side @param {LessonSet} set @returns {View} */
  function pictures(host, canvases, set) {
    const still = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[data-still]")]);
    const made = canvases.map((canvas) => new train.Pictures(canvas, set.side, COLUMNS));
    return {
      begin(pair) {
        made.forEach((each, side) => each.begin(pair.networks[side]));
      },
      draw(pair, { change }) {
        const top = Math.max(...made.map((each, side) => each.top(pair.networks[side], change)));
        made.forEach((each, side) => each.paint(pair.networks[side], { change, top }));
        for (const each of still) each.hidden = !change || Boolean(pair.last?.images); // else the pictures are black
      },
    };
  }

  /** @param {HTMLCanvasElement} canvas @param {LessonSet} set @param {number} side @returns {View} */
  function plane(canvas, set, side) {
    const map = new train.Plane(canvas, set);
    let followed = -1;
    return {
      begin() {
        map.forget();
        followed = -1;
      },
      draw(pair) {
        if (!pair.last) return;
        if (pair.last.images !== followed) map.follow(pair.hidden[side], pair.networks[side].hidden.length);
        followed = pair.last.images;
        map.draw(pair.lesson.test.labels);
      },
    };
  }

  /** @param {any} pair @returns {string} how both read the test images now */
  function sentence(pair) {
    const { last } = pair;
    if (!last) return "";
    const count = train.grouped(pair.lesson.test.count);
    const [left, right] = last.accuracy.map((/** @type {number} */ each, /** @type {number} */ side) => (Number.isFinite(last.loss[side]) ? share(each) : ""));
    const when = last.images ? `After ${train.grouped(last.images)} images` : "Before any training";
    if (left && right) return `${when}, the left network reads ${left} of ${count} test images correctly, the right one ${right}.`;
    const lost = left ? "the right network has" : right ? "the left network has" : "both networks have";
    return `${when}, ${lost} lost all measure: the steps were too long.${left || right ? ` The other one reads ${left || right} of the test images correctly.` : ""}`;
  }

  /** @param {Score[]} points @returns {HTMLElement[]} rows of the table: some points, the last among them */
  function rows(points) {
    const apart = Math.ceil(points.length / ROWS);
    const chosen = points.filter((_, at) => (points.length - 1 - at) % apart === 0);
    return chosen.map(({ images, accuracy, loss }) => {
      const cells = [...accuracy.map(share), ...loss.map(decimals)].map((textContent) => InsideMNIST.element("td", { textContent }));
      return InsideMNIST.element("tr", {}, InsideMNIST.element("th", { scope: "row", textContent: train.grouped(images) }), ...cells);
    });
  }

  /** @param {number} most @returns {number[]} round numbers from nought up to it */
  function steps(most) {
    const apart = most > 2 ? 1 : 0.5;
    return Array.from({ length: Math.floor(most / apart) + 1 }, (_, at) => at * apart);
  }

  /** @param {number} value @returns {string} in per cent */
  function share(value) {
    return `${Math.round(100 * value)}\u202f%`;
  }

  /** @param {number} value @returns {string} */
  function decimals(value) {
    return Number.isFinite(value) ? value.toFixed(Number.isInteger(value) ? 0 : 2) : "\u2013";
  }

  Object.assign(train, { views, sentence });
})();
