"use strict";
// Everything can be read without this. It filters, moves by keyboard, opens what is linked to,
// and copies commands.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const form = document.getElementById("filter");
  const text = document.getElementById("filter-text");
  const variant = document.getElementById("filter-variant");
  const kind = document.getElementById("filter-kind");
  const count = document.getElementById("filter-count");
  const rows = all("tr[data-row]");
  const sections = new Map(all(".scenario").map((item) => [item.dataset.scenario, item]));

  // A row is found by its own words and by all that is said in its scenario.
  const words = new Map(rows.map((row) => [row, null]));
  const haystack = (row) => {
    if (words.get(row) === null) {
      const section = sections.get(row.dataset.row);
      words.set(row, (row.dataset.text + " " + (section ? section.textContent : "")).toLowerCase());
    }
    return words.get(row);
  };

  // Columns are the scenario, the baseline, then the variants in the order of the menu, where the
  // first entry is "all".
  const aside = (cell) =>
    variant.selectedIndex > 0 && cell.cellIndex > 1 && cell.cellIndex !== variant.selectedIndex + 1;

  const matches = (row) => {
    const cells = Array.from(row.cells).filter((cell) => !aside(cell) && cell.cellIndex > 1);
    const judged = !kind.value || cells.some((cell) => cell.classList.contains(kind.value));
    const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    return judged && asked.every((word) => haystack(row).includes(word));
  };

  const filter = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !matches(row);
      shown += row.hidden ? 0 : 1;
      const section = sections.get(row.dataset.row);
      if (section) section.hidden = row.hidden;
    }
    for (const cell of all(".matrix td, .matrix thead th")) cell.hidden = aside(cell);
    for (const shelf of all(".matrix tbody")) {
      shelf.hidden = all("tr[data-row]", shelf).every((row) => row.hidden);
    }
    count.textContent = `${shown} of ${rows.length} scenarios`;
  };

  const move = (by) => {
    const visible = rows.filter((row) => !row.hidden);
    const here = visible.indexOf(document.activeElement.closest("tr[data-row]"));
    const next = here < 0 ? 0 : Math.min(Math.max(here + by, 0), visible.length - 1);
    if (visible[next]) visible[next].querySelector("th a").focus();
  };

  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let item = target.closest("details"); item; item = item.parentElement.closest("details")) {
      item.hidden = false;
      item.open = true;
    }
    (target.matches(".body") ? target.parentElement : target).scrollIntoView();
  };

  const copy = (button, commands) => {
    const lines = commands.cloneNode(true);
    all(".comment, .copy", lines).forEach((item) => item.remove());
    const area = document.createElement("textarea");
    area.value = lines.textContent.split("\n").filter((line) => line.trim()).join("\n") + "\n";
    commands.append(area);
    area.select();
    // The clipboard API is not there for pages opened from a file.
    button.textContent = document.execCommand("copy") ? "copied" : "press Ctrl-C";
    area.remove();
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  window.addEventListener("hashchange", open);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = { "/": () => text.focus(), j: () => move(1), k: () => move(-1) }[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
  for (const commands of all(".commands")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.addEventListener("click", () => copy(button, commands));
    commands.before(button);
  }
  window.addEventListener("beforeprint", () => all("details").forEach((item) => { item.open = true; }));
  filter();
  open();
})();
