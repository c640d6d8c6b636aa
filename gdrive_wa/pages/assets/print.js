// A keepsake on paper: who, when, what was said, and at each note the code that names its file.

const keepsake = document.querySelector(".keepsake");

function drawKeepsake() {
  const list = timeline.list();
  const dated = list.filter((note) => note.local !== null).map(dayOf).sort((a, b) => a - b);
  const span = dated.length === 0 ? "" : [...new Set([dated[0], dated[dated.length - 1]].map((day) => dayName(day).short))].join(" – ");
  let day = null;
  const entries = [];
  for (const note of list) {
    if (dayOf(note) !== day) entries.push(make("h2", null, dayName(dayOf(note)).long));
    day = dayOf(note);
    entries.push(make("div", { class: "entry" },
      make("p", null,
        make("strong", null, bdi(note.speaker.shown)),
        chat === null && note.chat.shown !== note.speaker.shown ? make("span", null, " ", ...chatParts(note)) : "",
        ...[clockTime(note), note.seconds ? lengthText(note.seconds) : ""].filter((text) => text).map((text) => `${BETWEEN}${text}`),
        note.starred ? " ★" : ""),
      note.words ? make("p", { class: "text", dir: "auto" }, note.words) : "",
      make("p", { class: "code" }, note.folder < 0 ? t("noRecording") : make("bdi", null, note.file))));
  }
  keepsake.replaceChildren(
    make("h1", null, bdi(chat === null ? document.querySelector("h1").textContent : chat.shown)),
    make("p", { class: "span" }, [span, t("notes", { n: list.length }), totalText(list)].filter((text) => text).join(BETWEEN)),
    ...entries);
}
addEventListener("beforeprint", drawKeepsake);
addEventListener("afterprint", () => keepsake.replaceChildren());
