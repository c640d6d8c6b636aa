// The notes from the page's data (see page_data.py), with their times and what is around them.

const FROM_ME = 1, STARRED = 2, FORWARDED = 4, VIEW_ONCE = 8;
const RESTORED = 0, MISSING = 1, UNMATCHED = 2, MISMATCH = 3, FAILED = 4;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const TICKS = 50;
const NO_DAY = Infinity;

const chats = given.chats.map(([jid, name], index) => ({ index, jid, name, key: jid || name }));
const people = given.people.map(([jid, name], index) => ({ index, jid, name, key: jid || name }));

const DIGIT_AT = new Uint8Array(128);
for (let i = 0; i < DIGITS.length; i += 1) DIGIT_AT[DIGITS.charCodeAt(i)] = i;

/** Numbers from the text that page_words.py makes of them. */
function numbersOf(text) {
  const numbers = [];
  let number = 0, place = 1;
  for (let i = 0; i < text.length; i += 1) {
    const digit = DIGIT_AT[text.charCodeAt(i)];
    number += (digit & 31) * place;
    place *= 32;
    if (digit < 32) {
      numbers.push(number);
      number = 0;
      place = 1;
    }
  }
  return numbers;
}

/** A number that may be negative, from one that is not. */
const signed = (number) => number % 2 ? -(number + 1) / 2 : number / 2;

// The messages around all notes: columns instead of objects, of which there would be 100 000.
const messages = { texts: given.messages, count: given.messages.length };
messages.names = new Uint32Array(messages.count);
messages.times = new Float64Array(messages.count);
messages.kinds = new Uint8Array(messages.count);
{
  const about = numbersOf(given.about);
  for (let i = 0, clock = 0; i < messages.count; i += 1) {
    messages.names[i] = about[3 * i];
    messages.times[i] = about[3 * i + 1] ? clock += signed(about[3 * i + 1] - 1) : NaN;
    messages.kinds[i] = about[3 * i + 2];
  }
}

function messageAt(i) {
  const local = messages.times[i];
  return {
    name: given.names[messages.names[i]], local: Number.isNaN(local) ? null : local,
    text: messages.texts[i], kind: given.kinds[messages.kinds[i]], file: given.files[i] ?? "",
  };
}

class Note {
  constructor(row, index) {
    this.index = index;
    this.chat = chats[row[0]];
    this.speaker = people[row[1]];
    this.flags = row[2];
    this.local = row[3];
    this.ahead = row[4];
    this.seconds = row[5];
    this.folder = row[6];
    this.name = row[7];
    this.status = row[8];
    this.id = row[9];
    this.wave = row[10];
    this.words = row[11];
    this.source = given.sources[row[12] || 0];
    this.starts = row[13] || "";
    this.spans = row[14] || "";
    this.around = row[15] || null;
    this.starred = (row[2] & STARRED) !== 0;
    this.broken = this.silent = this.unfolded = this.whole = false;
  }

  get file() {
    if (typeof this.name === "string") return this.name;
    const start = new Date(this.local * 1000).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
    return `${start} ${given.endings[this.name]}`;
  }

  /** The numbers of the messages before and after. */
  get places() {
    if (this.around === null) return [[], []];
    const [before, after, first, ...steps] = numbersOf(typeof this.around === "string" ? this.around : this.around[0]);
    const places = before + after ? [first] : [];
    for (const step of steps) places.push(places[places.length - 1] + 1 + signed(step));
    return [places.slice(0, before), places.slice(before)];
  }

  get before() { return this.places[0].map(messageAt); }
  get after() { return this.places[1].map(messageAt); }
  get reply() {
    const reply = Array.isArray(this.around) && this.around[1];
    return reply ? { name: given.names[reply[0]], text: reply[1] } : null;
  }
  get reactions() {
    return Array.isArray(this.around) ? this.around[2].map(([name, emoji]) => ({ name: given.names[name], emoji })) : [];
  }
}

const OUR_NAMES = { Unknown: "unknown", "Unknown chat": "unknownChat", Unmatched: "unmatched" };
/** The name in the reader's language of who or what has none, which the program named in English. */
function ourName({ jid, name }) {
  return ["", "unknown@unknown"].includes(jid || "") && Object.hasOwn(OUR_NAMES, name) ? t(OUR_NAMES[name]) : "";
}

