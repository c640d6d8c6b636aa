// The page's words in the reader's language, with its plurals, and the locale of dates and numbers.

const TAG = chosenLanguage();
const LOCALE = navigator.languages.find((wanted) => wanted.split("-")[0] === TAG.split("-")[0]) || TAG;
const WORDS = CATALOGUE[TAG];
const plurals = new Intl.PluralRules(TAG);
const counted = new Intl.NumberFormat(LOCALE);

function chosenLanguage() {
  if (Object.hasOwn(CATALOGUE, String(saved.language))) return saved.language;
  for (const wanted of navigator.languages) {
    const exact = Object.keys(CATALOGUE).find((tag) => tag.toLowerCase() === wanted.toLowerCase());
    const near = Object.keys(CATALOGUE).find((tag) => tag.split("-")[0] === wanted.split("-")[0].toLowerCase());
    if (exact || near) return exact || near;
  }
  return "en";
}

/** A text as parts: its own words, and in place of {names} the values, which may be elements. */
function parts(key, values = {}) {
  let text = WORDS[key];
  if (typeof text === "object") text = text[plurals.select(values.n)] ?? text.other;
  return text.split(/\{(\w+)\}/).map((part, i) => {
    if (i % 2 === 0) return part;
    const value = values[part];
    return typeof value === "number" ? counted.format(value) : value;
  }).filter((part) => part !== "");
}

const t = (key, values) => parts(key, values).join("");

document.documentElement.lang = TAG;
document.documentElement.dir = TAG === "ar" ? "rtl" : "ltr";
for (const element of document.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
for (const element of document.querySelectorAll("[data-hint]")) element.setAttribute("placeholder", t(element.dataset.hint));
