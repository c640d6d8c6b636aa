// The page's words in the reader's language, with its plurals and its direction, and the locale of
// dates and numbers.

/** What the reader prefers, best first. Some systems give names that no language has, or old ones such as "in". */
const PREFERRED = navigator.languages.flatMap((wanted) => {
  try {
    return Intl.getCanonicalLocales(wanted);
  } catch {
    return [];
  }
});
const languageOf = (tag) => tag.split("-")[0];
const TAG = chosenLanguage();
const LOCALE = PREFERRED.find((wanted) => languageOf(wanted) === languageOf(TAG)) || TAG;
const RIGHT_TO_LEFT = ["ar"].includes(TAG);
const BETWEEN = RIGHT_TO_LEFT ? "، " : " · ";  // between short facts; a dot in the middle looks like the Arabic zero
const WORDS = CATALOGUE[TAG];
const plurals = new Intl.PluralRules(TAG);
const counted = new Intl.NumberFormat(LOCALE);
const counted2 = new Intl.NumberFormat(LOCALE, { minimumIntegerDigits: 2 });
const joined = new Intl.ListFormat(TAG, { type: "unit" });

function chosenLanguage() {
  if (Object.hasOwn(CATALOGUE, String(saved.language))) return saved.language;
  for (const wanted of PREFERRED) {
    const exact = Object.keys(CATALOGUE).find((tag) => tag === wanted);
    const near = Object.keys(CATALOGUE).find((tag) => languageOf(tag) === languageOf(wanted));
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

const RUNS_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** A name as plain text, where no <bdi> can be: isolated if it could run against the words around it. */
const isolated = (name) => RIGHT_TO_LEFT || RUNS_LEFT.test(name) ? `\u2068${name}\u2069` : name;

document.documentElement.lang = TAG;
document.documentElement.dir = RIGHT_TO_LEFT ? "rtl" : "ltr";
if (document.querySelector('h1 [data-word="voiceNotes"]') !== null) document.title = t("voiceNotes");
for (const element of document.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
for (const element of document.querySelectorAll("[data-hint]")) element.setAttribute("placeholder", t(element.dataset.hint));
