// Everything around the list: chats, search, filters, the page's address, the keyboard.

const find = (selector) => document.querySelector(selector);
const ui = {
  main: find("main"), nav: find("#chats"), chats: find("#chats ul"), menu: find(".menu"),
  title: find(".heading bdi"), count: find(".count"), nothing: find(".nothing"),
  search: find("#search"), speaker: find("#speaker"), status: find("#status"),
  starred: find(".only-starred"), month: find("#month"), order: find("#order"),
};
const STATUS_WORDS = [
  ["", "All notes"], ["there", "With a recording"], [String(MISSING), "Recording missing"],
  [String(FAILED), "Recording not opened"],
  [String(UNMATCHED), "Without a message"], [String(MISMATCH), "Differing recording"],
];
const OWNER = (notes.find(isMine) || { speaker: { shown: "" } }).speaker.shown;

let chat = null;  // null: all chats
let cursor = null;  // the note from which J and K move

// Chats

const links = new Map();
const newest = new Map();
for (const note of notes) newest.set(note.chat, Math.max(newest.get(note.chat) ?? -Infinity, note.local ?? -Infinity));
const byNewest = [...chats].sort((a, b) => newest.get(b) - newest.get(a) || a.index - b.index);

function drawChats() {
  const entry = (one, label, hint, href) => {
    const count = make("span", { class: "number" });
    const link = make("a", { href }, make("span", { class: "name" }, bdi(label), hint ? make("small", null, bdi(hint)) : null), count);
    const item = make("li", null, link);
    links.set(one, { link, count, item });
    return item;
  };
  ui.chats.append(entry(null, "All voice notes", "", "#"),
    ...byNewest.map((one) => entry(one, one.shown, one.hint, `#${new URLSearchParams({ chat: one.key })}`)));
}

function countChats(list) {
  const counts = new Map([[null, list.length]]);
  for (const note of list) counts.set(note.chat, (counts.get(note.chat) || 0) + 1);
  for (const [one, { link, count, item }] of links) {
    const number = counts.get(one) || 0;
    count.textContent = number.toLocaleString("en");
    item.hidden = number === 0 && one !== null && one !== chat;
    if (one === chat) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// Show the chosen notes

const filters = () => ({
  words: ui.search.value, speaker: ui.speaker.value, status: ui.status.value,
  starred: ui.starred.getAttribute("aria-pressed") === "true",
});

function refresh() {
  const found = matching(filters());
  const list = chat === null ? [...found] : found.filter((note) => note.chat === chat);
  if (ui.order.value === "down") list.reverse();
  countChats(found);
  timeline.show(list, { inChat: chat !== null });
  drawMonths(list);
  ui.title.textContent = chat === null ? "All voice notes" : chat.shown;
  ui.count.textContent = countText(list);
  ui.nothing.hidden = list.length > 0;
  if (cursor !== null && !timeline.has(cursor)) cursor = null;
}

function countText(list) {
  const gone = list.filter((note) => note.folder < 0).length;
  const many = `${list.length.toLocaleString("en")} voice note${list.length === 1 ? "" : "s"}`;
  return [many, totalText(list), gone ? `${gone.toLocaleString("en")} without a recording` : ""]
    .filter((text) => text).join(" · ");
}

const option = (value, text) => make("option", { value }, text);

function drawSpeakers() {
  const before = ui.speaker.value;
  const here = chat === null ? notes : notes.filter((note) => note.chat === chat);
  const others = [...new Set(here.filter((note) => !isMine(note)).map((note) => note.speaker))]
    .sort((a, b) => a.shown.localeCompare(b.shown));
  ui.speaker.replaceChildren(option("", "Everyone"),
    ...(OWNER ? [option("owner", `${OWNER} (this phone)`), option("others", `Everyone but ${OWNER}`)] : []),
    ...others.map((one) => option(String(one.index), one.hint ? `${one.shown} (${one.hint})` : one.shown)));
  ui.speaker.value = before;
  if (ui.speaker.selectedIndex < 0) ui.speaker.value = "";
}

function drawStatuses() {
  const there = new Set(notes.map((note) => String(note.status)));
  if (notes.some((note) => note.folder >= 0) && notes.some((note) => note.folder < 0)) there.add("there");
  ui.status.replaceChildren(...STATUS_WORDS.filter(([value]) => value === "" || there.has(value)).map((pair) => option(...pair)));
  ui.status.hidden = ui.status.length < 2;
}

function drawMonths(list) {
  const months = new Map();
  for (const note of list) months.set(monthOf(note), (months.get(monthOf(note)) || 0) + 1);
  ui.month.replaceChildren(option("", "Go to a month"),
    ...[...months].map(([month, count]) => option(month, `${month} (${count.toLocaleString("en")})`)));
  ui.month.hidden = months.size < 2;
}

function clear() {
  ui.search.value = ui.speaker.value = ui.status.value = "";
  ui.starred.setAttribute("aria-pressed", "false");
  refresh();
}

// The page's address holds the open chat and the last note

function addressOf(note) {
  const words = chat === null ? { from: note.chat.key, note: noteKey(note) } : { chat: chat.key, note: noteKey(note) };
  return `#${new URLSearchParams(words)}`;
}

function follow() {
  const words = new URLSearchParams(location.hash.slice(1));
  const named = (key) => chats.find((one) => words.has(key) && one.key === words.get(key));
  const home = named("chat") || named("from");
  const note = home && words.has("note") && notes.find((one) => one.chat === home && noteKey(one) === words.get("note"));
  chat = named("chat") || null;
  drawSpeakers();
  refresh();
  if (note && !timeline.has(note)) clear();  // a filter hides the note in the address
  if (note) select(note, "center");
  else scrollTo(0, 0);
}

function select(note, block) {
  cursor = note;
  const row = timeline.reveal(note, block);
  if (row === null) return;
  (row.querySelector("button.play") || row).focus({ preventScroll: true });
  remember(note);
}

function remember(note) {
  try {
    history.replaceState(null, "", addressOf(note));
  } catch { /* some browsers forbid it for a page opened from disk */ }
}

// Events

drawChats();
drawStatuses();
ui.order.value = saved.order === "down" ? "down" : "up";
addEventListener("hashchange", () => { openMenu(false); follow(); });
find(".skip").addEventListener("click", (event) => { event.preventDefault(); ui.main.focus(); });

let waiting = 0;
ui.search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 120); });
find(".search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  refresh();
  ui.main.focus({ preventScroll: true });  // keys control the player again, and a phone hides its keyboard
});
for (const box of [ui.speaker, ui.status]) box.addEventListener("change", refresh);
ui.order.addEventListener("change", () => { save({ order: ui.order.value }); refresh(); });
ui.starred.addEventListener("click", () => {
  ui.starred.setAttribute("aria-pressed", String(ui.starred.getAttribute("aria-pressed") !== "true"));
  refresh();
});
find(".clear").addEventListener("click", clear);
ui.month.addEventListener("change", () => {
  const first = timeline.list().find((note) => monthOf(note) === ui.month.value);
  ui.month.value = "";
  if (first !== undefined) { cursor = first; timeline.reveal(first, "start"); }
});

