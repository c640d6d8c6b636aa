// Builds the elements one by one, so that no text of a backup is ever read as markup.

const SHAPES = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  none: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM6.5 6.5l11 11",
  star: "M12 4l2.5 5.2 5.7.7-4.2 3.9 1.1 5.6L12 16.6l-5.1 2.8 1.1-5.6-4.2-3.9 5.7-.7z",
  open: "M12 4v11M7 11l5 5 5-5M5 20h14",
  around: "M5 5h14v10h-8l-4 4v-4H5z",
};
const HUES = 24;

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

// Faces

/** What a reader takes for one letter: in Hindi with its vowel. Firefox can tell from version 125 on. */
const letters = "Segmenter" in Intl ? new Intl.Segmenter(TAG) : null;
const firstLetter = (word) => letters === null ? Array.from(word)[0] : [...letters.segment(word)][0].segment;

function initials(name) {
  const words = name.normalize("NFC").split(/[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}]+/u).filter((word) => word);
  const first = (word) => firstLetter(word).toLocaleUpperCase(TAG);
  if (words.length === 0) return "?";
  const two = words.length > 1 ? [first(words[0]), first(words[words.length - 1])] : [first(words[0])];
  return two.join(RUNS_LEFT.test(two[0]) ? "\u200c" : "");  // or Arabic would join them to one word
}

function hueOf(key) {
  let sum = 7;
  for (let i = 0; i < key.length; i += 1) sum = (sum * 31 + key.charCodeAt(i)) % 1000003;
  return sum % HUES * (360 / HUES);
}

const photos = new Map();  // jid -> address of the photo, which is decoded once for all rows

/** The address of somebody's photo; empty without one. */
function photoOf(one) {
  if (!Object.hasOwn(given.photos, one.jid)) return "";
  if (!photos.has(one.jid)) {
    const [, type, content] = /^data:(.*);base64,(.*)$/.exec(given.photos[one.jid]);
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    photos.set(one.jid, URL.createObjectURL(new Blob([bytes], { type })));
    make("img", { src: photos.get(one.jid) }).decode().catch(() => withoutPhoto(one));
  }
  return photos.get(one.jid);
}

/** The photo of a person or a chat, or the initials in a colour of its own. Only to look at: the name stands beside it. */
function face(one) {
  const photo = photoOf(one);
  return photo ? make("img", { class: "face", alt: "", src: photo }) : drawInitials(one);
}

/** The browser cannot show a photo: the initials take its place. */
function withoutPhoto(one) {
  for (const image of document.querySelectorAll(`img.face[src="${photos.get(one.jid)}"]`)) image.replaceWith(drawInitials(one));
  photos.set(one.jid, "");
}

function drawInitials(one) {
  one.initials ??= initials(ourName(one) || one.name);
  const element = make("span", { class: "face", "aria-hidden": "true", "data-initials": one.initials });
  element.style.setProperty("--hue", String(hueOf(one.key)));
  return element;
}

/** `text` with what is sought in it marked. */
function marked(text) {
  if (sought.words.length === 0 || text === "") return [text];
  return text.split(/(\s+)/).map((part) => part && isHit(part) ? make("mark", null, part) : part);
}
