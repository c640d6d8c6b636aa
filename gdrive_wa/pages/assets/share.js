// Giving: shows the command that copies one person's, one chat's or the starred notes to give away.

const quotePosix = (text) =>
  /^[\w/.:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** For PowerShell, and also for the command prompt unless the text has quotes of any kind, $, ` or %. */
const quoteWindows = (text) => {
  if (/^[\w\\/.:=@+-]+$/.test(text)) return text;
  if (!/["$`%\u201c-\u201e]|\\$/.test(text)) return `"${text}"`;
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;  // PowerShell alone
};

/** A name as an argument. The id is safer when the name is shared, empty or difficult to type in a shell. */
function argument(one) {
  const difficult = one.twin || !one.name.trim() || /["$`%\\\u2018-\u201f\p{Cc}\p{Cf}]/u.test(one.name);
  return difficult && one.jid ? one.jid : one.name;
}

function archivePath() {
  if (location.protocol !== "file:") return { path: "ARCHIVE", windows: false };
  const path = decodeURIComponent(location.pathname).replace(/\/[^/]*$/, "");
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
  const [what, which, posix, windows, hint] = [".what", ".which", ".posix", ".windows", ".hint"].map((name) => box.querySelector(name));
  const choices = { chat: chats, person: people };

  function drawWhich() {
    const list = choices[what.value] || [];
    which.replaceChildren(...[...list].sort((a, b) => a.shown.localeCompare(b.shown, LOCALE))
      .map((one) => make("option", { value: one.index }, nameAndHint(one))));
    which.parentElement.hidden = list.length === 0;
    drawCommand();
  }

  function drawCommand() {
    const one = choices[what.value]?.[Number(which.value)];
    const options = one === undefined ? [["--starred", null]] : [[what.value === "chat" ? "--chat" : "--sender", argument(one)]];
    const name = one === undefined ? t("starred") : one.name;
    posix.textContent = shareCommand(quotePosix, options, name);
    windows.textContent = shareCommand(quoteWindows, options, name);
    const here = notes.filter((note) => note.starred !== ((note.flags & STARRED) !== 0)).length;
    hint.textContent = one === undefined && here > 0 ? t("shareStarsHint") : "";
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
  dialogs.whenOpening("share", () => {
    if (chat !== null) {
      what.value = "chat";
      drawWhich();
      which.value = String(chat.index);
      drawCommand();
    } else drawWhich();
  });
})();