timeline.holder.addEventListener("click", (event) => {
  const note = timeline.of(event.target);
  if (note === null) return;
  if (event.target.closest("button.play")) start(note);
  else if (event.target.closest("button.star")) toggleStar(note);
});
timeline.holder.addEventListener("input", (event) => {
  const note = timeline.of(event.target);
  const at = Number(event.target.value);
  if (note === player.current()) player.seek(at);
  else player.play(note, { at, from: timeline.list() });
});

function start(note) {
  if (note === player.current()) player.toggle();
  else player.play(note, { from: timeline.list() });
}

function toggleStar(note) {
  star(note);
  const button = timeline.row(note).querySelector(".star");
  button.setAttribute("aria-pressed", String(note.starred));
  announce(note.starred ? "Starred" : "Not starred");
}

player.whenMoved((note, before, asked = false) => {
  if (asked && !timeline.has(note)) {
    chat = note.chat;
    drawSpeakers();
    clear();
  }
  if (!timeline.has(note)) return;
  const wasThere = before !== null && timeline.row(before)?.contains(document.activeElement);
  cursor = note;
  if (asked || wasThere) select(note, "nearest");  // the focus follows the player
  remember(note);
});

function openMenu(open) {
  document.body.classList.toggle("menu-open", open);
  ui.menu.setAttribute("aria-expanded", String(open));
  if (open) ui.nav.querySelector("[aria-current]").focus();
}
ui.menu.addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));

function step(by) {
  const next = cursor === null ? timeline.firstVisible() : timeline.neighbour(cursor, by);
  if (next !== undefined) select(next, "nearest");
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  s: () => cursor !== null && timeline.row(cursor) && toggleStar(cursor),
  "/": () => ui.search.focus(),
  ArrowLeft: () => player.seek(player.audio.currentTime - 5),
  ArrowRight: () => player.seek(player.audio.currentTime + 5),
  " ": () => {
    if (player.current() !== null) player.toggle();
    else if (timeline.list().length) start(cursor || timeline.list().find(playable) || timeline.list()[0]);
  },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const on = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape") {
    if (document.body.classList.contains("menu-open")) { openMenu(false); ui.menu.focus(); }
    else if (on === ui.search && ui.search.value) {
      event.preventDefault();  // the browser would clear it too, and send a late event
      clearTimeout(waiting);
      ui.search.value = "";
      refresh();
    }
    else if (on === ui.search) ui.main.focus({ preventScroll: true });
    return;
  }
  const seeker = on.classList.contains("seek");
  if (on.closest("input, select, textarea") && !seeker) return;
  if (event.key === " " && (event.shiftKey || on.closest("button, a, summary"))) return;
  if (seeker && event.key.startsWith("Arrow") && timeline.of(on) !== player.current()) return;
  const answer = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (answer === undefined) return;
  event.preventDefault();
  answer();
});

follow();
