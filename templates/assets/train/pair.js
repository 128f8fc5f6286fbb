// Two networks that learn side by side: the same weights to begin with, the same images in the same order.
//
// In: the images, a network's start, what each side is given. Out: InsideMNIST.train.Pair. Its work is done in pieces of
// some hundred thousand products, so that whoever runs it can stop for the screen after any of them.

/** @typedef {{treatment: {name: string, title: string, mean: number, std: number, tone: number, factors: {first?: number, last?: number}}, rate: number}} Side
 *  what one network is given */
/** @typedef {{name: string, title: string, batch: number, rate: number, rates: number[], layers: {name: string, inputs: number, units: number}[]}} Kind */
/** @typedef {{images: number, loss: number[], accuracy: number[]}} Score
 *  after so many images, of each side: the mean loss on the test images, and the share of them that it reads right */

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const SEED = 0; // of the order of the images
  const PIECE = 400_000; // products of two numbers between two looks at the clock, about
  const OFTEN = [[4, 1], [40, 4], [400, 20], [Infinity, 40]]; // until which step, so many steps apart, the test images are read
  const SHOWN = 300; // test images of which the last hidden layer is kept

  class Pair {
    /**
     * @param {Lesson} lesson
     * @param {Kind} kind
     * @param {Object<string, {weight: string, bias: string}>} begun
     * @param {Side[]} sides
     */
    constructor(lesson, kind, begun, sides) {
      this.lesson = lesson;
      this.batch = Math.min(kind.batch, lesson.train.count);
      this.sides = sides;
      /** @type {any[]} */
      this.networks = sides.map(({ treatment }) => new InsideMNIST.train.Network(kind.layers, begun, treatment));
      const lit = lesson.train.levels.length / lesson.train.count;
      const products = kind.layers.reduce((sum, { inputs, units }, at) => sum + (at ? inputs : lit) * units, 0);
      this.piece = Math.max(1, Math.round(PIECE / (3 * products))); // images: there, back, and to the gradients
      this.steps = 0;
      this.images = 0;
      /** @type {number[]} the mean training loss of the last step, read before it was taken */
      this.losses = [];
      /** @type {Score[]} */
      this.points = [];
      this.shown = Math.min(SHOWN, lesson.test.count);
      /** @type {Float64Array[]} (image, unit) of each side: the last hidden layer at the last reading */
      this.hidden = this.networks.map(({ hidden }) => new Float64Array(this.shown * hidden.length));
      this.random = InsideMNIST.train.chance(SEED);
      this.order = new Uint32Array(0);
      this.next = 0; // in the order
      this.work = this._work();
      this.isWhole = false; // whether both have taken as many steps
      this.until = 0; // steps after which the test images are read in any case
    }

    /** @returns {Score | undefined} the last */
    get last() {
      return this.points[this.points.length - 1];
    }

    /**
     * Does one piece of work.
     * @returns {boolean} whether a step has just been completed on both sides, with the reading that is due after it
     */
    advance() {
      this.isWhole = this.work.next().value === true;
      return this.isWhole;
    }

    /** What is yet to be done: yields after each piece, true where both sides stand still. */
    *_work() {
      yield* this._reading();
      yield true;
      for (;;) {
        yield* this._step();
        if (isRead(this.steps) || this.steps === this.until) yield* this._reading();
        yield true;
      }
    }

    /** A step of each network on the same images. */
    *_step() {
      if (this.next >= this.order.length) {
        this.order = InsideMNIST.train.shuffled(this.lesson.train.count, this.random);
        this.next = 0;
      }
      const batch = this.order.subarray(this.next, this.next + this.batch);
      const losses = [];
      for (const [side, network] of this.networks.entries()) {
        let loss = 0;
        for (let at = 0; at < batch.length; at += 1) {
          loss += network.learn(this.lesson.train, batch[at]);
          if ((at + 1) % this.piece === 0) yield false;
        }
        network.step(this.sides[side].rate, batch.length);
        losses.push(loss / batch.length);
        yield false;
      }
      this.losses = losses;
      this.next += batch.length;
      this.images += batch.length;
      this.steps += 1;
    }

    /** How both networks read the test images now: another point, unless there is one. */
    *_reading() {
      if (this.last?.images === this.images) return;
      const { test } = this.lesson;
      /** @type {Score} */
      const point = { images: this.images, loss: [], accuracy: [] };
      const kept = this.hidden.map((each) => new Float64Array(each.length));
      for (const [side, network] of this.networks.entries()) {
        let [loss, right] = [0, 0];
        for (let image = 0; image < test.count; image += 1) {
          loss += network.read(test, image);
          if (largest(network.logits) === test.labels[image]) right += 1;
          if (image < this.shown) kept[side].set(network.hidden, image * network.hidden.length);
          if ((image + 1) % (3 * this.piece) === 0) yield false;
        }
        point.loss.push(loss / test.count);
        point.accuracy.push(right / test.count);
      }
      this.points.push(point);
      this.hidden = kept;
    }
  }

  /** @param {number} steps @returns {boolean} whether the test images are read after so many: often at first */
  function isRead(steps) {
    const [, every] = /** @type {number[]} */ (OFTEN.find(([until]) => steps <= until));
    return steps % every === 0;
  }

  /** @param {Float64Array} values @returns {number} the place of the largest; -1 where one is no number */
  function largest(values) {
    let best = 0;
    for (let each = 0; each < values.length; each += 1) {
      if (Number.isNaN(values[each])) return -1;
      if (values[each] > values[best]) best = each;
    }
    return best;
  }

  Object.assign(InsideMNIST.train, { Pair });
})();
