"use strict";
// Everything can be read without this. It filters, moves by keyboard, opens what is linked to,
// and copies commands. The address keeps what is looked at: #anchor?variant=...&judgement=...
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const by = (id) => document.getElementById(id);
  const form = by("filter");
  const fields = {
    q: by("filter-text"),
    variant: by("filter-variant"),
    judgement: by("filter-kind"),
    claim: by("filter-claim"),
  };
  const rows = all("tr.s");
  // An address that somebody mistyped or cut may be no encoding of anything.
  const decode = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };
  const anchorOf = (link) => decode(link.hash.slice(1));
  const sections = new Map(
    rows.map((row) => [row, by(anchorOf(row.querySelector("a")))?.closest(".scenario")]),
  );

  // A row is found by its own words and by all that is said in its scenario, notes included.
  const words = new Map();
  const haystack = (row) => {
    if (!words.has(row)) {
      const section = sections.get(row);
      const notes = section ? all('a[href^="#~"]', section).map((link) => by(anchorOf(link))) : [];
      const texts = [row, section, ...new Set(notes)].map((item) => item?.textContent ?? "");
      words.set(row, texts.join(" ").toLowerCase());
    }
    return words.get(row);
  };

  // Columns are the scenario, the baseline, then the variants in the order of the menu, where the
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
    by("filter-count").textContent = `${number} of ${rows.length} scenarios`;
  };

  const remember = (anchor) => {
    const told = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) {
      if (field.value) told.set(name, field.value);
    }
    history.replaceState(null, "", `#${encodeURI(anchor)}${told.size ? `?${told}` : ""}`);
  };
  const set = (values) => {
    for (const [name, field] of Object.entries(fields)) {
      field.value = values[name] ?? "";
      if (field.selectedIndex < 0) field.value = "";
    }
    filter();
  };

  // A variant that is as the baseline has no place of its own: its scenario's is taken.
  const find = (anchor) => {
    let found = by(anchor);
    for (let end = anchor.lastIndexOf("/"); !found && end > 0; end = anchor.lastIndexOf("/", end - 1)) {
      found = by(anchor.slice(0, end));
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
      [anchor, target] = ["matrix", by("matrix")];
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

  // Where a cell of the matrix leads: to its variant in its scenario.
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
    // The clipboard API is not there for pages opened from a file.
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
    const note = link && by(anchorOf(link));
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
  by("filter-reset").addEventListener("click", () => { set({}); remember("matrix"); });
  window.addEventListener("hashchange", open);
  document.addEventListener("click", click);
  document.addEventListener("keydown", press);
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".reproduce") && event.target.open) offerCopies(event.target);
  }, true);
  window.addEventListener("beforeprint", () => all("details").forEach((item) => { item.open = true; }));
  by("filter-count").textContent = `${rows.length} of ${rows.length} scenarios`;
  open();
})();
