// One audio element plays everything. The rows and the bar below only show its position.

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

const player = (() => {
  const audio = document.querySelector("audio");
  const bar = document.querySelector(".player");
  const part = (name) => bar.querySelector(name);
  const scrubber = part(".scrubber");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const callbacks = { move: () => {}, place: () => {}, end: () => false };
  let current = null;
  let queue = [];
  let wanted = null;  // seconds to go to as soon as the file is open

  const length = () => Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : current.seconds;

  function play(note, { at = null, from = null } = {}) {
    if (!playable(note)) return;
    if (from !== null) queue = from;
    if (note !== current) load(note);
    if (at !== null) goTo(at);
    audio.play().catch(() => {});  // the error event reports failures
  }

  /** Open a note at a second without playing it. */
  function restore(note, at, from) {
    if (!playable(note)) return;
    queue = from;
    audio.preload = "metadata";
    load(note);
    goTo(at);
  }

  function load(note) {
    const before = current;
    current = note;
    note.silent = false;
    wanted = null;
    audio.src = address(note);
    audio.defaultPlaybackRate = audio.playbackRate = speed();
    bar.hidden = false;
    document.body.classList.add("has-player");
    part(".playing .face").replaceWith(face(note.speaker));
    part(".who").textContent = note.speaker.shown;
    part(".where").replaceChildren(
      ...(note.chat.shown === note.speaker.shown ? [] : [bdi(note.chat.shown), make("span", { class: "between" }, BETWEEN)]),
      ...(note.local === null ? [make("span", null, t("dateUnknown"))]
        : [make("span", null, dayName(dayOf(note)).short), make("span", { class: "hour" }, BETWEEN, clockTime(note))]));
    part(".playing").setAttribute("aria-label", t("showInList", { name: note.speaker.shown, when: whenText(note) }));
    if (before !== null && timeline.row(before) !== undefined) showIdle(before);
    paint();
    describe(note);
    callbacks.move(note, before);
  }

  function goTo(seconds) {
    wanted = audio.readyState === 0 ? seconds : null;
    audio.currentTime = seconds;  // before the file is open, this sets where it starts
  }

  const toggle = () => {
    if (current === null) return;
    if (audio.paused) play(current);
    else audio.pause();
  };

  const seek = (seconds) => {
    if (current === null) return;
    goTo(Math.min(Math.max(seconds, 0), length()));
    paint();
  };

  /** The next playable note of the queue in a direction; undefined at the end. */
  function following(by) {
    for (let i = queue.indexOf(current) + by; i >= 0 && i < queue.length; i += by) {
      if (playable(queue[i])) return queue[i];
    }
    return undefined;
  }

  function go(by) {
    if (current === null) return;
    const next = following(by);
    if (next !== undefined) play(next);
  }

  // Drawing

  const time = () => Math.min(wanted ?? audio.currentTime, length());

  function paint() {
    if (current === null) return;
    const row = timeline.row(current);
    if (row !== undefined) showCurrent(current, row);
    show(part(".toggle"), audio.paused);
    part(".clock").textContent = progressText(time(), length());
    setRange(scrubber);
    part(".before").disabled = following(-1) === undefined;
    part(".after").disabled = following(1) === undefined;
  }

  function setRange(range) {
    range.max = String(length());
    range.value = String(time());
    range.setAttribute("aria-valuetext", t("of", { now: spokenLength(time()), all: spokenLength(length()) }));
    range.style.setProperty("--done", `${(length() ? time() / length() : 0) * 100}%`);
  }

  function show(button, paused, note = null) {
    const label = note === null ? t(paused ? "play" : "pause")
      : t(paused ? "playNote" : "pauseNote", { name: note.speaker.shown, when: whenText(note) });
    if (button.getAttribute("aria-label") === label) return;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(paused ? "play" : "pause", "icon solid"));
  }

  function showCurrent(note, row) {
    if (note !== current || !playable(note)) return;
    if (!row.classList.contains("current")) {
      row.classList.add("current");
      row.querySelector(".wave").append(waveform(note, "bars played"));
    }
    show(row.querySelector(".play"), audio.paused, note);
    setRange(row.querySelector(".seek"));
    const rest = 100 - (length() ? time() / length() : 0) * 100;
    row.querySelector(".played").style.clipPath = `inset(0 ${rest.toFixed(2)}% 0 0)`;
    row.querySelector(".length").textContent = progressText(time(), length());
    showWord(note, row, time());
  }

  function showIdle(note) {
    const focused = timeline.row(note).contains(document.activeElement);
    timeline.redraw(note);
    if (focused) timeline.row(note).focus({ preventScroll: true });
  }

  function animate() {
    paint();
    skipSilence(current, audio, length());
    if (!audio.paused && !calm.matches) requestAnimationFrame(animate);
  }

  // The system's own controls, and the keyboard's media keys

  function describe(note) {
    if (!("mediaSession" in navigator)) return;
    const photo = photoOf(note.speaker);
    navigator.mediaSession.metadata = new MediaMetadata({
      title: note.speaker.shown, artist: note.chat.shown, album: whenText(note), artwork: photo ? [{ src: photo }] : [] });
  }

  function tellSystem() {
    if (!("mediaSession" in navigator) || current === null) return;
    navigator.mediaSession.playbackState = audio.paused ? "paused" : "playing";
    if (audio.readyState > 0) {
      navigator.mediaSession.setPositionState({ duration: length(), position: time(), playbackRate: audio.playbackRate });
    }
  }

  function answerSystem() {
    const actions = {
      play: () => { if (current !== null) play(current); }, pause: () => audio.pause(), stop: () => audio.pause(),
      previoustrack: () => go(-1), nexttrack: () => go(1),
      seekbackward: ({ seekOffset }) => seek(time() - (seekOffset || 5)), seekforward: ({ seekOffset }) => seek(time() + (seekOffset || 5)),
      seekto: ({ seekTime }) => seek(seekTime),
    };
    for (const [action, answer] of Object.entries(actions)) {
      try {
        navigator.mediaSession.setActionHandler(action, answer);
      } catch { /* a browser that does not know this key */ }
    }
  }
  if ("mediaSession" in navigator) answerSystem();

  // Speed

  const speed = () => SPEEDS.includes(saved.speed) ? saved.speed : 1;

  function setSpeed(value) {
    audio.defaultPlaybackRate = audio.playbackRate = value;
    part(".speed").textContent = `${counted.format(value)}×`;
    part(".speed").setAttribute("aria-label", t("speed", { speed: value }));
  }

  function changeSpeed(by, wraps) {
    const next = SPEEDS.indexOf(speed()) + by;
    save({ speed: SPEEDS[wraps ? next % SPEEDS.length : Math.min(Math.max(next, 0), SPEEDS.length - 1)] });
    setSpeed(speed());
    announce(t("speed", { speed: speed() }));
  }
  setSpeed(speed());

  part(".toggle").append(icon("play", "icon solid"));
  part(".toggle").addEventListener("click", toggle);
  part(".before").addEventListener("click", () => go(-1));
  part(".after").addEventListener("click", () => go(1));
  part(".speed").addEventListener("click", () => changeSpeed(1, true));
  part(".playing").addEventListener("click", () => current !== null && callbacks.move(current, null, true));
  scrubber.addEventListener("input", () => seek(Number(scrubber.value)));

  audio.addEventListener("play", () => {
    announce(t("nowPlaying", { name: current.speaker.shown, when: whenText(current), length: spokenLength(length()) }));
    tellSystem();
    animate();
  });
  audio.addEventListener("loadedmetadata", () => { if (wanted !== null) goTo(wanted); });
  for (const event of ["pause", "timeupdate", "loadedmetadata", "seeked"]) audio.addEventListener(event, paint);
  for (const event of ["pause", "loadedmetadata", "seeked", "ratechange"]) audio.addEventListener(event, tellSystem);
  for (const event of ["pause", "timeupdate", "seeked"]) audio.addEventListener(event, () => callbacks.place(event !== "timeupdate"));
  if (calm.matches) audio.addEventListener("timeupdate", () => skipSilence(current, audio, length()));
  audio.addEventListener("ended", () => {
    const next = callbacks.end() ? following(1) : undefined;
    if (next !== undefined) play(next);
  });
  audio.addEventListener("error", () => {
    if (current === null) return;
    // Without any loudspeaker Firefox reports an error, and plays on in silence.
    if (/MediaSink/.test(audio.error?.message)) current.silent = true;
    else current.broken = true;
    announce(reasonOf(current));
    timeline.redraw(current);
    paint();
  });
  timeline.whenDrawn(showCurrent);

  return {
    play, restore, toggle, seek, go, audio, changeSpeed, time, following, repaint: paint,
    current: () => current,
    coming: (most) => queue.slice(Math.max(queue.indexOf(current), 0)).filter(playable).slice(0, most),
    whenMoved: (callback) => { callbacks.move = callback; },
    whenPlaced: (callback) => { callbacks.place = callback; },
    goesOn: (callback) => { callbacks.end = callback; },
  };
})();
