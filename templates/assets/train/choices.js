// What the reader has chosen for two networks, in the page's address and in its menus.
//
// In: what there is to choose (train.json, which the page carries), shared/state.js. Out: InsideMNIST.train.choices(told).
// A side is written as treatment@rate: #left=plain@0.01&right=scaled@0.01&steps=200.

/** @typedef {{networks: Kind[], treatments: Side["treatment"][], images: {train: number, test: number},
 *  presets: {left: [string, number], right: [string, number]}[], span: number}} Told */
/** @typedef {{network: string, left: string, right: string, speed: string, show: string, steps: number}} Chosen
 *  steps: after how many the networks stand still, or stood when the reader stopped them */

window.InsideMNIST ??= {};
InsideMNIST.train ??= {};

(function () {
  "use strict";
  const SPEEDS = ["slow", "steady", "fast"];
  const SHOWS = ["change", "weights"];
  const SPANS = 5; // after which networks learn no further, so that an address may ask for any step
  const USUAL = { speed: "steady", show: "change" };

  /** @param {Told} told */
  function choices(told) {
    const network = (/** @type {string | undefined} */ name) => told.networks.find((each) => each.name === name) ?? told.networks[0];
    const [preset] = told.presets;
    /** @type {Chosen} */
    const usual = { network: told.networks[0].name, left: preset.left.join("@"), right: preset.right.join("@"), steps: 0, ...USUAL };

    /** @param {string} text "treatment@rate" @param {Kind} kind @returns {Side | null} */
    function side(text, kind) {
      const [name, rate, ...more] = text.split("@");
      const treatment = told.treatments.find((each) => each.name === name);
      const known = kind.rates.find((each) => String(each) === rate);
      return treatment && known !== undefined && !more.length ? { treatment, rate: known } : null;
    }

    const isSide = (/** @type {string} */ text) => told.networks.some((kind) => side(text, kind));
    InsideMNIST.state.declare({
      left: isSide,
      right: isSide,
      network: (/** @type {string} */ text) => told.networks.some(({ name }) => name === text),
      speed: (/** @type {string} */ text) => SPEEDS.includes(text),
      show: (/** @type {string} */ text) => SHOWS.includes(text),
      steps: (/** @type {string} */ text) => /^[1-9][0-9]*$/.test(text) && Number(text) <= most(told),
    });

    /** @returns {Chosen} what the address says, and for the rest what is shown first */
    function read() {
      const given = InsideMNIST.state.read();
      const found = { ...usual, ...Object.fromEntries(given), steps: Number(given.get("steps") ?? 0) };
      const kind = network(found.network);
      for (const which of /** @type {const} */ (["left", "right"])) {
        const other = side(usual[which], kind) ? usual[which] : `${told.treatments[0].name}@${kind.rate}`;
        if (!side(found[which], kind)) found[which] = other;
      }
      return found;
    }

    /** @param {Chosen} chosen @param {boolean} push whether "back" leads to what was chosen before */
    function write(chosen, push) {
      const changes = Object.fromEntries(
        Object.entries(chosen).map(([key, value]) => [key, value === usual[/** @type {keyof Chosen} */ (key)] ? null : String(value)]),
      );
      InsideMNIST.state.write(changes, { push });
    }

    /** @param {Chosen} chosen @returns {Side[]} */
    function sides(chosen) {
      const kind = network(chosen.network);
      return [chosen.left, chosen.right].map((text) => /** @type {Side} */ (side(text, kind)));
    }

    return { read, write, sides, network: (/** @type {Chosen} */ chosen) => network(chosen.network) };
  }

  /** @param {Told} told @returns {number} the steps that networks may take */
  function most({ span }) {
    return SPANS * span;
  }

  /**
   * What is done on a side, in words.
   * @param {Side["treatment"]} treatment
   * @returns {string}
   */
  function deeds({ mean, std, factors }) {
    const steps = [];
    if (mean !== 0) steps.push(`minus ${shorter(mean)}`);
    if (std !== 1) steps.push(`divided by ${shorter(std)}`);
    const layers = Object.entries(factors).map(([layer, factor]) => `the ${layer} layer\u2019s weights learn ${shorter(factor)} times as fast`);
    const told = [steps.length ? `pixels ${steps.join(", ")}` : "pixels stay as they are, from 0 to 1", ...layers].join("; ");
    return `${told.charAt(0).toUpperCase()}${told.slice(1)}.`;
  }

  /** @param {number} number @returns {string} */
  function shorter(number) {
    return String(Number(number.toPrecision(4)));
  }

  Object.assign(InsideMNIST.train, { choices, deeds, most });
})();
