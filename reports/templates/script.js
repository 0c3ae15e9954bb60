"use strict";
// The page is readable without this script. It filters rows, handles the keyboard, opens link
// targets, and copies commands. The address keeps the state: #anchor?variant=...&judgement=...
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const form = byId("filter");
  const fields = {
    q: byId("filter-text"),
    variant: byId("filter-variant"),
    judgement: byId("filter-kind"),
    claim: byId("filter-claim"),
  };
  const rows = all("tr.s");
  // A mistyped or cut address may not be a valid encoding.
  const decode = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };
  const anchorOf = (link) => decode(link.hash.slice(1));
  const sections = new Map(
    rows.map((row) => [row, byId(anchorOf(row.querySelector("a")))?.closest(".scenario")]),
  );

  // A search looks at the row, its scenario, and the notes of the scenario.
  const words = new Map();
  const haystack = (row) => {
    if (!words.has(row)) {
      const section = sections.get(row);
      const notes = section ? all('a[href^="#~"]', section).map((link) => byId(anchorOf(link))) : [];
      const texts = [row, section, ...new Set(notes)].map((item) => item?.textContent ?? "");
      words.set(row, texts.join(" ").toLowerCase());
    }
    return words.get(row);
  };

  // The columns are the scenario, the baseline, then the variants in the order of the menu, whose
  // first entry is "all".
  const aside = (cell) => {
    const chosen = fields.variant.selectedIndex;
    return chosen > 0 && cell.cellIndex > 1 && cell.cellIndex !== chosen + 1;
  };
  const shows = (cell, kind) =>
    kind === "unchanged" ? !cell.className : cell.classList.contains(kind);
  const matches = (row) => {
    const kind = fields.judgement.value;
    const claim = fields.claim.value;
    const asked = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const cells = Array.from(row.cells);
    const judged =
      kind === "met" ? cells.slice(1, 2) : cells.slice(2).filter((cell) => !aside(cell));
    return (
      (!kind || judged.some((cell) => shows(cell, kind))) &&
      (!claim || (row.dataset.claims ?? "").split(" ").includes(claim)) &&
      asked.every((word) => haystack(row).includes(word))
    );
  };

  let column = 0;
  const filter = () => {
    const shown = new Set();
    let number = 0;
    for (const row of rows) {
      row.hidden = !matches(row);
      if (row.hidden) continue;
      number += 1;
      shown.add(sections.get(row));
    }
    for (const section of new Set(sections.values())) {
      if (section) section.hidden = !shown.has(section);
    }
    if (column !== fields.variant.selectedIndex) {
      for (const cell of all(".matrix td, .matrix thead th")) cell.hidden = aside(cell);
      column = fields.variant.selectedIndex;
    }
    for (const shelf of all(".matrix tbody")) {
      shelf.hidden = all("tr.s", shelf).every((row) => row.hidden);
    }
    byId("filter-count").textContent = `${number} of ${rows.length} scenarios`;
  };

  const remember = (anchor) => {
    const parameters = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) {
      if (field.value) parameters.set(name, field.value);
    }
    history.replaceState(null, "", `#${encodeURI(anchor)}${parameters.size ? `?${parameters}` : ""}`);
  };
  const set = (values) => {
    for (const [name, field] of Object.entries(fields)) {
      field.value = values[name] ?? "";
      if (field.selectedIndex < 0) field.value = "";
    }
    filter();
  };

  // A variant without differences has no anchor: use that of its scenario.
  const find = (anchor) => {
    let found = byId(anchor);
    for (let end = anchor.lastIndexOf("/"); !found && end > 0; end = anchor.lastIndexOf("/", end - 1)) {
      found = byId(anchor.slice(0, end));
    }
    return found;
  };

  const open = () => {
    const hash = location.hash.slice(1);
    const at = hash.indexOf("?");
    let anchor = decode(at < 0 ? hash : hash.slice(0, at));
    let target = find(anchor);
    if (target?.matches("#matrix .only")) {
      set({ variant: target.dataset.variant, judgement: target.dataset.kind });
      [anchor, target] = ["matrix", byId("matrix")];
    } else if (at >= 0) {
      set(Object.fromEntries(new URLSearchParams(hash.slice(at + 1))));
    }
    if (anchor || at >= 0) remember(anchor);
    if (!target) return;
    for (let item = target.closest("details"); item; item = item.parentElement.closest("details")) {
      item.hidden = false;
      item.open = true;
    }
    (target.matches(".body") ? target.parentElement : target).scrollIntoView();
  };

  const move = (step) => {
    const visible = rows.filter((row) => !row.hidden);
    const here = visible.indexOf(document.activeElement.closest("tr.s"));
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), visible.length - 1);
    visible[next]?.querySelector("a").focus();
  };

  // The link target of a matrix cell: its variant in its scenario.
  const cellOf = (cell) => {
    const scenario = anchorOf(cell.parentElement.querySelector("a"));
    const variant = fields.variant.options[cell.cellIndex - 1].value;
    const places = all("thead a[id]", sections.get(cell.parentElement));
    return places.find((item) => item.id.startsWith(`${scenario}/`) && item.id.endsWith(`/${variant}`));
  };

  const copy = (button, commands) => {
    const lines = commands.cloneNode(true);
    all("i", lines).forEach((item) => item.remove());
    const area = document.createElement("textarea");
    area.value = lines.textContent.split("\n").filter((line) => line.trim()).join("\n") + "\n";
    button.before(area);
    area.select();
    // Pages opened from a file have no clipboard API.
    button.textContent = document.execCommand("copy") ? "copied" : "press Ctrl-C";
    area.remove();
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  };
  const offerCopies = (place) => {
    for (const commands of all(":scope > pre", place)) {
      if (commands.previousElementSibling.matches(".copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.addEventListener("click", () => copy(button, commands));
      commands.before(button);
    }
  };

  const click = (event) => {
    const link = event.target.closest('a[href^="#~"]');
    const note = link && byId(anchorOf(link));
    if (note?.showPopover) {
      event.preventDefault();
      offerCopies(note);
      note.popover = "auto";
      note.showPopover();
    }
    const cell = event.target.closest(".matrix td[class]:not(.met)");
    if (cell) location.hash = encodeURI(cellOf(cell)?.id ?? anchorOf(cell.parentElement.querySelector("a")));
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = { "/": () => fields.q.focus(), j: () => move(1), k: () => move(-1) }[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); remember("matrix"); });
  byId("filter-reset").addEventListener("click", () => { set({}); remember("matrix"); });
  window.addEventListener("hashchange", open);
  document.addEventListener("click", click);
  document.addEventListener("keydown", press);
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".reproduce") && event.target.open) offerCopies(event.target);
  }, true);
  window.addEventListener("beforeprint", () => all("details").forEach((item) => { item.open = true; }));
  byId("filter-count").textContent = `${rows.length} of ${rows.length} scenarios`;
  open();
})();
