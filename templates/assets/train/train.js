// The trainer: two networks learn side by side, and what they do is seen while they do it.
//
// In: <div data-train> on the page with what there is to choose, the other scripts of this folder. Out: the trainer. Nothing
// moves before the reader starts it. Work is done in frames, a few milliseconds of each, and one thing is drawn in a frame.

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const { train } = InsideMNIST;
  const SIDES = ["left", "right"];
  const RUN = /** @type {const} */ (["left", "right", "network", "steps"]); // what makes it another run
  const WORK = 7; // milliseconds of a frame in which networks learn
  const PACE = /** @type {Object<string, number>} */ ({ slow: 4, steady: 50, fast: Infinity }); // steps in a second
  const CALM = 1500; // milliseconds between two drawings for who asks for less motion
  const TELL = 10_000; // and between two sentences to a screen reader
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  class Trainer {
    /** @param {HTMLElement} host */
    constructor(host) {
      this.host = host;
      /** @type {Told} */
      this.told = JSON.parse(host.dataset.told ?? "");
      this.choices = train.choices(this.told);
      /** @type {Chosen} */
      this.chosen = this.choices.read();
      /** @type {any} the two networks; null until their images are there */
      this.pair = null;
      /** @type {Promise<void> | null} while these are fetched for the first time */
      this.opening = null;
      /** @type {Score[]} those of the run before */
      this.before = [];
      this.isRunning = false;
      this.isStepping = false; // one step at a time, each at once
      this.until = 0; // steps
      this.span = this.told.span; // steps until the networks rest, and more each time they go on
      this.reach = this.span;
      this.frame = 0;
      this.turn = 0; // which thing is drawn next
      this.left = 0; // things that are yet to be drawn
      this.owed = 0; // steps that the pace allows
      this.then = 0;
      this.drawn = 0;
      this.said = 0;
      this.controls = new train.Controls(host, this.told, {
        start: () => (this.isRunning ? this.stop() : this.start()),
        one: () => this.step(),
        anew: () => this.choose({ steps: 0 }),
        choose: (/** @type {Partial<Chosen>} */ part) => this.choose(part),
      });
      /** @type {View[]} */
      this.views = [];
      this.controls.sync(this.chosen, false);
      InsideMNIST.state.onchange(() => {
        const before = this.chosen;
        this.chosen = this.choices.read();
        this.controls.sync(this.chosen, this.isRunning);
        const isOther = RUN.some((key) => this.chosen[key] !== before[key]);
        if (isOther && (this.pair || this.chosen.steps)) this.open();
        else this._draw();
      });
      for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("li a[data-state]"))) {
        InsideMNIST.leads(link, host);
      }
      const again = () => this._draw();
      new ResizeObserver(again).observe(host);
      new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    }

    /** Fetches the images and the weights to begin with, where they are not there yet. */
    async open() {
      const kind = this.choices.network(this.chosen);
      this.host.setAttribute("aria-busy", "true");
      try {
        const [lesson] = await Promise.all([train.images(), weights(kind.name)]);
        if (!this.pair) {
          this.views = train.views(this.host, lesson.set, SIDES);
          this.lesson = lesson;
        }
        this.begin();
        this.host.dataset.ready = "";
      } catch (error) {
        const told = `The images could not be read: ${/** @type {Error} */ (error).message}. The rest of the page is not affected.`;
        this.controls.say(told);
        this.controls.show(told);
      }
      this.host.removeAttribute("aria-busy");
    }

    /** @returns {Promise<boolean>} whether the networks are there, fetched where they were not */
    async isThere() {
      if (!this.pair) await (this.opening ??= this.open());
      this.opening = null;
      return this.pair !== null;
    }

    /** Both networks from the start, with what is chosen; they go on to where the address says. */
    begin() {
      const kind = this.choices.network(this.chosen);
      if (this.pair?.points.length > 2) this.before = this.pair.points;
      this.pair = new train.Pair(this.lesson, kind, InsideMNIST.data[`train-${kind.name}`], this.choices.sides(this.chosen));
      for (const view of this.views) view.begin(this.pair);
      this.reach = Math.max(this.span, this.span * Math.ceil(this.chosen.steps / this.span));
      this.isRunning = false;
      this._go(this.chosen.steps);
    }

    /** @param {Partial<Chosen>} part what the reader changed; other networks begin anew, and go on if they were going */
    async choose(part) {
      const wasRunning = this.isRunning;
      const isOther = RUN.some((key) => key in part);
      this.chosen = { ...this.chosen, ...(isOther ? { steps: 0 } : {}), ...part };
      this.choices.write(this.chosen, isOther);
      this.chosen = this.choices.read();
      this.controls.sync(this.chosen, this.isRunning);
      if (!this.pair) return;
      if (!isOther) return this._draw();
      if ("network" in part) await this.open();
      else this.begin();
      if (wasRunning) this.start();
    }

    /** Lets the networks go on until they next rest. */
    async start() {
      if (await this.isThere()) this._run(this.span * (Math.floor(this._place() / this.span) + 1), false);
    }

    /** Lets them take one step more than the reader has asked for; those that went on by themselves, their last. */
    async step() {
      if (await this.isThere()) this._run((this.isStepping ? this.until : this._place()) + 1, true);
    }

    /** @param {number} steps after so many the networks rest, or after the most that they may take @param {boolean} isStepping */
    _run(steps, isStepping) {
      const until = Math.min(steps, train.most(this.told));
      this.isRunning = true;
      this.isStepping = isStepping;
      this.owed = 0;
      this.then = performance.now();
      this.said = this.then;
      this._go(until);
    }

    /** Lets the networks finish the step that they are at. */
    stop() {
      const { pair } = this;
      this.until = pair.until = pair.isWhole && pair.last.images === pair.images ? pair.steps : pair.steps + 1;
      this.owed = Math.max(this.owed, 1);
    }

    /** @param {number} until */
    _go(until) {
      this.until = this.pair.until = until;
      this.reach = Math.max(this.reach, this.span * Math.ceil(until / this.span));
      this.controls.sync(this.chosen, this.isRunning);
      this._draw();
    }

    /** @returns {number} the steps that the networks have taken, or are yet to take as the address says */
    _place() {
      return Math.max(this.pair?.steps ?? 0, this.chosen.steps);
    }

    /** Has everything drawn, in the frames to come. */
    _draw() {
      this.left = this.views.length;
      if (!this.frame && this.pair) this.frame = requestAnimationFrame((now) => this._frame(now));
    }

    /** @param {number} now */
    _frame(now) {
      const begun = performance.now();
      const { pair } = this;
      const hasArrived = pair.steps >= this.chosen.steps; // the address says so many
      const isPaced = this.isRunning && hasArrived && !this.isStepping;
      const pace = isPaced ? PACE[this.chosen.speed] : Infinity;
      this.owed = Math.min(this.owed + (Math.max(1, now - this.then) / 1000) * pace, Math.max(1, pace / 10));
      this.then = now;
      const isDone = () => pair.isWhole && pair.steps >= this.until;
      const hadSteps = pair.steps;
      while (!isDone() && !(pair.isWhole && this.owed < 1) && performance.now() - begun < WORK) {
        if (pair.isWhole) this.owed -= 1;
        pair.advance();
      }
      if (pair.steps > hadSteps || !pair.isWhole) this.left = this.views.length;
      if (!(this.isRunning && hasArrived) && !isDone()) {
        this.controls.show(`Going to where this page\u2019s address says: step ${pair.steps} of ${this.chosen.steps}.`);
      } else if (this.left && this._isTime(begun)) {
        this.views[this.turn].draw(pair, { before: this.before, reach: this.reach * pair.batch, change: this.chosen.show === "change" });
        this.turn = (this.turn + 1) % this.views.length;
        this.left -= 1;
        if (!this.turn) this.drawn = begun;
      }
      if (isDone()) this._rest();
      else if (begun - this.said > TELL) this._say(begun);
      this.frame = isDone() && !this.left ? 0 : requestAnimationFrame((next) => this._frame(next));
    }

    /** @param {number} now @returns {boolean} whether to draw */
    _isTime(now) {
      return !calm.matches || !this.isRunning || this.turn > 0 || now - this.drawn > CALM;
    }

    /** What is to be done once both stand still. */
    _rest() {
      if (this.isRunning) {
        this.isRunning = false;
        this.chosen.steps = this.pair.steps;
        this.choices.write(this.chosen, false);
        this._say(performance.now());
        this._draw();
      }
      this.controls.sync(this.chosen, false);
    }

    /** @param {number} now */
    _say(now) {
      this.said = now;
      this.controls.say(train.sentence(this.pair));
    }
  }

  /** @param {string} name of a network @returns {Promise<void>} its weights are there, in InsideMNIST.data */
  function weights(name) {
    return InsideMNIST.data?.[`train-${name}`] ? Promise.resolve() : InsideMNIST.fetched(`data/train-${name}.js`);
  }

  const host = /** @type {HTMLElement | null} */ (document.querySelector("[data-train]"));
  if (host) {
    const trainer = new Trainer(host);
    if (!("later" in host.dataset) || trainer.chosen.steps) trainer.isThere();
  }
})();
