// The trainer's menus and buttons, and what a screen reader hears.
//
// In: the trainer's element, what there is to choose, what is to be done when the reader asks for it. Out: `sync`, which
// shows what is chosen, `say` and `show`.

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const { element, train } = InsideMNIST;

  class Controls {
    /**
     * @param {HTMLElement} host
     * @param {Told} told
     * @param {{start: () => void, one: () => void, anew: () => void, choose: (part: Partial<Chosen>) => void}} deeds
     */
    constructor(host, told, { start, one, anew, choose }) {
      this.host = host;
      this.told = told;
      const at = (/** @type {string} */ name) => /** @type {any} */ (host.querySelector(`[data-${name}]`));
      this.live = at("live");
      this.words = at("words");
      this.button = at("start");
      this.menus = { network: at("network"), speed: at("speed"), show: at("show") };
      this.button.addEventListener("click", start);
      this.one = at("one");
      this.one.addEventListener("click", one);
      at("anew").addEventListener("click", anew);
      for (const [key, menu] of Object.entries(this.menus)) menu?.addEventListener("change", () => choose({ [key]: menu.value }));
      this.sides = /** @type {const} */ (["left", "right"]).map((side) => {
        const box = at(`side="${side}"`);
        const [treatment, rate, does] = ["treatment", "rate", "does"].map((name) => box.querySelector(`[data-${name}]`));
        treatment.replaceChildren(...told.treatments.map(({ name, title }) => element("option", { value: name, textContent: title })));
        box.addEventListener("change", () => choose({ [side]: `${treatment.value}@${rate.value}` }));
        return { side, treatment, rate, does };
      });
      this.presets = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[data-preset]")]);
      this.presets.forEach((button, place) => {
        const { left, right } = told.presets[place];
        button.addEventListener("click", () => choose({ left: left.join("@"), right: right.join("@"), network: told.networks[0].name }));
      });
    }

    /** @param {Chosen} chosen @param {boolean} isRunning */
    sync(chosen, isRunning) {
      const kind = /** @type {Kind} */ (this.told.networks.find(({ name }) => name === chosen.network));
      for (const { side, treatment, rate, does } of this.sides) {
        const [name, value] = chosen[side].split("@");
        const found = /** @type {Side["treatment"]} */ (this.told.treatments.find((each) => each.name === name));
        if (rate.dataset.kind !== kind.name) {
          rate.dataset.kind = kind.name;
          rate.replaceChildren(...kind.rates.map((each) => element("option", { value: String(each), textContent: String(each) })));
        }
        treatment.value = name;
        rate.value = value;
        does.textContent = train.deeds(found);
        this.host.style.setProperty(`--tone-${side}`, `var(--treatment-${found.tone})`);
      }
      for (const [key, menu] of Object.entries(this.menus)) if (menu) menu.value = chosen[/** @type {"speed"} */ (key)];
      const isEnd = !isRunning && chosen.steps >= train.most(this.told);
      for (const button of [this.button, this.one]) button.setAttribute("aria-disabled", String(isEnd)); // not disabled: it keeps the focus
      const goOn = isEnd ? "As far as they go" : `Go on${chosen.steps % this.told.span ? "" : " as far again"}`;
      const text = isRunning ? "Pause" : chosen.steps ? goOn : "Start";
      if (this.button.textContent !== text) this.button.textContent = text;
      this.presets.forEach((button, place) => {
        const { left, right } = this.told.presets[place];
        button.setAttribute("aria-pressed", String(chosen.left === left.join("@") && chosen.right === right.join("@")));
      });
    }

    /** @param {string} text for a screen reader */
    say(text) {
      this.live.textContent = text;
    }

    /** @param {string} text for the place where the page says how both stand */
    show(text) {
      if (this.words.textContent !== text) this.words.textContent = text;
    }
  }

  Object.assign(train, { Controls });
})();
