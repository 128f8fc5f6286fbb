// The units of a page as a list that can be filtered and put in order.
//
// In: the cards of a page of units (templates/partials/unit.html), which carry their numbers as data attributes.
// Out: what there is to choose from, and the cards that a choice leaves, in their order. Changes nothing on the page.

/**
 * @typedef {{id: string, name: string, layer: string, digit: string, likes: string, card: HTMLElement, place: number,
 *   selectivity: number, importance: number}} UnitCard  digit: the favourite class, "" for a dead unit; likes: its name;
 *   importance: what accuracy loses with the unit set to its average, in points
 * @typedef {{layer?: string, digit?: string, sort?: string}} UnitChoice
 */

window.InsideMNIST ??= {};
(function () {
  "use strict";

  /**
   * The cards of a page, in the order of the page.
   * @param {ParentNode} page
   * @returns {UnitCard[]}
   */
  function units(page) {
    return [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(".unit"))].map((card, place) => ({
      id: card.id,
      name: card.querySelector("h3 a")?.textContent?.trim() ?? card.id,
      layer: card.dataset.layer ?? "",
      digit: card.dataset.digit ?? "",
      likes: card.dataset.likes ?? "",
      card,
      place,
      selectivity: Number(card.dataset.selectivity),
      importance: Number(card.dataset.averaged),
    }));
  }

  /**
   * The layers of a page by their element's id, with the name that readers see.
   * @param {ParentNode} page
   * @returns {Map<string, string>}
   */
  function layers(page) {
    const sections = [...page.querySelectorAll(".unit-layer")];
    return new Map(sections.map((each) => [each.id, each.querySelector("h2")?.textContent?.trim() ?? each.id]));
  }

  /**
   * The units that a choice leaves: in the order of the page or, where the choice asks for an order, in one ranking over
   * all layers, the largest number first.
   * @param {UnitCard[]} all
   * @param {UnitChoice} choice
   * @returns {UnitCard[]}
   */
  function chosen(all, { layer, digit, sort }) {
    const kept = all.filter((each) => (!layer || each.layer === layer) && (!digit || each.digit === digit));
    /** @param {UnitCard} each */
    const size = (each) => (sort === "selectivity" ? each.selectivity : sort === "importance" ? each.importance : 0);
    return kept.sort((a, b) => size(b) - size(a) || a.place - b.place);
  }

  InsideMNIST.unitList = { units, layers, chosen };
})();
