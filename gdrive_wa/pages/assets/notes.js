// The notes from the page's data (see page_data.py), with their times, search and saved settings.

const FROM_ME = 1, STARRED = 2, FORWARDED = 4, VIEW_ONCE = 8;
const RESTORED = 0, MISSING = 1, UNMATCHED = 2, MISMATCH = 3, FAILED = 4;
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const NO_DAY = Infinity;

const given = JSON.parse(document.getElementById("data").textContent);
const chats = given.chats.map(([jid, name], index) => ({ index, jid, name, key: jid || name }));
const people = given.people.map(([jid, name], index) => ({ index, jid, name }));
const notes = given.notes.map((row, index) => ({
  index,
  chat: chats[row[0]],
  speaker: people[row[1]],
  flags: row[2],
  local: row[3],
  ahead: row[4],
  seconds: row[5],
  folder: row[6],
  file: row[7],
  status: row[8],
  id: row[9],
  wave: row[10],
  words: row[11],
  starred: (row[2] & STARRED) !== 0,
  broken: false,
}));
for (const kind of [chats, people]) {
  const seen = new Map();
  for (const one of kind) seen.set(one.name, (seen.get(one.name) || 0) + 1);
  for (const one of kind) {
    one.shown = one.name.trim() || "(no name)";
    one.hint = seen.get(one.name) > 1 ? one.jid : "";  // shown when two have the same name
  }
}

const playable = (note) => note.folder >= 0 && !note.broken;
const isMine = (note) => (note.flags & FROM_ME) !== 0;
const noteKey = (note) => note.id || note.file;

function address(note) {
  const parts = given.folders[note.folder].split("/").concat(note.file).filter((part) => part);
  return "./" + parts.map(encodeURIComponent).join("/");
}

// Times: `local` counts seconds of the listener's local time, so its date is read as if in UTC.

const pad2 = (number) => String(number).padStart(2, "0");
const dayOf = (note) => note.local === null ? NO_DAY : Math.floor(note.local / 86400);
const monthOf = (note) => dayName(dayOf(note)).month;

const dayNames = new Map();
function dayName(day) {
  let names = dayNames.get(day);
  if (names === undefined) {
    names = day === NO_DAY ? { long: "Date unknown", month: "Date unknown", search: "" } : spell(day);
    dayNames.set(day, names);
  }
  return names;
}

function spell(day) {
  const date = new Date(day * 86400000);
  const [d, m, y] = [date.getUTCDate(), date.getUTCMonth(), date.getUTCFullYear()];
  const month = `${MONTHS[m]} ${y}`;
  const long = `${DAYS[date.getUTCDay()]}, ${d} ${month}`;
  const iso = `${y}-${pad2(m + 1)}-${pad2(d)}`;
  const numbers = `${iso} ${pad2(d)}.${pad2(m + 1)}.${y} ${d}.${m + 1}.${y} ${pad2(d)}/${pad2(m + 1)}/${y}`;
  return { long, month, iso, search: fold(`${long} ${numbers}`) };
}

function clockTime(note) {
  if (note.local === null) return "";
  const minutes = Math.floor(note.local / 60) % 1440;
  const past = minutes < 0 ? minutes + 1440 : minutes;  // times before 1970
  return `${pad2(Math.floor(past / 60))}:${pad2(past % 60)}`;
}

function isoTime(note) {
  const sign = note.ahead < 0 ? "-" : "+";
  const ahead = Math.abs(note.ahead);
  const zone = `${sign}${pad2(Math.floor(ahead / 60))}:${pad2(ahead % 60)}`;
  return new Date(note.local * 1000).toISOString().slice(0, 19) + zone;
}

const whenText = (note) =>
  note.local === null ? "date unknown" : `${dayName(dayOf(note)).long}, ${clockTime(note)}`;

function lengthText(seconds) {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad2(minutes)}:${pad2(whole % 60)}` : `${minutes}:${pad2(whole % 60)}`;
}

function spokenLength(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  const parts = [];
  if (minutes) parts.push(minutes === 1 ? "1 minute" : `${minutes} minutes`);
  if (rest || !minutes) parts.push(rest === 1 ? "1 second" : `${rest} seconds`);
  return parts.join(" ");
}

function totalText(list) {
  const seconds = list.reduce((sum, note) => sum + (note.folder < 0 ? 0 : note.seconds), 0);
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60).toLocaleString("en")} h ${minutes % 60} min`;
}

// Search ignores case, accents and the way a letter is encoded.

const LETTERS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ς: "σ" };

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[ßæœøłđðþıς]/g, (letter) => LETTERS[letter]);
}

const haystacks = new Array(notes.length);
function haystack(note) {
  let text = haystacks[note.index];
  if (text === undefined) {
    for (const one of [note.chat, note.speaker]) {
      if (one.folded === undefined) one.folded = fold(`${one.name} ${one.jid.split("@")[0]}`);
    }
    const when = `${dayName(dayOf(note)).search} ${clockTime(note)}`;
    text = `${note.speaker.folded}\n${note.chat.folded}\n${when}\n${note.words && fold(note.words)}`;
    haystacks[note.index] = text;
  }
  return text;
}

function matching({ words, speaker, status, starred }) {
  const wanted = fold(words).split(/\s+/).filter((word) => word);
  return notes.filter((note) => {
    if (starred && !note.starred) return false;
    if (status === "there" ? note.folder < 0 : status !== "" && note.status !== Number(status)) return false;
    if (speaker === "owner" ? !isMine(note) : speaker === "others" && isMine(note)) return false;
    if (/^\d+$/.test(speaker) && note.speaker.index !== Number(speaker)) return false;
    if (wanted.length === 0) return true;
    const text = haystack(note);
    return wanted.every((word) => text.includes(word));
  });
}

// Settings saved between visits. Some browsers save nothing for a page opened from disk.

const STORAGE_KEY = `gdrive-wa ${location.pathname}`;
const saved = loadSaved();

function loadSaved() {
  try {
    const all = JSON.parse(localStorage.getItem(STORAGE_KEY));
    if (all && typeof all === "object" && all.stars && typeof all.stars === "object") return all;
  } catch { /* nothing saved, or not readable */ }
  return { stars: {} };
}

function save(changes, stars = {}) {
  const now = loadSaved();  // another window may have saved something in the meantime
  Object.assign(saved, now, changes, { stars: { ...saved.stars, ...now.stars, ...stars } });
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(saved));
  } catch { /* this browser does not save settings for a page opened from disk */ }
}

const starKey = (note) => `${note.chat.key}/${noteKey(note)}`;
for (const note of notes) {
  const choice = Object.hasOwn(saved.stars, starKey(note)) ? saved.stars[starKey(note)] : undefined;
  if (choice !== undefined) note.starred = Boolean(choice);
}

function star(note) {
  note.starred = !note.starred;
  save({}, { [starKey(note)]: note.starred ? 1 : 0 });
}
