// The lab's smaller parts: the shelf of test digits, the list of changed units, and a line where there is no network.
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

    /** @param {Change} change */
    function item({ unit, setting }) {
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
      button.append(mark, `${words.capital(words.fullName(unit))}: ${words.scaleWords(setting)}`, back, cross);
      button.addEventListener("click", () => onreset(unit));
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }

    let shown = ""; // the list is rebuilt only where it differs, so that focus stays where it is
    return {
      /** @param {Change[]} changes @param {string} text the same as text */
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
   * Where the panels of a network would be, one line says why they are not.
   * @param {HTMLElement} element
   * @param {string} name
   * @param {string} why
   */
  function excuse(element, name, why) {
    for (const panel of element.querySelectorAll(`[data-answer="${name}"], [data-network="${name}"]`)) {
      const title = panel.querySelector(".lab-name");
      const line = document.createElement("p");
      line.className = "lab-note";
      line.textContent = why;
      panel.replaceChildren(...(title ? [title] : []), line);
    }
  }

  Object.assign(InsideMNIST, { makeShelf, makeChanges, excuse });
})();
