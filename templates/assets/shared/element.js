// Elements of a page, made in one call, and brought into sight.

window.InsideMNIST ??= {};

(function () {
  "use strict";

  /**
   * @param {string} tag
   * @param {Object<string, any>} [properties] of the element; "aria-…" and "data-…" become attributes
   * @param {(Node | string)[]} children
   * @returns {any}
   */
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (/-|^(role|for)$/.test(name)) made.setAttribute(name, value);
      else Object.assign(made, { [name]: value });
    }
    made.append(...children);
    return made;
  }

  /**
   * Scrolls no further than an element needs to be seen; of one that is taller than the window, its beginning.
   * The page's style says whether that moves smoothly.
   * @param {Element} shown
   */
  function bring(shown) {
    const { top, bottom, height } = shown.getBoundingClientRect();
    const isSeen = height <= innerHeight ? top >= 0 && bottom <= innerHeight : top >= 0 && top < innerHeight / 2;
    if (!isSeen) shown.scrollIntoView({ block: height <= innerHeight ? "nearest" : "start" });
  }

  /**
   * A link with a state in `data-state` takes it along as soon as a reader takes hold of it: it is a state for scripts, and
   * no place on the page that the link names.
   * @param {Event} event
   */
  function takeAlong(event) {
    const link = event.target instanceof Element ? event.target.closest("a[data-state]") : null;
    if (link instanceof HTMLAnchorElement && link.dataset.state) link.hash = link.dataset.state;
  }
  for (const held of ["pointerdown", "focusin", "click"]) document.addEventListener(held, takeAlong, true); // before the link's own

  /**
   * Has such a link to this page bring what it sets up into sight. Only when the address has changed: that ends a smooth
   * scroll.
   * @param {HTMLAnchorElement} link
   * @param {Element} shown what it sets up
   */
  function leads(link, shown) {
    link.addEventListener("click", ({ ctrlKey, metaKey, shiftKey }) => {
      if (ctrlKey || metaKey || shiftKey) return; // opens elsewhere
      if (link.hash === location.hash) bring(shown);
      else addEventListener("hashchange", () => bring(shown), { once: true });
    });
  }

  Object.assign(InsideMNIST, { element, bring, leads });
})();
