// A network seen whole: what each hidden layer hands on, side by side, maps as maps and units as squares.
//
// In: an element, a network, its readings. Out: a small picture for each layer, bright where it is loud.

window.InsideMNIST ??= {};
(function () {
  "use strict";
  const { element, paint } = InsideMNIST;

  /**
   * @param {HTMLElement} room
   * @param {Network} network
   * @param {Object<string, number>} tall {layer: the activation that is brightest}
   */
  function makeStrip(room, network, tall) {
    const layers = network.layers.slice(0, -1).map(({ name, kind, units }) => {
      const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { className: "lab-pixels", width: 1, height: 1 }));
      room.append(canvas);
      return { canvas, units, hook: `${name}.${kind === "conv" ? "pooled" : "post"}`, top: tall[name] || 1 };
    });

    /** @param {Reading | null} reading */
    function show(reading) {
      for (const { canvas, units, hook, top } of layers) {
        const { values, width, height } = paint.tiled(reading?.hooks.get(hook) ?? new Float32Array(units), units);
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        paint.heat(canvas, values, top);
      }
    }

    return { show };
  }

  InsideMNIST.makeStrip = makeStrip;
})();
