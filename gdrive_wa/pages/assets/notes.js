// The notes from the page's data (see page_data.py), with their times and what is around them.

const FROM_ME = 1, STARRED = 2, FORWARDED = 4, VIEW_ONCE = 8;
const RESTORED = 0, MISSING = 1, UNMATCHED = 2, MISMATCH = 3, FAILED = 4;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const TICKS = 50;
const NO_DAY = Infinity;

const chats = given.chats.map(([jid, name], index) => ({ index, jid, name, key: jid || name }));
const people = given.people.map(([jid, name], index) => ({ index, jid, name, key: jid || name }));
const messages = given.messages.map(([name, since, text, kind = 0, file = ""]) =>
  ({ name: given.names[name], local: since, text, kind: given.kinds[kind], file }));
let clock = 0;
for (const message of messages) {
  if (message.local !== null) message.local = clock += message.local;
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
    this.file = row[7];
    this.status = row[8];
    this.id = row[9];
    this.wave = row[10];
    this.words = row[11];
    this.source = given.sources[row[12] || 0];
    this.starts = row[13] || "";
    this.spans = row[14] || "";
    this.around = row[15] || null;
    this.starred = (row[2] & STARRED) !== 0;
    this.broken = this.unfolded = this.whole = false;
  }

  get before() { return this.around === null ? [] : this.around[0].map((index) => messages[index]); }
  get after() { return this.around === null ? [] : this.around[1].map((index) => messages[index]); }
  get reply() {
    const reply = this.around && this.around[2];
    return reply ? { name: given.names[reply[0]], text: reply[1] } : null;
  }
  get reactions() {
    return this.around === null ? [] : this.around[3].map(([name, emoji]) => ({ name: given.names[name], emoji }));
  }
}

const OUR_NAMES = { Unknown: "unknown", "Unknown chat": "unknownChat", Unmatched: "unmatched" };
/** The name in the reader's language of who or what has none, which the program named in English. */
function ourName({ jid, name }) {
  return ["", "unknown@unknown"].includes(jid || "") && Object.hasOwn(OUR_NAMES, name) ? t(OUR_NAMES[name]) : "";
}

const notes = given.notes.map((row, index) => new Note(row, index));
given.notes = given.messages = null;
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

/** Numbers from the text that page_words.py makes of them. */
function numbersOf(text) {
  const numbers = [];
  let number = 0, shift = 0;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    number += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit < 32) {
      numbers.push(number);
      number = shift = 0;
    }
  }
  return numbers;
}

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
const hourMinute = formatter({ hour: "2-digit", minute: "2-digit" });

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
