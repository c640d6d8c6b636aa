// What plays next, whether it goes on by itself, when it stops, and what it leaves out.

const QUIET = 3;  // of 63: the loudness of silence, unless the whole note is quiet
const SHORTEST = 0.7;  // seconds of silence that are worth a jump
const EDGE = 0.15;  // seconds that stay on both sides
const MOST_IN_QUEUE = 30;

/** The silent stretches of a note by its waveform: pairs of seconds. */
function silences(note, length) {
  if (note.silences) return note.silences;
  const loud = Array.from(note.wave, (letter) => Math.max(DIGITS.indexOf(letter), 0));
  const limit = Math.min(QUIET, Math.max(...loud, 0) / 8);
  const step = length / loud.length;
  note.silences = [];
  for (let i = 0; i < loud.length; i += 1) {
    const from = i;
    while (i < loud.length && loud[i] <= limit) i += 1;
    if ((i - from) * step >= SHORTEST) note.silences.push([from * step + EDGE, i * step - EDGE]);
  }
  return note.silences;
}

function skipSilence(note, audio, length) {
  if (!saved.skip || note === null || audio.paused || !note.wave || !length) return;
  const now = audio.currentTime;
  const silence = silences(note, length).find(([from, to]) => now >= from && now < to);
  if (silence !== undefined) audio.currentTime = Math.min(silence[1], length);
}

const queuePanel = (() => {
  const box = document.querySelector("dialog.queue");
  const [onward, skip, sleep] = [".onward", ".skip-silence", ".sleep"].map((name) => box.querySelector(name));
  const coming = box.querySelector(".coming");
  let timer = 0;

  function draw() {
    const list = player.coming(MOST_IN_QUEUE);
    coming.replaceChildren(...list.map((note) => {
      const button = make("button", { type: "button", "aria-current": note === player.current() ? "true" : null },
        face(note.speaker),
        make("span", null, bdi(note.speaker.shown), make("span", { class: "quiet-text" },
          [...(note.local === null ? [t("dateUnknown")] : [dayName(dayOf(note)).short, clockTime(note)]), lengthText(note.seconds)].join(BETWEEN))));
      button.addEventListener("click", () => player.play(note));
      return make("li", null, button);
    }));
  }

  onward.checked = saved.onward !== false;
  onward.addEventListener("change", () => save({ onward: onward.checked }));
  skip.checked = saved.skip === true;
  skip.addEventListener("change", () => save({ skip: skip.checked }));
  sleep.append(...[["0", t("sleepOff")], ["end", t("sleepEnd")], ...[5, 15, 30, 60].map((minutes) => [String(minutes), t("minutes", { n: minutes })])]
    .map(([value, text]) => make("option", { value }, text)));
  sleep.addEventListener("change", () => {
    clearTimeout(timer);
    if (Number(sleep.value) > 0) timer = setTimeout(fallAsleep, Number(sleep.value) * 60000);
  });

  function fallAsleep() {
    player.audio.pause();
    sleep.value = "0";
    announce(t("asleep"));
  }

  player.goesOn(() => {
    if (sleep.value !== "end") return onward.checked;
    fallAsleep();
    return false;
  });
  dialogs.whenOpening("queue", draw);
  return {
    /** Another note plays: if the queue is in view, it follows, and so does the focus in it. */
    follow() {
      if (!box.open) return;
      const focused = coming.contains(document.activeElement);
      draw();
      if (focused) coming.querySelector("[aria-current]")?.focus();
    },
  };
})();
