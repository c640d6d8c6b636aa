// Everything around the list: chats, search, filters, the page's address and the reader's place.

const find = (selector) => document.querySelector(selector);
const ui = {
  main: find("main"), nav: find("#chats"), chats: find("#chats ul"), menu: find(".menu"),
  title: find(".heading bdi"), count: find(".count"), nothing: find(".nothing"),
  search: find("#search"), speaker: find("#speaker"), status: find("#status"),
  starred: find(".only-starred"), order: find("#order"), tools: find(".open-tools"),
};
const STATUS_WORDS = [
  ["", t("allNotes")], ["there", t("withRecording")], [String(MISSING), t("recordingMissing")],
  [String(FAILED), t("recordingFailed")], [String(UNMATCHED), t("withoutMessage")], [String(MISMATCH), t("differing")],
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
    const link = make("a", { href }, one === null ? null : face(one),
      make("span", { class: "name" }, bdi(label), hint ? make("small", null, bdi(hint)) : null), count);
    const item = make("li", null, link);
    links.set(one, { link, count, item });
    return item;
  };
  ui.chats.append(entry(null, t("allVoiceNotes"), "", "#"),
    ...byNewest.map((one) => entry(one, one.shown, one.hint, `#${new URLSearchParams({ chat: one.key })}`)));
}

function countChats(list) {
  const counts = new Map([[null, list.length]]);
  for (const note of list) counts.set(note.chat, (counts.get(note.chat) || 0) + 1);
  for (const [one, { link, count, item }] of links) {
    const number = counts.get(one) || 0;
    count.textContent = counted.format(number);
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
  rail.draw(list);
  ui.title.textContent = chat === null ? t("allVoiceNotes") : chat.shown;
  ui.count.textContent = countText(list);
  ui.nothing.hidden = list.length > 0;
  const chosen = [ui.speaker.value, ui.status.value, filters().starred].filter(Boolean).length;
  ui.tools.querySelector(".chosen").textContent = chosen ? counted.format(chosen) : "";
  if (cursor !== null && !timeline.has(cursor)) cursor = null;
  watchScroll();
}

function countText(list) {
  const gone = list.filter((note) => note.folder < 0).length;
  return [t("notes", { n: list.length }), totalText(list), gone ? t("withoutRecording", { n: gone }) : ""]
    .filter((text) => text).join(BETWEEN);
}

const option = (value, text) => make("option", { value }, text);

function drawSpeakers() {
  const before = ui.speaker.value;
  const here = chat === null ? notes : notes.filter((note) => note.chat === chat);
  const others = [...new Set(here.filter((note) => !isMine(note)).map((note) => note.speaker))]
    .sort((a, b) => a.shown.localeCompare(b.shown, LOCALE));
  ui.speaker.replaceChildren(option("", t("everyone")),
    ...(OWNER ? [option("owner", t("thisPhone", { name: isolated(OWNER) })), option("others", t("everyoneBut", { name: isolated(OWNER) }))] : []),
    ...others.map((one) => option(`=${one.key}`, nameAndHint(one))));
  choose(ui.speaker, before);
}

function choose(box, value) {
  box.value = value;
  if (box.selectedIndex < 0) box.value = "";
}

function drawStatuses() {
  const there = new Set(notes.map((note) => String(note.status)));
  if (notes.some((note) => note.folder >= 0) && notes.some((note) => note.folder < 0)) there.add("there");
  ui.status.replaceChildren(...STATUS_WORDS.filter(([value]) => value === "" || there.has(value)).map((pair) => option(...pair)));
  ui.status.parentElement.hidden = ui.status.length < 2;
}

function setFilters({ words = "", speaker = "", status = "", starred = false }) {
  ui.search.value = words;
  choose(ui.speaker, speaker);
  choose(ui.status, status);
  ui.starred.setAttribute("aria-pressed", String(starred));
}

function clear() {
  setFilters({});
  changed();
}

function changed() {
  refresh();
  rememberPlace();
}

// The page's address holds the open chat and the last note

function addressOf(note) {
  const words = chat === null ? { from: note.chat.key, note: noteKey(note) } : { chat: chat.key, note: noteKey(note) };
  return `#${new URLSearchParams(words)}`;
}

function noteOf(words) {
  const home = chats.find((one) => one.key === (words.get("chat") ?? words.get("from")));
  return home && words.has("note") ? notes.find((one) => one.chat === home && noteKey(one) === words.get("note")) : undefined;
}

function follow() {
  const words = new URLSearchParams(location.hash.slice(1));
  const note = noteOf(words);
  chat = chats.find((one) => words.has("chat") && one.key === words.get("chat")) || null;
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
  setAddress(addressOf(note));
  rememberPlace();
}

function setAddress(hash) {
  try {
    history.replaceState(null, "", hash);
  } catch { /* some browsers forbid it for a page opened from disk */ }
}

// The place: chat, filters, note and second

let placedAt = 0;
function rememberPlace() {
  placedAt = Date.now();
  const playing = player.current();
  save({ order: ui.order.value, place: {
    address: location.hash, filters: filters(), when: placedAt,
    playing: playing && starKey(playing), at: playing && Math.round(player.time() * 10) / 10,
  } });
}

function returnToPlace() {
  const { place } = saved;
  const asked = location.hash;
  const address = place === null || typeof place.address !== "string" ? "" : place.address;
  if (place === null || (asked && asked !== address)) return follow();
  if (!asked && address) setAddress(address);
  const words = new URLSearchParams(address.slice(1));
  chat = chats.find((one) => words.has("chat") && one.key === words.get("chat")) || null;
  drawSpeakers();
  setFilters(cleaned(place.filters));
  follow();
  const note = notes.find((one) => starKey(one) === place.playing);
  if (note !== undefined) player.restore(note, Number.isFinite(place.at) ? place.at : 0, timeline.list());
  return undefined;
}

/** Filters from a file or an older page, as far as they are what they should be. */
function cleaned(kept) {
  const text = (value) => typeof value === "string" ? value : "";
  const { words, speaker, status, starred } = isObject(kept) ? kept : {};
  return { words: text(words), speaker: text(speaker), status: text(status), starred: starred === true };
}

// Events

function watchScroll() {
  if (watchScroll.waiting) return;
  watchScroll.waiting = true;
  requestAnimationFrame(() => {
    watchScroll.waiting = false;
    rail.mark(timeline.firstVisible());
  });
}
addEventListener("scroll", watchScroll, { passive: true });

let waiting = 0;
ui.search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 120); });
find(".search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  changed();
  ui.main.focus({ preventScroll: true });  // keys control the player again, and a phone hides its keyboard
});
for (const box of [ui.speaker, ui.status, ui.order]) box.addEventListener("change", changed);
ui.starred.addEventListener("click", () => {
  ui.starred.setAttribute("aria-pressed", String(!filters().starred));
  changed();
});
find(".nothing .clear").addEventListener("click", clear);
rail.whenChosen((first, done) => {
  if (done) dialogs.close();
  cursor = first;
  timeline.reveal(first, "start");
});

