// What the reader's interventions make of the answers, in words: each network beside itself as trained.
//
// In: the networks, what is done to their units, what they answer now. Out: a sentence for each that is changed.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { words } = InsideMNIST;

  /**
   * @param {Object} of
   * @param {Map<string, Network>} of.networks
   * @param {string[]} of.names of the classes
   * @param {any} of.scales see scales.js
   * @param {(unit: Unit) => string} of.calledOf
   */
  function makeEffects({ networks, names, scales, calledOf }) {
    /** @param {Change} change */
    function named({ unit, setting }) {
      const does = calledOf(unit);
      return { name: `${words.briefName(unit)}${does ? ` (${does})` : ""}`, scale: setting };
    }

    /**
     * @param {Map<string, Answer>} untouched of the networks that are changed, with nothing changed
     * @param {Map<string, Answer>} answers
     * @returns {string}
     */
    function told(untouched, answers) {
      const found = [];
      for (const [name, network] of networks) {
        const now = answers.get(name);
        const changes = scales.in(name).map(named);
        const whole = untouched.get(name);
        if (!whole || !now) continue;
        const said = whole.digit;
        const [was, is] = [whole.reading.logits, now.reading.logits].map((logits) => InsideMNIST.margin(logits, said));
        found.push(words.effect(network.title, changes, { says: names[said], margin: was }, { says: names[now.digit], margin: is }));
      }
      return found.join(" ");
    }

    return { told };
  }

  InsideMNIST.makeEffects = makeEffects;
})();
