// What a reader's words are found in: places of the site, headings before the names of pages and text.
//
// In: the pages as data/search.js has them (see report/site/search.py), and what was typed. Out: places in the order in
// which they are shown, and of each the part of its text that holds the words, which are marked.

/** @typedef {[file: string, title: string, places: [anchor: string, heading: string, text: string][]]} SearchedPage */
/** @typedef {{address: string, page: string, heading: string, text: string, folded: Record<"page" | "heading" | "text", string>}} Place */
/** @typedef {{begins: RegExp, whole: RegExp}} Word */

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const EXCERPT = { before: 50, length: 170 }; // characters
  const SCORES = { heading: [6, 8], page: [3, 3], text: [1, 2] }; // where a word begins so, and where it is the word

  /**
   * Text as it is compared: small letters without accents, plain apostrophes. It is as long as the text.
   * @param {string} text
   */
  function fold(text) {
    const plain = text.replace(/[\u00c0-\u024f]/g, (letter) => letter.normalize("NFD")[0]);
    return plain.replace(/\u2019/g, "'").replace(/\p{Lu}/gu, (letter) => letter.toLowerCase().slice(0, letter.length));
  }

  /** @param {string} query @returns {Word[]} */
  function wordsOf(query) {
    const found = fold(query).match(/[\p{L}\p{N}](?:[^\s-]*[\p{L}\p{N}])?/gu) ?? [];
    return found.map((word) => {
      const begins = `(?<![\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}`;
      return { begins: new RegExp(begins, "u"), whole: new RegExp(`${begins}(?![\\p{L}\\p{N}])`, "u") };
    });
  }

  /** @param {SearchedPage[]} pages @returns {Place[]} */
  function placesOf(pages) {
    return pages.flatMap(([file, page, places]) =>
      places.map(([anchor, heading, text]) => ({
        address: anchor ? `${file}#${anchor}` : file,
        page,
        heading,
        text,
        folded: { page: fold(page), heading: fold(heading), text: fold(text) },
      })),
    );
  }

  /**
   * Zero where a word does not occur, or where none occurs but in the page's name; short headings come before long ones.
   * @param {Place} place
   * @param {Word[]} words
   */
  function score(place, words) {
    let sum = 0;
    let isHere = false;
    for (const { begins, whole } of words) {
      const where = /** @type {const} */ (["heading", "page", "text"]).find((part) => begins.test(place.folded[part]));
      if (!where) return 0;
      isHere ||= begins.test(place.folded.heading) || begins.test(place.folded.text);
      sum += SCORES[where][Number(whole.test(place.folded[where]))];
    }
    return isHere ? sum - place.heading.length / 1000 : 0;
  }

  /**
   * The places in which all words occur, those that are told of them first.
   * @param {Place[]} places
   * @param {Word[]} words
   * @returns {Place[]}
   */
  function find(places, words) {
    if (words.length === 0) return [];
    const scored = places.map((place) => ({ place, score: score(place, words) })).filter((each) => each.score > 0);
    return scored.sort((a, b) => b.score - a.score).map((each) => each.place);
  }

  /**
   * The part of a text in which the first of the words stands.
   * @param {string} text
   * @param {Word[]} words
   */
  function excerpt(text, words) {
    const folded = fold(text);
    const places = words.map(({ begins }) => folded.search(begins)).filter((place) => place >= 0);
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
    const any = new RegExp(`(?:${words.map(({ begins }) => begins.source).join("|")})[\\p{L}\\p{N}]*`, "gu");
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
