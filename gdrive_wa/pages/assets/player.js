// One audio element plays everything. The rows and the bar below only show its position.

const SPEEDS = [1, 1.5, 2];
const announcer = document.querySelector(".announcer");
const announce = (text) => { announcer.textContent = text; };

const player = (() => {
  const audio = document.querySelector("audio");
  const bar = document.querySelector(".player");
  const part = (name) => bar.querySelector(name);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let current = null;
  let queue = [];
  let onMove = () => {};

  const length = () => Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : current.seconds;

  function play(note, { at = null, from = null } = {}) {
    if (!playable(note)) return;
    if (from !== null) queue = from;
    if (note !== current) load(note);
    if (at !== null) audio.currentTime = at;
    audio.play().catch(() => {});  // the error event reports failures
  }

  function load(note) {
    const before = current;
    current = note;
    audio.src = address(note);
    audio.defaultPlaybackRate = audio.playbackRate = speed();
    bar.hidden = false;
    document.body.classList.add("has-player");
    part(".who").textContent = note.speaker.shown;
    part(".where").replaceChildren(
      ...(note.chat.shown === note.speaker.shown ? [] : [bdi(note.chat.shown), " · "]), whenText(note));
    part(".playing").setAttribute("aria-label", `Show in the list: ${note.speaker.shown}, ${whenText(note)}`);
    if (before !== null && timeline.row(before) !== undefined) showIdle(before, timeline.row(before));
    paint();
    updateMediaSession(note);
    onMove(note, before);
  }

  const toggle = () => {
    if (current === null) return;
    if (audio.paused) play(current);
    else audio.pause();
  };

  const seek = (seconds) => {
    if (current === null) return;
    audio.currentTime = Math.min(Math.max(seconds, 0), length());
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

  function paint() {
    if (current === null) return;
    const row = timeline.row(current);
    if (row !== undefined) showCurrent(current, row);
    show(part(".toggle"), audio.paused ? "Play" : "Pause");
    part(".clock").textContent = `${lengthText(audio.currentTime)} / ${lengthText(length())}`;
    part(".before").disabled = following(-1) === undefined;
    part(".after").disabled = following(1) === undefined;
  }

  function show(button, verb, what = "") {
    const label = what ? `${verb} ${what}` : verb;
    if (button.getAttribute("aria-label") === label) return;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(verb === "Play" ? "play" : "pause", "icon solid"));
  }

  function showCurrent(note, row) {
    if (note !== current || !playable(note)) return;
    const seeker = row.querySelector(".seek");
    if (!row.classList.contains("current")) {
      row.classList.add("current");
      row.querySelector(".wave").append(waveform(note, "bars played"));
    }
    show(row.querySelector(".play"), audio.paused ? "Play" : "Pause", `${note.speaker.shown}, ${whenText(note)}`);
    const now = Math.min(audio.currentTime, length());
    seeker.max = String(length());
    seeker.value = String(now);
    seeker.setAttribute("aria-valuetext", `${spokenLength(now)} of ${spokenLength(length())}`);
    const rest = 100 - (length() ? now / length() : 0) * 100;
    row.querySelector(".played").style.clipPath = `inset(0 ${rest.toFixed(2)}% 0 0)`;
    row.querySelector(".length").textContent = `${lengthText(now)} / ${lengthText(length())}`;
  }

  function showIdle(note, row) {
    const focused = row.contains(document.activeElement);
    timeline.redraw(note);
    if (focused) timeline.row(note).focus({ preventScroll: true });
  }

  function animate() {
    paint();
    if (!audio.paused && !calm.matches) requestAnimationFrame(animate);
  }

  function updateMediaSession(note) {
    if (!("mediaSession" in navigator)) return;
    navigator.mediaSession.metadata = new MediaMetadata({
      title: note.speaker.shown, artist: note.chat.shown, album: whenText(note) });
  }

  // Speed and continuous play

  const speed = () => SPEEDS.includes(saved.speed) ? saved.speed : 1;

  function setSpeed(value) {
    audio.defaultPlaybackRate = audio.playbackRate = value;
    part(".speed").textContent = `${value}×`;
    part(".speed").setAttribute("aria-label", `Speed ${value}`);
  }

  const onward = part(".onward input");
  onward.checked = saved.onward !== false;
  onward.addEventListener("change", () => save({ onward: onward.checked }));
  part(".speed").addEventListener("click", () => {
    save({ speed: SPEEDS[(SPEEDS.indexOf(speed()) + 1) % SPEEDS.length] });
    setSpeed(speed());
    announce(`Speed ${speed()}`);
  });
  setSpeed(speed());

  part(".toggle").append(icon("play", "icon solid"));
  part(".toggle").addEventListener("click", toggle);
  part(".before").addEventListener("click", () => go(-1));
  part(".after").addEventListener("click", () => go(1));
  part(".playing").addEventListener("click", () => current !== null && onMove(current, null, true));

  audio.addEventListener("play", () => {
    announce(`Playing ${current.speaker.shown}, ${whenText(current)}, ${spokenLength(length())}`);
    animate();
  });
  for (const event of ["pause", "timeupdate", "loadedmetadata", "seeked"]) audio.addEventListener(event, paint);
  audio.addEventListener("ended", () => {
    const next = onward.checked ? following(1) : undefined;
    if (next !== undefined) play(next);
  });
  audio.addEventListener("error", () => {
    if (current === null) return;
    current.broken = true;
    announce(reasonOf(current));
    timeline.redraw(current);
    paint();
  });
  if ("mediaSession" in navigator) {
    const on = (action, answer) => navigator.mediaSession.setActionHandler(action, answer);
    on("play", toggle);
    on("pause", toggle);
    on("previoustrack", () => go(-1));
    on("nexttrack", () => go(1));
  }
  timeline.whenDrawn(showCurrent);

  return {
    play, toggle, seek, audio,
    current: () => current,
    whenMoved: (callback) => { onMove = callback; },
  };
})();
