// Search over the site: a button in the masthead, and the window that it opens.
//
// In: what find.js finds in data/search.js, which is loaded when the search is first opened. Out: a link to each place.
// The "/" key opens the window too, unless the reader switched that off; arrows go through the links, Escape closes.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { element, find } = InsideMNIST;
  const TOP = new URL("../../", /** @type {HTMLScriptElement} */ (document.currentScript).src);
  const SHOWN = 20; // places at a time
  const HINT = "A word or its beginning, or a question.";

  /** @returns {Promise<Place[]>} by way of a script: pages opened from a file may load nothing else */
  function load() {
    return new Promise((done, failed) => {
      const script = element("script", { src: new URL("data/search.js", TOP).href });
      script.addEventListener("load", () => done(find.placesOf(InsideMNIST.data.search)));
      script.addEventListener("error", failed);
      document.head.append(script);
    });
  }

  /** Whether the "/" key opens the search; a reader who speaks to the machine may not want it to. */
  const key = {
    get isOn() {
      try {
        return localStorage.getItem("search-key") !== "off";
      } catch (refused) {
        return true;
      }
    },
    set isOn(on) {
      try {
        localStorage.setItem("search-key", on ? "on" : "off");
      } catch (refused) {
        // Without storage it stays as it is.
      }
    },
  };

  const input = element("input", { type: "search", id: "search-for", autocomplete: "off", spellcheck: false, enterKeyHint: "search" });
  const close = element("button", { type: "button", textContent: "Close" });
  const said = element("p", { role: "status", className: "search-said" });
  const results = element("ol", { className: "search-found" });
  const byKey = element("input", { type: "checkbox", checked: key.isOn });
  const dialog = element(
    "dialog",
    { className: "search", "aria-label": "Search" },
    element("div", { className: "search-head" }, element("label", { className: "unseen", for: "search-for" }, "Search for"), input, close),
    said,
    results,
    element("label", { className: "search-key" }, byKey, " The / key opens the search"),
  );
  /** @type {Promise<Place[]> | undefined} */
  let places;

  function open() {
    if (!dialog.isConnected) document.body.append(dialog);
    if (!dialog.open) dialog.showModal();
    input.focus();
    input.select();
    places ??= load();
    show();
  }

  function show() {
    places?.then(list, () => {
      places = undefined; // to be asked for again
      said.textContent = "The index of the site could not be loaded.";
    });
  }

  /** @param {Place[]} all */
  function list(all) {
    const words = find.wordsOf(input.value);
    const { found, isWhole } = find.find(all, words);
    results.replaceChildren(...found.slice(0, SHOWN).map((/** @type {Place} */ each) => element("li", {}, link(each, words))));
    said.textContent = words.length === 0 ? HINT : counted(found.length, isWhole);
  }

  /** @param {number} many @param {boolean} isWhole whether all words occur there */
  function counted(many, isWhole) {
    if (many === 0) return "Nothing was found.";
    if (!isWhole) return `No place has all of these words; most of them: ${many === 1 ? "one place" : `${many} places`}.`;
    if (many === 1) return "One place.";
    return `${many} places${many > SHOWN ? `; here are the first ${SHOWN}` : ""}.`;
  }

  /** @param {Place} place @param {Word[]} words */
  function link(place, words) {
    const made = element(
      "a",
      { href: new URL(place.address, TOP).href },
      element("span", { className: "search-heading" }, ...find.marked(place.heading, words)),
      element("span", { className: "search-where" }, place.page),
      element("span", { className: "search-excerpt" }, ...find.marked(find.excerpt(place.text, words), words)),
    );
    made.addEventListener("click", () => dialog.close());
    return made;
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const stops = [input, ...results.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    if (event.key === "Escape") dialog.close();
    else if (event.key === "Enter" && at === 0) stops[1]?.click();
    else if (event.key === "ArrowDown" && at >= 0) stops[at + 1]?.focus();
    else if (event.key === "ArrowUp" && at > 0) stops[at - 1].focus();
    else return;
    event.preventDefault();
  }

  const opener = element("button", { type: "button", textContent: "Search", "aria-haspopup": "dialog" });
  opener.addEventListener("click", open);
  close.addEventListener("click", () => dialog.close());
  input.addEventListener("input", show);
  dialog.addEventListener("keydown", move);
  /** @type {EventTarget | null} where the pointer went down: text that is selected out of the field ends beside the window */
  let pressed = null;
  dialog.addEventListener("pointerdown", (/** @type {Event} */ event) => (pressed = event.target));
  dialog.addEventListener("click", (/** @type {Event} */ event) => {
    if (event.target === dialog && pressed === dialog) dialog.close(); // beside the window
  });
  byKey.addEventListener("change", () => (key.isOn = byKey.checked));
  document.addEventListener("keydown", (event) => {
    const on = /** @type {Element} */ (event.target);
    const isPlain = event.key === "/" && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!isPlain || !byKey.checked || on.closest("input:not([type=range], [type=checkbox], [type=radio]), textarea, select")) return;
    event.preventDefault();
    open();
  });
  document.querySelector("[data-tools]")?.prepend(opener);
})();
