// Giving: shows the command that copies one person's, one chat's or the starred notes to give away.

/** For any POSIX shell. A terminal would act on control characters that are pasted, so printf writes them. */
function quotePosix(text) {
  if (/^[\w/.:=@%+,-]+$/.test(text)) return text;
  const quoted = `'${text.replaceAll("'", "'\\''")}'`;
  if (!/\p{Cc}/u.test(text)) return quoted;
  const escaped = quoted.replaceAll("%", "%%").replace(/\\(?!'')/g, "\\\\")
    .replace(/\p{Cc}/gu, (one) => Array.from(new TextEncoder().encode(one), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""));
  return `"$(printf -- ${escaped})"`;
}

/** For PowerShell, and also for the command prompt unless the text has quotes of any kind, $, ` or %. */
const quoteWindows = (text) => {
  if (/^[\w\\/.:=@+-]+$/.test(text)) return text;
  if (!/["$`%\u201c-\u201e]|\\$/.test(text)) return `"${text}"`;
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;  // PowerShell alone
};

/** A name as an argument. The id is safer when the name is shared, empty or difficult to type in a shell. */
function argument(one, all) {
  const twin = all.some((other) => other !== one && fold(other.name) === fold(one.name));
  const difficult = twin || !one.name.trim() || /["$`%\\\u2018-\u201f\p{Cc}\p{Cf}]/u.test(one.name);
  return difficult && one.jid ? one.jid : one.name;
}

function archivePath() {
  if (location.protocol !== "file:") return { path: "ARCHIVE", windows: false };
  let path = "";
  try {
    path = decodeURIComponent(location.pathname).replace(/\/[^/]*$/, "");
  } catch {  // the name of a folder is not text
    return { path: "ARCHIVE", windows: false };
  }
  const drive = /^\/([A-Za-z]:.*)$/.exec(path);
  if (drive) return { path: drive[1].replaceAll("/", "\\"), windows: true };
  if (location.host) return { path: `\\\\${location.host}${path.replaceAll("/", "\\")}`, windows: true };
  return { path: path || "/", windows: false };
}

function shareCommand(quote, options, name) {
  const { path, windows } = archivePath();
  const slash = windows ? "\\" : "/";
  const folder = path.slice(0, path.lastIndexOf(slash) + 1);
  const clean = name.replace(/[^\p{L}\p{M}\p{N} _-]/gu, "").replace(/^[ -]+/, "").trim().slice(0, 60).trim();
  const words = ["gdrive-wa", "share", path, `${folder}${t("shareFolder", { name: clean || "gdrive-wa" })}`];
  return [...words.map(quote), ...options.map(([option, value]) =>
    value === null ? option : `${option}${/^-/.test(value) ? "=" : " "}${quote(value)}`)].join(" ");
}

const sharePanel = (() => {
  const box = document.querySelector("dialog.share");
  const [what, which, posix, windows, hint, keep] = [".what", ".which", ".posix", ".windows", ".hint", ".save-stars"].map((name) => box.querySelector(name));
  const choices = { chat: chats, person: people };
  let file = "";  // where the stars of this page are saved

  function drawWhich() {
    const list = choices[what.value] || [];
    which.replaceChildren(...[...list].sort((a, b) => a.shown.localeCompare(b.shown, LOCALE))
      .map((one) => make("option", { value: one.index }, nameAndHint(one))));
    which.parentElement.hidden = list.length === 0;
    drawCommand();
  }

  function drawCommand() {
    const one = choices[what.value]?.[Number(which.value)];
    const changed = one === undefined && notes.some((note) => note.starred !== ((note.flags & STARRED) !== 0));
    const options = one === undefined ? [["--starred", null]] : [[what.value === "chat" ? "--chat" : "--sender", argument(one, choices[what.value])]];
    if (changed) options.push(["--stars", file]);
    const name = one === undefined ? t("starred") : one.name;
    posix.textContent = shareCommand(quotePosix, options, name);
    windows.textContent = shareCommand(quoteWindows, options, name);
    hint.hidden = keep.hidden = !changed;
  }

  what.addEventListener("change", drawWhich);
  which.addEventListener("change", drawCommand);
  for (const button of box.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const text = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(text.textContent);
        announce(t("copied"));
      } catch {  // some browsers forbid it for a page opened from disk
        getSelection().selectAllChildren(text);
      }
    });
  }
  keep.addEventListener("click", () => savePlaces(file));
  dialogs.whenOpening("share", () => {
    file = placesName();
    if (chat !== null) {
      what.value = "chat";
      drawWhich();
      which.value = String(chat.index);
      drawCommand();
    } else drawWhich();
  });
})();
