// The state of a page in its address, as #key=value&key=value, so that it survives reloading, sharing, back and forward.
//
// In: keys that the page's scripts declare, each with a check of its values. Out: the values that passed, as a Map.
// Whatever else the address holds is left out and said in a note; it is compared and shown as text, never run.
// An address that ends in a place on the page (#what-to-try, without "=") is no state and changes none; who comes back to
// it finds the state with which it was left for.
//
//   state.declare({ unit: /^[a-z0-9.-]+$/, epoch: (text) => Number(text) <= 8 });
//   state.read().get("unit");
//   state.write({ unit: "mlp-raw.hidden2.7", epoch: null }, { push: true });  // null takes a key out, others stay
//   state.onchange((values) => …);  // the reader went back, forward, or edited the address

/** @typedef {RegExp | ((text: string) => boolean)} Check */

(function () {
  "use strict";
  const lab = (window.InsideMNIST = window.InsideMNIST || {});
  const LONGEST = 20000; // characters of an address that are read at all

  /** @type {Map<string, Check>} */
  const checks = new Map();
  /** @type {Array<(values: Map<string, string>) => void>} */
  const listeners = [];
  /** @type {Map<string, string>} what the address says, or said when the reader went to this place on the page */
  let current = new Map();
  let lastRead = "#unread";
  /** @type {string[]} what was left out of it, and is told */
  let left = [];

  /**
   * Makes keys known. Every script that keeps something in the address declares it before it reads.
   * @param {Object<string, Check>} keys
   */
  function declare(keys) {
    for (const [key, check] of Object.entries(keys)) checks.set(key, check);
    lastRead = "#unread";
  }

  /**
   * The declared keys of the address whose values pass their checks.
   * @returns {Map<string, string>}
   */
  function read() {
    const hash = location.hash;
    if (hash === lastRead) return new Map(current);
    if (isPlace(hash)) {
      const kept = atPlace();
      if (!same(kept, current)) lastRead = hash; // else the address before it is still the one that was read
      current = kept;
      return new Map(current);
    }
    lastRead = hash;
    /** @type {string[]} */
    const refused = [];
    current = new Map();
    const text = hash.slice(1);
    if (text.length > LONGEST) refused.push("all of it, as it is too long");
    else for (const part of text.split("&")) take(part, refused);
    left = refused;
    tell(left);
    return new Map(current);
  }

  /**
   * What the address said when the reader went to this place on the page. The browser keeps it with the place.
   * @returns {Map<string, string>}
   */
  function atPlace() {
    const kept = history.state?.kept;
    if (Array.isArray(kept)) return new Map(kept.filter(([key, value]) => known(key, value)));
    try {
      history.replaceState({ kept: [...current] }, "");
    } catch (refused) {
      // Then the place is found again with whatever is shown.
    }
    return current;
  }

  /** @param {string} key @param {string} value whether a script declared this key, and takes this value */
  function known(key, value) {
    const check = checks.get(key);
    return check !== undefined && passes(check, value);
  }

  /**
   * Takes one "key=value" into `current`, or tells `refused`.
   * @param {string} part
   * @param {string[]} refused
   */
  function take(part, refused) {
    if (part === "") return;
    const cut = part.indexOf("=");
    const key = cut < 0 ? part : part.slice(0, cut);
    const value = cut < 0 ? null : decoded(part.slice(cut + 1));
    if (value === null || current.has(key) || !known(key, value)) refused.push(shortened(key));
    else current.set(key, value);
  }

  /**
   * Changes the address: a key with a value is set, a key with null or "" is taken out, other keys stay.
   * @param {Map<string, string | null> | Object<string, string | null>} changes
   * @param {{push?: boolean}} [options] push: a new entry, so that "back" leads to the state before
   */
  function write(changes, options = {}) {
    read();
    const entries = changes instanceof Map ? [...changes] : Object.entries(changes);
    for (const [key, value] of entries) {
      if (value === null || value === "") current.delete(key);
      else current.set(key, value);
    }
    const hash = [...current].map(([key, value]) => `${key}=${encoded(value)}`).join("&");
    const target = hash ? `#${hash}` : "";
    if (target === location.hash) return;
    left = [];
    tell(left);
    go(target, options.push === true);
    lastRead = location.hash;
  }

  /**
   * @param {string} target "#key=value" or ""
   * @param {boolean} push
   */
  function go(target, push) {
    const address = location.pathname + location.search + target;
    try {
      if (push) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    } catch (refused) {
      // Some browsers refuse this to pages opened from a file, or when it is asked too often.
      lastRead = target || "#";
      if (push) location.hash = target || "#";
      else location.replace(target || "#");
    }
  }

  /**
   * Calls back with the values when the reader changed the address; not for what `write` writes.
   * @param {(values: Map<string, string>) => void} callback
   */
  function onchange(callback) {
    listeners.push(callback);
  }

  window.addEventListener("hashchange", () => {
    if (location.hash === lastRead) return;
    const before = current;
    const values = read();
    if (isPlace(location.hash) && same(before, values)) return;
    for (const listener of listeners) listener(new Map(values));
  });

  /** @param {Map<string, string>} one @param {Map<string, string>} other */
  function same(one, other) {
    return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
  }

  /** @param {string} hash whether it names a place on the page */
  function isPlace(hash) {
    return hash.length > 1 && !hash.includes("=");
  }

  /** @param {string} text @returns {string | null} null where the text is no valid percent-encoding */
  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch (malformed) {
      return null;
    }
  }

  /** @param {string} value keeps the characters that an address may hold as they are, for short addresses */
  function encoded(value) {
    return encodeURIComponent(value).replace(/%(2C|3A|3B|40|24|2F)/g, (code) => decodeURIComponent(code));
  }

  /** @param {Check} check @param {string} value */
  function passes(check, value) {
    return check instanceof RegExp ? check.test(value) : check(value);
  }

  /** @param {string} text */
  function shortened(text) {
    return `\u201c${text.length > 40 ? `${text.slice(0, 40)}\u2026` : text}\u201d`;
  }

  /**
   * For scripts: tells of more parts of the address that could not be used.
   * @param {string[]} refused
   */
  function say(refused) {
    tell([...left, ...refused]);
  }

  /**
   * Tells the reader which parts of the address were left out; an empty list takes the note away.
   * @param {string[]} refused
   */
  function tell(refused) {
    const note = noteElement(refused.length > 0);
    if (!note) return;
    note.hidden = refused.length === 0;
    note.textContent = refused.length
      ? `Part of this page\u2019s address could not be read and was left out: ${refused.join(", ")}.`
      : "";
  }

  /** @param {boolean} make whether to make it where it is not there @returns {HTMLElement | null} */
  function noteElement(make) {
    const found = /** @type {HTMLElement | null} */ (document.querySelector("[data-state-note]"));
    if (found || !make) return found;
    const note = document.createElement("p");
    note.className = "notice";
    note.dataset.stateNote = "";
    note.setAttribute("role", "status");
    document.querySelector("main")?.prepend(note);
    return note;
  }

  lab.state = { declare, read, write, onchange, say };
})();
