// The lab's smaller parts: the shelf of test digits, the list of changed units, and the unit that is chosen.
//
// In: their elements and what to call when the reader uses them. Out: they show what they are told.

/** @typedef {{index: number, label: number, pixels: string, says: number[]}} ShelfDigit */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const words = InsideMNIST.words;

  /**
   * Makes every digit of the shelf a button.
   * @param {HTMLElement} element
   * @param {(index: number) => void} onpick
   */
  function makeShelf(element, onpick) {
    const buttons = [...element.querySelectorAll("[data-digit]")].map((item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "lab-pick";
      button.dataset.digit = /** @type {HTMLElement} */ (item).dataset.digit;
      button.append(...item.childNodes);
      button.addEventListener("click", () => onpick(Number(button.dataset.digit)));
      item.append(button);
      return button;
    });
    return {
      /** @param {number | null} index the digit that is on the board */
      mark(index) {
        for (const button of buttons) {
          if (Number(button.dataset.digit) === index) button.setAttribute("aria-current", "true");
          else button.removeAttribute("aria-current");
        }
      },
    };
  }

  /**
   * The list of units that are switched off or scaled; each can be set right again, or all.
   * @param {HTMLElement} element
   * @param {{onreset: (unit: Unit | null) => void}} calls null: all
   */
  function makeChanges(element, { onreset }) {
    const list = /** @type {HTMLElement} */ (element.querySelector("[data-changes]"));
    const none = /** @type {HTMLElement} */ (element.querySelector("[data-changes-none]"));
    const reset = /** @type {HTMLElement} */ (element.querySelector("[data-reset]"));
    reset.addEventListener("click", () => onreset(null));

    /** @param {{unit: Unit, scale: number}} change */
    function item({ unit, scale }) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "lab-button lab-change";
      button.dataset.condition = unit.condition;
      const mark = document.createElement("span");
      mark.className = "lab-mark";
      const back = document.createElement("span");
      back.className = "unseen";
      back.textContent = "; set it right again";
      const cross = document.createElement("span");
      cross.setAttribute("aria-hidden", "true");
      cross.textContent = " \u00d7";
      button.append(mark, `${words.capital(words.fullName(unit))}: ${words.scaleWords(scale)}`, back, cross);
      button.addEventListener("click", () => onreset(unit));
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }

    let shown = ""; // the list is rebuilt only where it differs, so that focus stays where it is
    return {
      /** @param {{unit: Unit, scale: number}[]} changes @param {string} text the same as text */
      show(changes, text) {
        if (text === shown) return;
        shown = text;
        none.hidden = changes.length > 0;
        reset.hidden = changes.length === 0;
        list.replaceChildren(...changes.map(item));
      },
    };
  }

  /**
   * The unit that was clicked or reached by key, with a slider for its scale.
   * @param {HTMLElement} element
   * @param {{portraits: string | null, onscale: (unit: Unit, scale: number) => void, ondone: () => void}} calls
   *     portraits: the folder of the pages of units, where there are such pages
   */
  function makeChosen(element, { portraits, onscale, ondone }) {
    const name = /** @type {HTMLElement} */ (element.querySelector("[data-chosen-name]"));
    const scaling = /** @type {HTMLElement} */ (element.querySelector("[data-chosen-scale]"));
    const label = /** @type {HTMLElement} */ (element.querySelector("[data-chosen-label]"));
    const range = /** @type {HTMLInputElement} */ (element.querySelector("input"));
    const told = /** @type {HTMLElement} */ (element.querySelector("[data-chosen-words]"));
    const turn = /** @type {HTMLElement} */ (element.querySelector("[data-chosen-switch]"));
    const link = /** @type {HTMLAnchorElement | null} */ (element.querySelector("[data-chosen-link]"));
    /** @type {Unit | null} */
    let chosen = null;
    range.addEventListener("input", () => chosen && onscale(chosen, Number(range.value)));
    range.addEventListener("change", () => ondone());
    turn.addEventListener("click", () => {
      if (!chosen) return;
      onscale(chosen, Number(range.value) === 0 ? 1 : 0);
      ondone();
    });

    /** @param {number} scale of the chosen unit */
    function showScale(scale) {
      range.value = String(scale);
      range.setAttribute("aria-valuetext", words.scaleWords(scale));
      told.textContent = words.scaleWords(scale);
      turn.textContent = scale === 0 ? "Switch on" : "Switch off";
    }

    return {
      unit: () => chosen,
      /** @param {Unit} unit @param {number} scale */
      choose(unit, scale) {
        chosen = unit;
        element.dataset.condition = unit.condition;
        name.textContent = words.capital(words.fullName(unit));
        label.textContent = `Scale of ${words.unitName(unit)}`;
        scaling.hidden = turn.hidden = false;
        if (!link || portraits === null) return showScale(scale);
        link.hidden = false;
        link.href = `${portraits}${unit.condition}.html#${unit.layer}-${unit.unit}`;
        showScale(scale);
      },
      showScale,
    };
  }

  Object.assign(InsideMNIST, { makeShelf, makeChanges, makeChosen });
})();
