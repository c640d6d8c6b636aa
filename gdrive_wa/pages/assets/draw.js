// Builds the elements one by one, so that no text of a backup is ever read as markup.

const LOUDNESS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const WIDTH = 128, HEIGHT = 32;
const SHAPES = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  none: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM6.5 6.5l11 11",
  star: "M12 4l2.5 5.2 5.7.7-4.2 3.9 1.1 5.6L12 16.6l-5.1 2.8 1.1-5.6-4.2-3.9 5.7-.7z",
  open: "M12 4v11M7 11l5 5 5-5M5 20h14",
};

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function shape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function icon(name, kind = "icon") {
  return shape("svg", { class: kind, viewBox: "0 0 24 24", "aria-hidden": "true" },
    shape("path", { d: SHAPES[name] }));
}

const bdi = (text, kind) => make("bdi", { class: kind || null }, text);

function waveform(note, kind) {
  const size = { class: kind, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  if (!note.wave) return shape("svg", size, shape("path", { class: "bar", d: `M0 16H${WIDTH}` }));
  const step = WIDTH / note.wave.length;
  let bars = "";
  for (let i = 0; i < note.wave.length; i += 1) {
    const x = ((i + 0.5) * step).toFixed(1);
    const half = 0.5 + Math.max(LOUDNESS.indexOf(note.wave[i]), 0) / 63 * 13;
    bars += `M${x} ${(16 - half).toFixed(1)}V${(16 + half).toFixed(1)}`;
  }
  return shape("svg", size, shape("path", { d: bars }));
}

function drawNote(note, { inChat }) {
  const there = playable(note);
  const said = note.speaker.shown;
  return make("li",
    { class: `note${isMine(note) ? " mine" : ""}${there ? "" : " gone"}`, tabindex: "-1",
      "data-note": note.index, "aria-label": `${said}, ${whenText(note)}` },
    there
      ? make("button", { class: "play", type: "button", "aria-label": `Play ${said}, ${whenText(note)}` }, icon("play", "icon solid"))
      : make("span", { class: "play none" }, icon("none")),
    make("div", { class: "body" },
      make("p", { class: "line" },
        bdi(said, "speaker"),
        inChat || note.chat.shown === said ? null : make("span", { class: "in" }, " in ", bdi(note.chat.shown)),
        note.local === null ? null : make("time", { datetime: isoTime(note), title: dayName(dayOf(note)).long }, clockTime(note)),
        note.flags & FORWARDED ? make("span", { class: "mark" }, "forwarded") : null,
        note.flags & VIEW_ONCE ? make("span", { class: "mark" }, "view once") : null),
      there ? drawTrack(note) : null,
      reasonOf(note) ? make("p", { class: "reason" }, reasonOf(note)) : null,
      note.words ? make("p", { class: "words", dir: "auto" }, note.words) : null),
    make("div", { class: "actions" }, drawStar(note), there ? drawLink(note) : null));
}

function drawTrack(note) {
  return make("div", { class: "track" },
    make("span", { class: "wave" },
      make("input", { class: "seek", type: "range", min: "0", max: String(Math.max(note.seconds, 0.1)), step: "0.1", value: "0",
        "aria-label": `Position in ${note.speaker.shown}'s voice note`, "aria-valuetext": `0 seconds of ${spokenLength(note.seconds)}` }),
      waveform(note, "bars")),
    make("span", { class: "length" }, note.seconds ? lengthText(note.seconds) : ""));
}

function drawStar(note) {
  return make("button", { class: "star", type: "button", "aria-pressed": String(note.starred), "aria-label": "Star", title: "Star" }, icon("star"));
}

function drawLink(note) {
  return make("a", { class: "open", href: address(note), download: note.file, target: "_blank", rel: "noopener",
    "aria-label": `Open or save the file ${note.file}`, title: "Open or save the file" }, icon("open"));
}

function reasonOf(note) {
  if (note.broken) return "This browser could not play the file. Try Firefox or Chrome.";
  if (note.status === FAILED) return "The backup contains this recording, but it could not be fetched or opened. Another try or an older key may open it.";
  if (note.folder < 0 && note.status !== MISSING) return "The name of its file is not safe to open.";
  if (note.status === MISSING && note.flags & VIEW_ONCE) return "A view-once note: the backup does not contain the recording.";
  if (note.status === MISSING) return "The chat mentions this note, but this archive does not contain the recording.";
  if (note.status === UNMATCHED) return "A recording without a message: the chats do not say who sent it.";
  if (note.status === MISMATCH) return "This recording differs from the one that the chat describes.";
  return "";
}
