// The rail of years and months beside the list.

const rail = (() => {
  const holder = document.querySelector(".years > ol");
  const buttons = new Map();  // month -> its button
  const years = new Map();  // year -> { button, months }
  let onJump = () => {};
  let shown = "";

  const yearOf = (month) => month.slice(0, -3);

  function draw(list) {
    const counts = new Map();
    const firsts = new Map();
    for (const note of list) {
      const month = monthOf(note);
      if (!firsts.has(month)) firsts.set(month, note);
      counts.set(month, (counts.get(month) || 0) + 1);
    }
    buttons.clear();
    years.clear();
    shown = "";
    holder.replaceChildren();
    for (const [month, first] of firsts) {
      if (month === "") {
        holder.append(make("li", null, jump(first, t("noDate"), t("dateUnknown"), counts.get(month))));
        continue;
      }
      const date = dayOf(first) * 86400000;
      if (!years.has(yearOf(month))) addYear(yearOf(month), date, first);
      const button = jump(first, monthShort.format(date), `${monthLong.format(date)} ${yearOnly.format(date)}`, counts.get(month));
      buttons.set(month, button);
      years.get(yearOf(month)).months.append(make("li", null, button));
    }
    holder.parentElement.hidden = firsts.size < 2;
  }

  function addYear(year, date, first) {
    const button = make("button", { class: "year", type: "button", "aria-expanded": "false" }, yearOnly.format(date));
    const months = make("ol", { role: "list", hidden: true });
    button.addEventListener("click", () => {
      const opens = months.hidden;
      open(year, opens);
      if (opens) onJump(first, false);
    });
    years.set(year, { button, months });
    holder.append(make("li", null, button, months));
  }

  function jump(first, text, name, count) {
    const button = make("button", { class: "month", type: "button", title: t("notes", { n: count }), "aria-label": t("monthName", { month: name, n: count }) }, text);
    button.addEventListener("click", () => onJump(first, true));
    return button;
  }

  function open(year, opens = true) {
    for (const [other, { button, months }] of years) {
      months.hidden = !(opens && other === year);
      button.setAttribute("aria-expanded", String(!months.hidden));
    }
  }

  /** Mark the month of the note that is at the window's top. */
  function mark(note) {
    const month = note === undefined ? "" : monthOf(note);
    if (month === shown) return;
    shown = month;
    for (const button of holder.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    if (!buttons.has(month)) return;
    buttons.get(month).setAttribute("aria-current", "true");
    open(yearOf(month));
    const year = years.get(yearOf(month)).button.parentElement;
    const box = holder.parentElement;
    if (box.scrollHeight > box.clientHeight) box.scrollTop = year.offsetTop - box.clientHeight / 3;
  }

  return { draw, mark, whenChosen: (callback) => { onJump = callback; } };
})();
