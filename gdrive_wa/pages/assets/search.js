// Search ignores case, accents and the way a letter is encoded. It reads names, dates, what is said
// and what was written around it; "1 March" means that day.

const LETTERS = {
  ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ς: "σ",
  ى: "ي", ة: "ه", ی: "ي", ک: "ك", "ँ": "ं",  // two ways to write a letter of Arabic and of Hindi
};
/** Accents, the vowel points of Arabic and Hebrew, the dot below of Hindi, and signs that are not seen. The vowels of Indian scripts stay. */
const MARKS = /[\p{Script=Inherited}\u0591-\u05c7\u0610-\u061a\u061c\u0640\u0656-\u065f\u06d6-\u06ed\u093c\u200e\u200f\u2066-\u2069]/gu;

function fold(text) {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(MARKS, "").toLowerCase()
    .replace(/[ßæœøłđðþıςىةیکँ]/g, (letter) => LETTERS[letter])
    .replace(/[٠-٩۰-۹०-९]/g, (digit) => String((digit.codePointAt(0) - (digit < "०" ? 0 : 6)) % 16));
}

const namesAndDate = new Array(notes.length);
const saidOf = new Array(notes.length);

function namesText(note) {
  if (namesAndDate[note.index] === undefined) {
    for (const one of [note.chat, note.speaker]) {
      if (one.folded === undefined) one.folded = fold(`${one.name} ${ourName(one)} ${one.jid.split("@")[0]}`);
    }
    const when = `${dayName(dayOf(note)).search} ${plainClock(note.local)} ${fold(clockTime(note))}`;
    namesAndDate[note.index] = `${note.speaker.folded}\n${note.chat.folded}\n${when}`;
  }
  return namesAndDate[note.index];
}

const saidText = (note) => saidOf[note.index] ??= fold(note.words);

const foldedNames = [];
const foldedTexts = [];
const messageHits = new Map();  // word of this search -> for each message, whether it has it

/** Which messages have a word: each is read once, however many notes it is around. */
function messagesWith(word) {
  let hits = messageHits.get(word);
  if (hits === undefined) {
    hits = new Uint8Array(messages.count);
    const names = given.names.map((name, i) => (foldedNames[i] ??= fold(name)).includes(word));
    for (let i = 0; i < hits.length; i += 1) {
      hits[i] = names[messages.names[i]] || (foldedTexts[i] ??= fold(messages.texts[i])).includes(word) ? 1 : 0;
    }
    messageHits.set(word, hits);
  }
  return hits;
}

/** Whether one of `hits` is before or after a note: as its `places`, without a list for each of all notes. */
function isNear(note, hits) {
  const text = typeof note.around === "string" ? note.around : note.around[0];
  let number = 0, unit = 1, count = 0, place = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = DIGIT_AT[text.charCodeAt(i)];
    number += (digit & 31) * unit;
    unit *= 32;
    if (digit > 31) continue;
    count += 1;
    if (count > 2) {
      place = count === 3 ? number : place + 1 + signed(number);
      if (hits[place] === 1) return true;
    }
    number = 0;
    unit = 1;
  }
  return false;
}

function isAround(note, word) {
  if (note.around === null) return false;
  return isNear(note, messagesWith(word))
    || (note.reply !== null && fold(`${note.reply.name} ${note.reply.text}`).includes(word))
    || note.reactions.some(({ name, emoji }) => fold(`${name} ${emoji}`).includes(word));
}

// Dates

const MONTH_NAMES = Array.from({ length: 12 }, (_, month) => {
  const date = new Date(Date.UTC(2024, month, 15));
  const named = (locale, style) => fold(new Intl.DateTimeFormat(locale, { timeZone: "UTC", calendar: "gregory", month: style, day: "numeric" })
    .formatToParts(date).find(({ type }) => type === "month").value).replace(/\.$/, "");
  return new Set([LOCALE, "en"].flatMap((locale) => [named(locale, "long"), named(locale, "short")]));
});
const MONTH_FIRST = formatter({ day: "numeric", month: "numeric" }).formatToParts(0)[0].type === "month";
const FILLERS = new Set(["de", "of", "del"]);

const monthNumber = (word) => MONTH_NAMES.findIndex((names) => names.has(word)) + 1;
const asDay = (word) => /^\d{1,2}(st|nd|rd|th|er|º|°|o)?$/.test(word) && parseInt(word, 10) <= 31 ? parseInt(word, 10) : 0;
const asYear = (word) => /^\d{4}$/.test(word) ? Number(word) : 0;

function numericDate(word) {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word);
  if (iso) return { y: Number(iso[1]), m: Number(iso[2]), d: Number(iso[3]) };
  const other = /^(\d{1,2})([./])(\d{1,2})(?:\2(\d{4})?)?$/.exec(word);
  if (!other || (other[2] === "." && !/\..*\./.test(word))) return null;
  const monthFirst = other[2] === "/" && MONTH_FIRST;
  const [d, m] = monthFirst ? [other[3], other[1]] : [other[1], other[3]];
  return { d: Number(d), m: Number(m), y: other[4] ? Number(other[4]) : 0 };
}

/** The words of a search, and the dates among them. */
function parseSearch(text) {
  const found = fold(text).split(/\s+/).filter((word) => word);
  const dates = [];
  const used = new Set();
  found.forEach((word, i) => {
    const date = numericDate(word);
    if (date) {
      dates.push(date);
      used.add(i);
    }
    const m = monthNumber(word.replace(/[.,]+$/, ""));
    if (!m) return;
    const near = (by) => {
      let j = i + by;
      if (FILLERS.has(found[j])) j += by;
      return used.has(j) || found[j] === undefined ? [j, ""] : [j, found[j].replace(/[.,]+$/, "")];
    };
    const named = { m, d: 0, y: 0 };
    for (const by of [-1, 1]) {
      const [j, next] = near(by);
      if (!named.d && asDay(next)) named.d = asDay(next);
      else if (by === 1 && asYear(next)) named.y = asYear(next);
      else continue;
      for (let k = Math.min(i, j); k <= Math.max(i, j); k += 1) used.add(k);
    }
    const after = i + 2;
    if (named.d && !named.y && used.has(i + 1) && asYear(found[after] || "")) {
      named.y = asYear(found[after]);
      used.add(after);
    }
    if (named.d || named.y) dates.push(named);
  });
  return { words: found.filter((_, i) => !used.has(i)), dates };
}

const onDate = (note, { d, m, y }) => {
  const day = dayName(dayOf(note));
  return day.m === m && (!d || day.d === d) && (!y || day.y === y);
};

let sought = { words: [], dates: [] };  // what the list was searched for last

function matching({ words, speaker, status, starred }) {
  sought = parseSearch(words);
  messageHits.clear();
  return notes.filter((note) => {
    if (starred && !note.starred) return false;
    if (status === "there" ? note.folder < 0 : status !== "" && note.status !== Number(status)) return false;
    if (speaker === "owner" ? !isMine(note) : speaker === "others" && isMine(note)) return false;
    if (speaker.startsWith("=") && note.speaker.key !== speaker.slice(1)) return false;
    return sought.dates.every((date) => onDate(note, date)) && sought.words.every((word) =>
      namesText(note).includes(word) || saidText(note).includes(word) || isAround(note, word));
  });
}

const isHit = (word) => sought.words.some((wanted) => fold(word).includes(wanted));
/** Something sought is found only in what is around the note. */
const onlyAround = (note) => sought.words.some((word) =>
  !namesText(note).includes(word) && !saidText(note).includes(word) && isAround(note, word));
