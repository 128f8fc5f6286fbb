// Predictions: the reader says what they expect, and then sees what was found.
//
// In: sections of the page with choices and a fold that holds the finding; `data-right` is the number of the choice that
// came true, where the study can tell. Out: the fold opens with a word on the guess, which is kept in the address as
// #name=number, so that it survives reloading and sharing. Nothing is sent anywhere, or stored.
(function () {
  "use strict";
  const lab = window.InsideMNIST;
  /** @type {NodeListOf<HTMLElement>} */
  const sections = document.querySelectorAll("[data-predict]");

  /** @param {HTMLElement} section @param {string} guess */
  function tell(section, guess) {
    const said = section.querySelector("[data-said]");
    const fold = section.querySelector("details");
    const right = section.dataset.right;
    if (!said || !fold) return;
    for (const label of section.querySelectorAll("label")) {
      const choice = label.querySelector("input");
      if (!choice) continue;
      choice.checked = choice.value === guess;
      label.classList.toggle("came-true", right !== undefined && choice.value === right);
    }
    fold.open = true;
    said.textContent =
      right === undefined ? "Compare your guess with what was found." : guess === right ? "So it came out." : "It came out otherwise.";
  }

  /** @param {HTMLElement} section there is no guess, or none any more */
  function forget(section) {
    if (!section.querySelector(".came-true, :checked")) return; // what the reader opened without one stays open
    for (const label of section.querySelectorAll("label")) label.classList.remove("came-true");
    for (const choice of section.querySelectorAll("input")) choice.checked = false; // which a browser may remember
    const said = section.querySelector("[data-said]");
    const fold = section.querySelector("details");
    if (said) said.textContent = "";
    if (fold) fold.open = false;
  }

  lab.state.declare(
    Object.fromEntries(
      [...sections].map((section) => [
        section.dataset.predict,
        (/** @type {string} */ text) => [...section.querySelectorAll("input")].some((choice) => choice.value === text),
      ]),
    ),
  );
  const read = () => {
    const guesses = lab.state.read();
    for (const section of sections) {
      const guess = guesses.get(section.dataset.predict);
      if (guess !== undefined) tell(section, guess);
      else forget(section);
    }
  };
  for (const section of sections) {
    section.addEventListener("change", (event) => {
      const choice = /** @type {HTMLInputElement} */ (event.target);
      tell(section, choice.value);
      lab.state.write({ [section.dataset.predict || ""]: choice.value });
    });
  }
  lab.state.onchange(read);
  read();
})();
