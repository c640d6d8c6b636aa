// A note of the list.

const WIDTH = 128, HEIGHT = 32;

function waveform(note, kind) {
  const size = { class: kind, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  if (!note.wave) return shape("svg", size, shape("path", { class: "bar", d: `M0 16H${WIDTH}` }));
  const step = WIDTH / note.wave.length;
  let bars = "";
  for (let i = 0; i < note.wave.length; i += 1) {
    const x = ((i + 0.5) * step).toFixed(1);
    const half = 0.5 + Math.max(DIGITS.indexOf(note.wave[i]), 0) / 63 * 13;
    bars += `M${x} ${(16 - half).toFixed(1)}V${(16 + half).toFixed(1)}`;
  }
  return shape("svg", size, shape("path", { d: bars }));
}

/** In which chat the note is; to whom, where the owner spoke to one person. */
function chatParts(note) {
  const direct = isMine(note) && /@(s\.whatsapp\.net|lid)$/.test(note.chat.jid);
  return parts(direct ? "toChat" : "inChat", { chat: bdi(note.chat.shown) });
}

function drawNote(note, { inChat }) {
  const there = playable(note);
  const said = note.speaker.shown;
  return make("li",
    { class: `note${isMine(note) ? " mine" : ""}${there ? "" : " gone"}`, tabindex: "-1",
      "data-note": note.index, "aria-label": t("noteName", { name: said, when: whenText(note) }) },
    there
      ? make("button", { class: "play", type: "button", "aria-label": t("playNote", { name: said, when: whenText(note) }) }, icon("play", "icon solid"))
      : make("span", { class: "play none" }, icon("none")),
    make("div", { class: "body" },
      make("p", { class: "line" },
        face(note.speaker), bdi(said, "speaker"),
        inChat || note.chat.shown === said ? null : make("span", { class: "in" }, ...chatParts(note)),
        note.local === null ? null : make("time", { datetime: isoTime(note), title: dayName(dayOf(note)).long }, clockTime(note)),
        note.flags & FORWARDED ? make("span", { class: "mark" }, t("forwarded")) : null,
        note.flags & VIEW_ONCE ? make("span", { class: "mark" }, t("viewOnce")) : null),
      drawReply(note),
      drawMessages(note, note.before, "before"),
      there ? drawTrack(note) : null,
      reasonOf(note) ? make("p", { class: "reason" }, reasonOf(note)) : null,
      note.words ? drawSaid(note) : null,
      drawReactions(note),
      drawMessages(note, note.after, "after"),
      drawFold(note)),
    make("div", { class: "actions" }, drawStar(note), there ? drawLink(note) : null));
}

function drawTrack(note) {
  return make("div", { class: "track", dir: "ltr" },
    make("span", { class: "wave" },
      make("input", { class: "seek", type: "range", min: "0", max: String(Math.max(note.seconds, 0.1)), step: "0.1", value: "0",
        "aria-label": t("position", { name: note.speaker.shown }), "aria-valuetext": t("of", { now: spokenLength(0), all: spokenLength(note.seconds) }) }),
      waveform(note, "bars")),
    make("span", { class: "length" }, note.seconds ? lengthText(note.seconds) : ""));
}

function drawStar(note) {
  return make("button", { class: "star", type: "button", "aria-pressed": String(note.starred), "aria-label": t("star"), title: t("star") }, icon("star"));
}

function drawLink(note) {
  return make("a", { class: "open", href: address(note), download: note.file, target: "_blank", rel: "noopener",
    "aria-label": t("openFile", { file: note.file }), title: t("openTitle") }, icon("open"));
}

function reasonOf(note) {
  if (note.broken) return t("reasonBroken");
  if (note.silent) return t("reasonNoSound");
  if (note.status === FAILED) return t("reasonFailed");
  if (note.folder < 0 && note.status !== MISSING) return t("reasonUnsafe");
  if (note.status === MISSING && note.flags & VIEW_ONCE) return t("reasonViewOnce");
  if (note.status === MISSING) return t("reasonMissing");
  if (note.status === UNMATCHED) return t("reasonUnmatched");
  if (note.status === MISMATCH) return t("reasonMismatch");
  return "";
}
