// Runs before the first paint: applies the theme the reader chose, so that no page flashes in the other one.
(function () {
  "use strict";
  try {
    var chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch (refused) {
    // Storage may be switched off; then the system's choice stands.
  }
})();
