// The hour of a note: what it answers, what was written around it, and who reacted.

const KINDS = {
  image: "kindPhoto", photo: "kindPhoto", video: "kindVideo", gif: "kindVideo", voice: "kindVoice", audio: "kindAudio",
  document: "kindDocument", sticker: "kindSticker", location: "kindLocation", contact: "kindContact",
  deleted: "kindDeleted", call: "kindCall", poll: "kindPoll",
};
const kindText = (kind) => t(Object.hasOwn(KINDS, kind) ? KINDS[kind] : "kindOther");
const isPhoto = (message) => ["image", "photo", "sticker"].includes(message.kind);

function drawReply(note) {
  return note.reply === null ? null : make("p", { class: "reply" },
    make("span", { class: "quiet-text" }, ...parts("answers", { name: bdi(note.reply.name || t("noName")) })),
    make("q", { dir: "auto" }, ...marked(note.reply.text)));
}

function drawReactions(note) {
  if (note.reactions.length === 0) return null;
  return make("ul", { class: "reactions", "aria-label": t("reactions") }, ...note.reactions.map(({ name, emoji }) =>
    make("li", null, emoji, " ", bdi(name, "quiet-text"))));
}

const isUnfolded = (note) => note.unfolded || onlyAround(note);

function drawFold(note) {
  const number = note.places.flat().length;
  if (number === 0) return null;
  return make("button", { class: "fold link", type: "button", "aria-expanded": String(isUnfolded(note)) },
    icon("around"), t("around", { n: number }));
}

function drawMessages(note, list, kind) {
  if (!isUnfolded(note) || list.length === 0) return null;
  return make("ol", { class: `messages ${kind}`, role: "list", "aria-label": t(kind) },
    ...list.map((message) => make("li", null,
      make("p", { class: "line" },
        bdi(message.name || t("noName"), "speaker"),
        message.local === null ? null : make("span", { class: "quiet-text" }, clockOf(message.local))),
      isPhoto(message) && message.file
        ? make("a", { href: relative(message.file), target: "_blank", rel: "noopener" },
          make("img", { class: "photo", src: relative(message.file), alt: kindText(message.kind), loading: "lazy" }))
        : message.kind === "text" ? null : make("p", { class: "quiet-text" }, message.file
          ? make("a", { href: relative(message.file), target: "_blank", rel: "noopener" }, kindText(message.kind))
          : kindText(message.kind)),
      message.text ? make("p", { class: "text", dir: "auto" }, ...marked(message.text)) : null)));
}