timeline.holder.addEventListener("click", (event) => {
  const note = timeline.of(event.target);
  if (note === null) return;
  const on = (selector) => event.target.closest(selector);
  if (on("button.play")) start(note);
  else if (on("button.star")) toggleStar(note);
  else if (on(".word")) playWord(note, on(".word"));
  else if (on("button.fold")) redrawWith(note, "button.fold", () => { note.unfolded = !isUnfolded(note); });
  else if (on("button.whole")) redrawWith(note, "button.whole", () => { note.whole = !note.whole; });
});
timeline.holder.addEventListener("input", (event) => {
  const note = timeline.of(event.target);
  const at = Number(event.target.value);
  if (note === player.current()) player.seek(at);
  else player.play(note, { at, from: timeline.list() });
});

function redrawWith(note, button, change) {
  change();
  timeline.redraw(note);
  timeline.row(note).querySelector(button).focus({ preventScroll: true });
}

function playWord(note, word) {
  if (String(getSelection())) return;  // text is being selected, not pressed
  const { seconds } = wordsOf(note)[Number(word.dataset.wordAt)];
  player.play(note, { at: seconds, from: note === player.current() ? null : timeline.list() });
}

function start(note) {
  if (note === player.current()) player.toggle();
  else player.play(note, { from: timeline.list() });
}

function toggleStar(note) {
  star(note);
  const button = timeline.row(note).querySelector(".star");
  button.setAttribute("aria-pressed", String(note.starred));
  announce(t(note.starred ? "nowStarred" : "nowNotStarred"));
}

player.whenMoved((note, before, asked = false) => {
  queuePanel.follow();
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
player.whenPlaced((now) => { if (now || Date.now() - placedAt > 2000) rememberPlace(); });
