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

  // Every entry of the browser's history that was shown has a state; a link that is followed adds an
  // entry without one. The state has the link that had the focus.
  const note = (state, address) => history.replaceState({ ...history.state, ...state }, "", address);
  const remember = (anchor) => {
    const parameters = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) {
      if (field.value) parameters.set(name, field.value);
    }
    note({}, `#${encodeURI(anchor)}${parameters.size ? `?${parameters}` : ""}`);
  };
  // Returns the values that no menu has.
  const set = (values) => {
    const unknown = [];
    let changed = false;
    for (const [name, field] of Object.entries(fields)) {
      if (field.value === (values[name] ?? "")) continue;
      changed = true;
      field.value = values[name] ?? "";
      if (field.selectedIndex < 0) {
        unknown.push(values[name]);
        field.value = "";
      }
    }
    if (changed) filter();
    return unknown;
  };

  // A variant without differences has no anchor: use that of its scenario. Returns the element, and
  // the part of the address that names nothing.
  const find = (anchor) => {
    for (let end = anchor.length; end > 0; end = anchor.lastIndexOf("/", end - 1)) {
      const target = byId(anchor.slice(0, end));
      if (target) return [target, anchor.slice(end + 1)];
    }
    return [null, anchor];
  };
  const variants = new Set(all(".matrix th[data-cell]").map((head) => head.dataset.cell));
  variants.add(byId("matrix").dataset.baseline);
  const nowhere = document.querySelector(".nowhere");
  const say = (missing) => {
    nowhere.hidden = !missing.length;
    nowhere.textContent = `This report has nothing named ${missing.join(", ")}.`;
  };

  // Shows what the address names. Back and Forward bring back the filter and the focus of then; a
  // link leaves the filter as it is, unless its address has one.
  const open = () => {
    const past = history.state;
    const hash = location.hash.slice(1);
    const at = hash.indexOf("?");
    let anchor = decode(at < 0 ? hash : hash.slice(0, at));
    let [target, rest] = find(anchor);
    const missing = rest && !(target?.matches(".body") && variants.has(rest)) ? [anchor] : [];
    if (target?.matches("#matrix .only")) {
      set({ variant: target.dataset.variant, judgement: target.dataset.kind });
      [anchor, target] = ["matrix", byId("matrix")];
    } else if (at >= 0 || past) {
      missing.push(...set(Object.fromEntries(new URLSearchParams(at < 0 ? "" : hash.slice(at + 1)))));
    }
    if (anchor || at >= 0) remember(anchor);
    else note({});
    say(missing);
    for (let item = target?.closest("details"); item; item = item.parentElement.closest("details")) {
      item.hidden = false;
      item.open = true;
    }
    const link = document.links[past?.focus];
    if (link) link.focus();
    else if (target) arrive(target.matches(".body") ? target.parentElement : target);
  };
  const arrive = (target) => {
    target.scrollIntoView();
    const place = target.querySelector(":scope > summary") ?? target;
    if (place === target && !target.matches("a, summary")) target.tabIndex = -1;
    place.focus({ preventScroll: true });
  };
  const go = (link, anchor) => {
    note({ focus: Array.from(document.links).indexOf(link) });
    if (anchor) location.hash = encodeURI(anchor);
  };

  const move = (step) => {
    const visible = rows.filter((row) => !row.hidden);
    const here = visible.indexOf(document.activeElement.closest("tr.s"));
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), visible.length - 1);
    visible[next]?.querySelector("a").focus();
  };

  // The link target of a matrix cell: its variant in its scenario.
  const heads = all(".matrix thead th");
  const cellOf = (cell) => {
    const scenario = anchorOf(cell.parentElement.querySelector("a"));
    const place = `${scenario}/${heads[cell.cellIndex].dataset.cell}`;
    const ids = all("thead a[id]", sections.get(cell.parentElement)).map((item) => item.id);
    return ids.find((id) => id === place) ?? ids.find((id) => id.startsWith(`${place}.`)) ?? scenario;
  };

  const commandsOf = (block) => {
    const lines = block.cloneNode(true);
    all("i", lines).forEach((item) => item.remove());
    return lines.textContent.split("\n").filter((line) => line.trim()).join("\n");
  };
  const copy = (button, text) => {
    const area = document.createElement("textarea");
    area.value = `${text}\n`;
    button.before(area);
    area.select();
    // Pages opened from a file have no clipboard API.
    button.textContent = document.execCommand("copy") ? "copied" : "press Ctrl-C";
    area.remove();
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  };
  const offerCopies = (place) => {
    for (const commands of all(":scope > pre", place)) {
      const text = commandsOf(commands);
      if (!text || commands.previousElementSibling.matches(".copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.addEventListener("click", () => copy(button, text));
      commands.before(button);
    }
  };

  const click = (event) => {
    const link = event.target.closest('a[href^="#"]');
    const popup = link?.matches('[href^="#~"]') && byId(anchorOf(link));
    if (popup?.showPopover) {
      event.preventDefault();
      offerCopies(popup);
      popup.popover = "auto";
      popup.showPopover();
    } else if (link) {
      go(link);
    }
    const cell = event.target.closest(".matrix td");
    if (cell) go(cell.parentElement.querySelector("a"), cellOf(cell));
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
