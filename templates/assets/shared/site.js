// What scripts add to a page that is complete without them: the button that switches between light and dark, and
// glossary terms that open in place.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme-toggle";
  const tell = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch (refused) {
      // Without storage the choice lasts for this page only.
    }
  });
  system.addEventListener("change", tell);
  tell();
  document.querySelector("[data-tools]")?.append(button);

  // A term's definition stands at the end of the page. It opens beside the term while that is pointed at or has the
  // focus, and stays while the pointer is on it; a finger opens it with the first tap, and follows the link with the
  // second. Escape closes it.
  const LATER = 150; // milliseconds, so that a pointer passing by opens nothing
  const EDGE = 8; // pixels between a definition and its term, and the edge of the window
  /** @type {{note: HTMLElement, term: Element} | null} */
  let open = null;
  /** @type {number | undefined} */
  let waiting;

  /** @param {Element} term @returns {HTMLElement | null} */
  function noteOf(term) {
    return document.getElementById(`term-${term.getAttribute("data-term")}`);
  }

  /** @param {Element} term */
  function show(term) {
    clearTimeout(waiting);
    const note = noteOf(term);
    if (!note || !note.showPopover || (open && open.note === note && open.term === term)) return;
    hide();
    note.showPopover();
    open = { note, term };
    const at = term.getClientRects()[0] || term.getBoundingClientRect();
    const width = note.offsetWidth;
    const height = note.offsetHeight;
    const below = at.bottom + EDGE + height <= innerHeight || at.top < height + EDGE;
    note.style.left = `${Math.max(EDGE, Math.min(at.left, document.documentElement.clientWidth - width - EDGE))}px`;
    const top = below ? at.bottom + EDGE : at.top - EDGE - height;
    note.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - EDGE - height))}px`;
  }

  function hide() {
    clearTimeout(waiting);
    if (open && open.note.isConnected) open.note.hidePopover();
    open = null;
  }

  /** @param {() => void} act */
  function soon(act) {
    clearTimeout(waiting);
    waiting = setTimeout(act, LATER);
  }

  for (const term of document.querySelectorAll("a[data-term]")) {
    const note = noteOf(term);
    if (!note || !note.showPopover) continue;
    term.setAttribute("aria-describedby", note.id);
    let touched = false;
    term.addEventListener("pointerdown", (event) => {
      touched = /** @type {PointerEvent} */ (event).pointerType === "touch" && (!open || open.term !== term);
    });
    term.addEventListener("click", (event) => {
      if (touched) {
        event.preventDefault();
        show(term);
      }
      touched = false;
    });
    term.addEventListener("pointerenter", (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType !== "touch") soon(() => show(term));
    });
    term.addEventListener("pointerleave", (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType !== "touch") soon(hide);
    });
    term.addEventListener("focus", () => {
      if (!touched && term.matches(":focus-visible")) show(term);
    });
    term.addEventListener("blur", () => soon(hide));
  }
  for (const note of document.querySelectorAll(".definition")) {
    note.addEventListener("pointerenter", () => clearTimeout(waiting));
    note.addEventListener("pointerleave", () => soon(hide));
    note.addEventListener("focusin", () => clearTimeout(waiting));
    note.addEventListener("focusout", () => soon(hide));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("pointerdown", (event) => {
    const on = /** @type {Element | null} */ (event.target);
    if (open && on && !open.note.contains(on) && !open.term.contains(on)) hide();
  });
})();
