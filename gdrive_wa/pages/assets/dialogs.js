// Dialogs: opened by the buttons that name them, closed by their button, Escape, or a press beside them.

const announcer = document.querySelector(".announcer");
const announce = (text) => { announcer.textContent = text; };

const dialogs = (() => {
  const named = (name) => document.querySelector(`dialog.${name}`);
  const beforeOpening = new Map();

  function open(name) {
    const current = document.querySelector("dialog[open]");
    if (current !== null) current.close();
    if (beforeOpening.has(name)) beforeOpening.get(name)();
    named(name).showModal();
  }

  for (const button of document.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => open(button.dataset.opens));
  }
  for (const one of document.querySelectorAll("dialog")) {
    one.addEventListener("click", (event) => { if (event.target === one) one.close(); });
    one.querySelector(".close").addEventListener("click", () => one.close());
  }
  return {
    open,
    close: () => document.querySelector("dialog[open]")?.close(),
    isOpen: () => document.querySelector("dialog[open]") !== null,
    whenOpening: (name, callback) => beforeOpening.set(name, callback),
  };
})();

// On a phone the filters and the years are in a dialog of their own.

const narrow = matchMedia("(max-width: 52rem)");

function placeTools() {
  const target = (phone, home) => document.querySelector(narrow.matches ? phone : home);
  target(".tools .body", ".filters-home").append(document.querySelector(".filters"));
  target(".tools .body", ".years-home").append(document.querySelector(".years"));
  if (!narrow.matches) document.querySelector("dialog.tools").close();
}
narrow.addEventListener("change", placeTools);
placeTools();
