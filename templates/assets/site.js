// What a script adds to a page that is complete without it: the button that switches between light and dark.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme-toggle";
  const tell = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch (refused) {
      // Without storage the choice lasts for this page only.
    }
  });
  system.addEventListener("change", tell);
  tell();
  document.querySelector("[data-tools]")?.append(button);
})();