const notes = given.notes.map((row, index) => new Note(row, index));
given.notes = given.messages = given.about = null;
for (const kind of [chats, people]) {
  const seen = new Map();
  for (const one of kind) seen.set(one.name, (seen.get(one.name) || 0) + 1);
  for (const one of kind) {
    one.shown = ourName(one) || one.name.trim() || t("noName");
    one.twin = seen.get(one.name) > 1;
    one.hint = one.twin ? one.jid : "";  // shown when two have the same name
  }
}

/** Name and hint as plain text. */
const nameAndHint = (one) => one.hint ? `${isolated(one.shown)} (${isolated(one.hint)})` : isolated(one.shown);

const playable = (note) => note.folder >= 0 && !note.broken;
const isMine = (note) => (note.flags & FROM_ME) !== 0;
const noteKey = (note) => note.id || note.file;
const starKey = (note) => `${note.chat.key}/${noteKey(note)}`;

const relative = (path) => "./" + path.split("/").filter((part) => part).map(encodeURIComponent).join("/");
const address = (note) => relative(`${given.folders[note.folder]}/${note.file}`);

// Stars

function takeStars() {
  for (const note of notes) {
    const choice = saved.stars[starKey(note)];
    if (choice !== undefined) note.starred = choice[0] === 1;
  }
}
takeStars();

function star(note) {
  note.starred = !note.starred;
  save({}, { [starKey(note)]: [note.starred ? 1 : 0, Date.now()] });
}

// Times: `local` counts seconds of the listener's local time, so its date is read as if in UTC.

const pad2 = (number) => String(number).padStart(2, "0");
const dayOf = (note) => note.local === null ? NO_DAY : Math.floor(note.local / 86400);
const monthOf = (note) => dayName(dayOf(note)).month;
const formatter = (options) => new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", calendar: "gregory", ...options });
const longDay = formatter({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortDay = formatter({ day: "numeric", month: "short", year: "numeric" });
const monthLong = formatter({ month: "long" }), monthShort = formatter({ month: "short" });
const yearOnly = formatter({ year: "numeric" });
const hourMinute = formatter({ timeStyle: "short" });

const dayNames = new Map();
function dayName(day) {
  let names = dayNames.get(day);
  if (names === undefined) {
    names = day === NO_DAY ? { long: t("dateUnknown"), month: "", search: "" } : spell(new Date(day * 86400000));
    dayNames.set(day, names);
  }
  return names;
}

function spell(date) {
  const [d, m, y] = [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear()];
  const long = longDay.format(date);
  return { d, m, y, long, short: shortDay.format(date), month: `${y}-${pad2(m)}`, search: fold(`${long} ${y}-${pad2(m)}-${pad2(d)}`) };
}

const clockOf = (local) => local === null ? "" : hourMinute.format(local * 1000);
const clockTime = (note) => clockOf(note.local);
const plainClock = (local) => local === null ? "" : new Date(local * 1000).toISOString().slice(-13, -8);

function isoTime(note) {
  const sign = note.ahead < 0 ? "-" : "+";
  const ahead = Math.abs(note.ahead);
  const zone = `${sign}${pad2(Math.floor(ahead / 60))}:${pad2(ahead % 60)}`;
  return new Date(note.local * 1000).toISOString().slice(0, 19) + zone;
}

const whenText = (note) =>
  note.local === null ? t("dateUnknown") : t("when", { day: dayName(dayOf(note)).long, time: clockTime(note) });

function lengthText(seconds) {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return [...(hours ? [counted.format(hours), counted2.format(minutes)] : [counted.format(minutes)]), counted2.format(whole % 60)].join(":");
}

/** How far a note is, to be shown from left to right like its waveform, whatever digits the reader has. */
const progressText = (now, all) => `${lengthText(now)}${RIGHT_TO_LEFT ? "\u200e / \u200e" : " / "}${lengthText(all)}`;

function spokenLength(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  const said = [];
  if (minutes) said.push(t("minutes", { n: minutes }));
  if (rest || !minutes) said.push(t("seconds", { n: rest }));
  return joined.format(said);
}

function totalText(list) {
  const seconds = list.reduce((sum, note) => sum + (note.folder < 0 ? 0 : note.seconds), 0);
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return t("shortSeconds", { s: Math.round(seconds) });
  if (minutes < 60) return t("shortMinutes", { m: minutes });
  return t("shortHours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}
