// The list of notes. Only the part near the window is in the document, so 20 000 notes stay fast.

const CHUNK = 40;
const ROW_GUESS = 104, DAY_GUESS = 64;  // pixels, until a part has been shown and its real height is known

const timeline = (() => {
  const holder = document.querySelector(".timeline");
  const rows = new Map();  // note index -> its element, while it is in the document
  let list = [];
  let parts = [];
  let partOf = new Map();  // note index -> part
  let position = new Map();  // note index -> position in the list
  let inChat = false;
  let onDraw = () => {};

  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const part = parts[Number(target.dataset.part)];
      if (part === undefined || part.element !== target) continue;
      if (isIntersecting) fill(part);
      else empty(part);
    }
  }, { rootMargin: "1500px 0px" });

  function show(notesToShow, options) {
    watcher.disconnect();
    rows.clear();
    list = notesToShow;
    inChat = options.inChat;
    position = new Map(list.map((note, i) => [note.index, i]));
    partOf = new Map();
    parts = [];
    for (let from = 0; from < list.length; from += CHUNK) {
      const part = { from, to: Math.min(from + CHUNK, list.length), filled: false };
      part.element = make("section", { class: "part", "data-part": parts.length });
      let days = 0;
      for (let i = from; i < part.to; i += 1) {
        partOf.set(list[i].index, parts.length);
        if (startsDay(i)) days += 1;
      }
      part.element.style.minHeight = `${(part.to - from) * ROW_GUESS + days * DAY_GUESS}px`;
      parts.push(part);
    }
    holder.replaceChildren(...parts.map((part) => part.element));
    if (parts.length) fill(parts[0]);
    for (const part of parts) watcher.observe(part.element);
  }

  const startsDay = (i) => i === 0 || dayOf(list[i]) !== dayOf(list[i - 1]);

  function fill(part) {
    if (part.filled) return;
    part.filled = true;
    let day = null;
    for (let i = part.from; i < part.to; i += 1) {
      if (startsDay(i)) part.element.append(make("h3", null, dayName(dayOf(list[i])).long));
      if (startsDay(i) || day === null) {
        day = make("ol", { role: "list" });
        part.element.append(day);
      }
      const row = drawNote(list[i], { inChat });
      rows.set(list[i].index, row);
      onDraw(list[i], row);
      day.append(row);
    }
    part.element.style.minHeight = "";
  }

  function empty(part) {
    if (!part.filled || part.element.contains(document.activeElement)) return;
    part.filled = false;
    part.element.style.minHeight = `${part.element.offsetHeight}px`;
    part.element.replaceChildren();
    for (let i = part.from; i < part.to; i += 1) rows.delete(list[i].index);
  }

  /** Add a note's part to the document and scroll to it. Returns its element, or null when it is not listed. */
  function reveal(note, block = "nearest") {
    const number = partOf.get(note.index);
    if (number === undefined) return null;
    for (const near of [number - 1, number, number + 1]) {
      if (parts[near] !== undefined) fill(parts[near]);
    }
    const row = rows.get(note.index);
    const top = block === "start" && row.parentElement.previousElementSibling;
    (top && row === row.parentElement.firstElementChild ? top : row).scrollIntoView({ block });
    return row;
  }

  function redraw(note) {
    const old = rows.get(note.index);
    if (old === undefined) return;
    const row = drawNote(note, { inChat });
    rows.set(note.index, row);
    old.replaceWith(row);
    onDraw(note, row);
  }

  /** The first note that is visible in the window; of the list when none is. */
  function firstVisible() {
    const edge = document.querySelector(".top").getBoundingClientRect().bottom;
    for (const part of parts) {
      if (!part.filled || part.element.getBoundingClientRect().bottom < edge) continue;
      for (let i = part.from; i < part.to; i += 1) {
        if (rows.get(list[i].index).getBoundingClientRect().top >= edge) return list[i];
      }
    }
    return list[0];
  }

  return {
    holder, show, reveal, redraw, firstVisible,
    row: (note) => rows.get(note.index),
    list: () => list,
    has: (note) => position.has(note.index),
    /** The note `offset` positions further in the list; undefined beyond its ends. */
    neighbour: (note, offset) => list[position.get(note.index) + offset],
    of: (element) => {
      const row = element.closest(".note");
      return row === null ? null : notes[Number(row.dataset.note)];
    },
    whenDrawn: (callback) => { onDraw = callback; },
  };
})();
