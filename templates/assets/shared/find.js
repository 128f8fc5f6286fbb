// What a reader's words are found in: places of the site, headings before the names of pages and text.
//
// In: the pages as data/search.js has them (see report/site/search.py), and what was typed. Out: places in the order in
// which they are shown, and of each the part of its text that holds the words, which are marked.
//
// Words are found by their beginning, less their ending: "normalization", "normalized" and "normalizing" are one word
// and "helps" is "help"; of a number nothing is taken away. The words of which most questions are made count only where
// nothing else is asked for.

/** @typedef {[anchor: string, heading: string, text: string]} SearchedPlace */
/** @typedef {[file: string, title: string, places: SearchedPlace[], description?: string]} SearchedPage */
/** @typedef {"page" | "heading" | "text" | "about"} Part about: what a page says of itself, at its beginning */
/** @typedef {{address: string, page: string, heading: string, text: string, folded: Record<Part, string>}} Place */
/** @typedef {{typed: string, stem: RegExp, begins: RegExp, whole: RegExp}} Word */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const EXCERPT = { before: 50, length: 170 }; // characters
  /** @type {Record<Part, number[]>} where a word's stem begins so, where the word does, and where it is the word */
  const SCORES = { heading: [5, 6, 8], about: [3, 3, 4], page: [3, 3, 3], text: [1, 1, 2] };
  const PARTS = /** @type {Part[]} */ (Object.keys(SCORES));
  const TITLED = 20; // for a heading that is what was typed
  const ASKED = 4; // for a page of which its heading and description have all words
  const ENDING = /(?<=[a-z]{4})(?:ations?|ings?|e[ds]?|(?<!s)s)$/; // at least four letters are left
  const NUMBER = /^\p{N}+(?:[.,]\p{N}+)*$/u;
  const COMMON = new Set(
    "a an and are as at be by can do does did for from has have how i in is it its of on or so than that the their there these they this to was were what when where which who why with you".split(" "),
  );

  /**
   * Text as it is compared: small letters without accents, plain apostrophes. It is as long as the text.
   * @param {string} text
   */
  function fold(text) {
    const plain = text.replace(/[\u00c0-\u024f]/g, (letter) => letter.normalize("NFD")[0]);
    return plain.replace(/\u2019/g, "'").replace(/\p{Lu}/gu, (letter) => letter.toLowerCase().slice(0, letter.length));
  }

  /** @param {string} query @returns {Word[]} the words to look for: all but the commonest, where any are left */
  function wordsOf(query) {
    const found = fold(query).match(/[\p{L}\p{N}](?:[^\s-]*[\p{L}\p{N}])?/gu) ?? [];
    const telling = found.filter((word) => !COMMON.has(word));
    return (telling.length ? telling : found).map(wordOf);
  }

  /** @param {string} typed folded @returns {Word} */
  function wordOf(typed) {
    const escaped = (/** @type {string} */ text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    const before = "(?<![\\p{L}\\p{N}])";
    if (NUMBER.test(typed)) {
      const whole = new RegExp(`(?<!\\p{N}[.,])${before}${escaped(typed)}(?![\\p{L}\\p{N}]|[.,]\\p{N})`, "u");
      return { typed, stem: whole, begins: whole, whole };
    }
    const [stem, begins] = [typed.replace(ENDING, ""), typed].map((word) => `${before}${escaped(word)}`);
    return { typed, stem: new RegExp(stem, "u"), begins: new RegExp(begins, "u"), whole: new RegExp(`${begins}(?![\\p{L}\\p{N}])`, "u") };
  }

  /** @param {SearchedPage[]} pages @returns {Place[]} */
  function placesOf(pages) {
    return pages.flatMap(([file, page, places, description = ""]) =>
      places.map(([anchor, heading, text]) => ({
        address: anchor ? `${file}#${anchor}` : file,
        page,
        heading,
        text,
        folded: { page: fold(page), heading: fold(heading), text: fold(text), about: anchor ? "" : fold(description) },
      })),
    );
  }

  /**
   * How many of the words a place has, and how much it is told of them; short headings come before long ones. It has
   * none where they occur nowhere but in the page's name.
   * @param {Place} place
   * @param {Word[]} words
   * @returns {{place: Place, many: number, score: number}}
   */
  function rated(place, words) {
    const { folded } = place;
    const found = words.map((word) => ({ ...word, part: PARTS.find((part) => word.stem.test(folded[part])) }));
    const there = found.filter(({ part }) => part);
    if (there.every(({ stem, part }) => part === "page" && !stem.test(folded.text))) return { place, many: 0, score: 0 };
    const isAsked = folded.about && found.every(({ part }) => part === "heading" || part === "about");
    let score = (isAsked ? ASKED : 0) - place.heading.length / 1000;
    if (folded.heading === words.map(({ typed }) => typed).join(" ")) score += TITLED;
    for (const { part, begins, whole } of there) {
      const text = folded[/** @type {Part} */ (part)];
      score += SCORES[/** @type {Part} */ (part)][Number(begins.test(text)) + Number(whole.test(text))];
    }
    return { place, many: there.length, score };
  }

  /**
   * The places in which all words occur, those that are told of them first; where there are none, those with most of
   * the words, and at least half of them.
   * @param {Place[]} places
   * @param {Word[]} words
   * @returns {{found: Place[], isWhole: boolean}} isWhole: all words occur
   */
  function find(places, words) {
    const all = words.length ? places.map((place) => rated(place, words)) : [];
    const most = all.reduce((best, { many }) => Math.max(best, many), 0);
    const kept = all.filter(({ many }) => many > 0 && many === most && 2 * many >= words.length);
    return { found: kept.sort((a, b) => b.score - a.score).map(({ place }) => place), isWhole: most === words.length };
  }

  /**
   * The part of a text in which the first of the words stands.
   * @param {string} text
   * @param {Word[]} words
   */
  function excerpt(text, words) {
    const folded = fold(text);
    const places = words.map(({ stem }) => folded.search(stem)).filter((place) => place >= 0);
    const first = Math.max(0, Math.min(...places, text.length) - EXCERPT.before);
    const start = places.length === 0 || first === 0 ? 0 : text.indexOf(" ", first) + 1;
    const end = start + EXCERPT.length < text.length ? text.lastIndexOf(" ", start + EXCERPT.length) : text.length;
    return `${start ? "\u2026 " : ""}${text.slice(start, end)}${end < text.length ? " \u2026" : ""}`;
  }

  /**
   * The text with the words in it marked.
   * @param {string} text
   * @param {Word[]} words
   * @returns {(string | Node)[]}
   */
  function marked(text, words) {
    const any = new RegExp(`(?:${words.map(({ stem }) => stem.source).join("|")})[\\p{L}\\p{N}]*`, "gu");
    const parts = [];
    let done = 0;
    for (const { index = 0, 0: word } of fold(text).matchAll(any)) {
      parts.push(text.slice(done, index), InsideMNIST.element("mark", {}, text.slice(index, index + word.length)));
      done = index + word.length;
    }
    return [...parts, text.slice(done)];
  }

  InsideMNIST.find = { placesOf, wordsOf, find, excerpt, marked };
})();
