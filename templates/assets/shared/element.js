// Elements of a page, made in one call.

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

  InsideMNIST.element = element;
})();
