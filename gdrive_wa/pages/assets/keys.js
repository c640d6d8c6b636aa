// The keyboard, the menus, and the first drawing.

function openMenu(open) {
  document.body.classList.toggle("menu-open", open);
  ui.menu.setAttribute("aria-expanded", String(open));
  if (open) ui.nav.querySelector("[aria-current]").focus();
}
ui.menu.addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));
addEventListener("hashchange", () => { openMenu(false); follow(); rememberPlace(); });
find(".skip").addEventListener("click", (event) => { event.preventDefault(); ui.main.focus(); });

// Saving to a file, reading it back, language, printing

const languages = find("#language");
languages.append(...Object.entries(CATALOGUE).map(([tag, { name }]) => make("option", { value: tag, lang: tag }, name)));
languages.value = TAG;
languages.addEventListener("change", () => {
  save({ language: languages.value });
  location.reload();
});

/** A name that no earlier file has, so that an old one is never taken for it. */
function placesName() {
  const now = new Date();
  const [day, time] = new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace(/[-:]/g, "").split("T");
  return `gdrive-wa-stars-${day}-${time}.json`;
}

function savePlaces(name) {
  rememberPlace();
  const url = URL.createObjectURL(new Blob([placesFile()], { type: "application/json" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
find(".save-places").addEventListener("click", () => savePlaces(placesName()));
find(".read-places").addEventListener("click", () => find(".places-file").click());
find(".places-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file === undefined) return;
  const taken = file.size > LARGEST_FILE ? null : takeFile(await file.text());
  find(".read-result").textContent = taken === null ? t("fileUnknown") : t(taken.own ? "fileRead" : "fileOther", { n: taken.stars });
  if (taken === null) return;
  takeStars();
  if (taken.own) returnToPlace();
  else refresh();
});
find(".print").addEventListener("click", () => {
  dialogs.close();
  print();
});
addEventListener("storage", (event) => {
  if (event.key !== STORAGE_KEY) return;
  Object.assign(saved, merged(...stored(), saved));
  takeStars();
  for (const note of notes) timeline.row(note)?.querySelector(".star").setAttribute("aria-pressed", String(note.starred));
});

// Keys

function step(by) {
  const next = cursor === null ? timeline.firstVisible() : timeline.neighbour(cursor, by);
  if (next !== undefined) select(next, "nearest");
}

function stepWord(by) {
  const note = player.current();
  const at = note === null ? null : wordStart(note, player.time(), by);
  if (at !== null) player.seek(at);
}

const press = (selector) => { if (cursor !== null) timeline.row(cursor)?.querySelector(selector)?.click(); };

const PLACES_ON_A_KEYBOARD = { Comma: ",", Period: ".", Slash: "/", Minus: "-", Equal: "+" };
const OTHER_SIGNS = { "؟": "?", "،": "," };

/** The key of an event; of a keyboard with other than Latin letters, what a Latin one has at this place. */
function keyOf({ key, code }) {
  if (key.length > 1) return key;
  if (!/[^\p{Script=Latin}\x00-\x7f]/u.test(key)) return key.toLowerCase();
  return OTHER_SIGNS[key] ?? PLACES_ON_A_KEYBOARD[code] ?? code.replace(/^Key/, "").toLowerCase();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  s: () => press(".star"),
  c: () => press(".fold"),
  n: () => player.go(1),
  p: () => player.go(-1),
  ",": () => stepWord(-1),
  ".": () => stepWord(1),
  "-": () => player.changeSpeed(-1, false),
  "+": () => player.changeSpeed(1, false),
  "?": () => dialogs.open("help"),
  "/": () => ui.search.focus(),
  ArrowLeft: () => player.seek(player.time() - 5),
  ArrowRight: () => player.seek(player.time() + 5),
  " ": () => {
    if (player.current() !== null) player.toggle();
    else if (timeline.list().length) start(cursor || timeline.list().find(playable) || timeline.list()[0]);
  },
};

function leave(event, on) {
  if (document.body.classList.contains("menu-open")) { openMenu(false); ui.menu.focus(); }
  else if (on === ui.search && ui.search.value) {
    event.preventDefault();  // the browser would clear it too, and send a late event
    clearTimeout(waiting);
    ui.search.value = "";
    changed();
  }
  else if (on === ui.search) ui.main.focus({ preventScroll: true });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialogs.isOpen()) return;
  const on = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape") return leave(event, on);
  const seeker = on.matches(".seek, .scrubber");
  if (on.closest("input, select, textarea") && !seeker) return;
  if (event.key === " " && (event.shiftKey || on.closest("button, a, summary"))) return;
  if (on.classList.contains("seek") && event.key.startsWith("Arrow") && timeline.of(on) !== player.current()) return;
  const answer = KEYS[keyOf(event)];
  if (answer === undefined) return;
  event.preventDefault();
  answer();
});

drawChats();
drawStatuses();
ui.order.value = saved.order === "down" ? "down" : "up";
returnToPlace();
