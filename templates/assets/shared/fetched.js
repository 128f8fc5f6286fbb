// Scripts that hold data, fetched when they are first needed: a page that lies in a folder can load nothing else.

window.InsideMNIST ??= {};

(function () {
  "use strict";

  /**
   * @param {string} source the script's address
   * @returns {Promise<void>} kept when it has run; refused where it cannot be had
   */
  function fetched(source) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.addEventListener("load", () => resolve());
      script.addEventListener("error", () => reject(new Error(`${source} could not be read`)));
      document.head.append(script);
    });
  }

  InsideMNIST.fetched = fetched;
})();
