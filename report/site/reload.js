// Loads the page anew once a build has put another site into its place. Only the server for writing adds it to a page,
// with the version of the site that the page is of; where nobody answers, it waits until somebody does.
(function () {
  "use strict";
  const PAUSE = 1000; // milliseconds between two questions; none is asked for a page that nobody sees
  const shown = document.currentScript?.dataset.version;
  let timer = 0;

  async function ask() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch("/-/version", { cache: "no-store" });
        if (answer.ok && (await answer.text()) !== shown) {
          location.reload();
          return;
        }
      } catch {
        // The server has ended, or is busy: the page stays as it is.
      }
    }
    clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  }

  document.addEventListener("visibilitychange", ask);
  timer = window.setTimeout(ask, PAUSE);
})();
