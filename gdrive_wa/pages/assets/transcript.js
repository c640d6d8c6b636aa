// What is said: words that can be pressed, the word that plays now, and what is sought in its sentence.

const LONG = 420;  // characters, from which a transcript is cut short until asked for

/** The words of a note: start and end in its text, and seconds (null without times). */
function wordsOf(note) {
  if (note.tokens) return note.tokens;
  const times = numbersOf(note.starts);
  const tokens = [];
  if (note.spans) {
    const letters = Array.from(note.words);  // places count whole characters
    const lengths = numbersOf(note.spans);
    let at = 0, from = 0;
    for (let i = 0; i < lengths.length; i += 2) {
      from += letters.slice(at, at + lengths[i]).join("").length;
      at += lengths[i];
      const end = from + letters.slice(at, at + lengths[i + 1]).join("").length;
      at += lengths[i + 1];
      tokens.push({ from, end, seconds: null });
      from = end;
    }
  } else {
    for (const word of note.words.matchAll(/[^ \t\r\n]+/g)) tokens.push({ from: word.index, end: word.index + word[0].length, seconds: null });
  }
  let ticks = 0;
  times.forEach((since, i) => {
    ticks += since;
    if (tokens[i] !== undefined) tokens[i].seconds = ticks / TICKS;
  });
  if (times.length) note.tokens = tokens;
  return tokens;
}

function drawWords(note) {
  const text = make("p", { class: "words", dir: "auto" });
  const searched = sought.words.length > 0;
  if (!note.starts && !searched) {
    text.append(note.words);
  } else {
    const tokens = wordsOf(note);
    const hits = tokens.map(({ from, end }) => searched && isHit(note.words.slice(from, end)));
    const excerpt = note.words.length > LONG && !note.whole && hits.includes(true);
    append(text, note, tokens, hits, excerpt ? sentences(note, tokens, hits) : tokens.map(() => true));
  }
  return text;
}

function append(text, note, tokens, hits, wanted) {
  let at = 0;
  tokens.forEach(({ from, end, seconds }, i) => {
    if (!wanted[i]) {
      if (i === 0 || wanted[i - 1]) text.append(i === 0 ? "… " : " … ");
      at = end;
      return;
    }
    if (i === 0 || wanted[i - 1]) text.append(note.words.slice(at, from));
    const word = note.words.slice(from, end);
    const inside = hits[i] ? make("mark", null, word) : word;
    text.append(seconds === null ? inside : make("span", { class: "word", "data-word-at": i }, inside));
    at = end;
  });
  if (wanted[wanted.length - 1] !== false) text.append(note.words.slice(at));
}

/** Which words belong to a sentence with something that is sought in it. */
function sentences(note, tokens, hits) {
  const wanted = tokens.map(() => false);
  let first = 0;
  tokens.forEach(({ end }, i) => {
    const closes = /[.!?…。？！؟।]["'”’»)]*$/u.test(note.words.slice(tokens[i].from, end)) || i - first > 40;
    if (!closes && i < tokens.length - 1) return;
    if (hits.slice(first, i + 1).includes(true)) wanted.fill(true, first, i + 1);
    first = i + 1;
  });
  return wanted;
}

function drawSaid(note) {
  const long = note.words.length > LONG;
  return make("div", { class: `said${long && !note.whole ? " long" : ""}` },
    drawWords(note),
    make("p", { class: "source" },
      note.source === "whatsapp" ? t("sourceWhatsapp") : make("span", null, ...parts("sourceModel", { model: bdi(note.source) })),
      long ? make("button", { class: "whole link", type: "button", "aria-expanded": String(note.whole) }, t(note.whole ? "less" : "more")) : null));
}

/** The number of the word at `seconds`; -1 before the first. */
function wordAt(note, seconds) {
  const tokens = wordsOf(note);
  let low = -1, high = tokens.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((tokens[middle].seconds ?? Infinity) <= seconds + 0.02) low = middle;
    else high = middle - 1;
  }
  return low;
}

function showWord(note, row, seconds) {
  if (!note.starts) return;
  const at = String(wordAt(note, seconds));
  const old = row.querySelector(".word.now");
  if (old !== null && old.dataset.wordAt === at) return;
  if (old !== null) old.classList.remove("now");
  const now = row.querySelector(`.word[data-word-at="${at}"]`);
  if (now !== null) now.classList.add("now");
}

/** When the word `by` words from the one at `seconds` starts; null without times. */
function wordStart(note, seconds, by) {
  if (!note.starts) return null;
  const tokens = wordsOf(note);
  return tokens[Math.min(Math.max(wordAt(note, seconds) + by, 0), tokens.length - 1)].seconds;
}
