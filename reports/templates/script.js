"use strict";
// The page is readable without this script. It filters, sorts and judges rows anew, follows some
// variants, handles the keyboard, opens link targets, copies commands and saves rows. The address
// keeps the state: #anchor?variant=...&judgement=...
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const form = byId("filter");
  const view = document.querySelector(".view");
  const fields = {
    q: byId("filter-text"),
    variant: byId("filter-variant"),
    second: byId("filter-second"),
    against: byId("filter-against"),
    judgement: byId("filter-kind"),
    claim: byId("filter-claim"),
    differs: byId("filter-differs"),
    sort: byId("filter-sort"),
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

  // A column's number: 0 is the baseline's, the others are in the order of the menus, whose first
  // entries are "all", "no other" and the baseline. The matrix has the scenario before them.
  const heads = all(".matrix thead th");
  const against = () => Math.max(fields.against.selectedIndex, 0);
  const followed = () =>
    new Set([fields.variant, fields.second].map((menu) => menu.selectedIndex).filter((n) => n > 0));
  const aside = (column) => {
    const chosen = followed();
    return chosen.size > 0 && column > 0 && column !== against() && !chosen.has(column);
  };
  const judgedColumns = () => {
    const chosen = followed();
    const columns = Array.from(heads.slice(1).keys()).filter((column) => column !== against());
    return chosen.size ? columns.filter((column) => chosen.has(column)) : columns;
  };

  // The outcomes of a row: which columns behave alike, and the goals that each met.
  const outcomesOf = new Map(rows.map((row) => {
    const [letters, ...goals] = (row.dataset.of ?? "").split(" ");
    return [row, heads.slice(1).map((_, column) => {
      const letter = letters ? letters.charCodeAt(column) - 65 : 0;
      const met = goals[letter] ?? "";
      return { letter, ran: letter >= 0 && met !== "!", failed: met === "!", met };
    })];
  }));
  const apart = (row) => {
    const outcomes = outcomesOf.get(row);
    return judgedColumns().some((column) => outcomes[column].letter !== outcomes[against()].letter);
  };

  // Judge a row against a column other than the baseline's: by its goals and its behaviour.
  const judge = (own, other) => {
    if (own.failed || other.failed) return ["error"];
    if (!own.ran || !other.ran) return ["not-run"];
    if (own.letter === other.letter) return [];
    const goals = Array.from(other.met.replace("+", ""), (met, goal) => met + own.met[goal]);
    const kinds = [];
    if (goals.includes("10")) kinds.push("regression");
    if (goals.includes("01")) kinds.push("fix");
    if (!kinds.length) kinds.push("change");
    if (kinds[0] === "regression" && own.met.includes("+") && !other.met.includes("+")) kinds.push("dies");
    return kinds;
  };
  const shortNames = new Map(
    Array.from(fields.judgement.options, (option) => [option.value, option.dataset.short]),
  );
  const names = new Map();
  const originals = new Map();
  const write = (cell, className, text) => {
    cell.textContent = text;
    if (className) cell.className = className;
    else cell.removeAttribute("class");
  };
  const judgeCell = (cell, own, other, isBase) => {
    const flags = own.met.replace("+", "");
    const score = own.ran && flags ? `${flags.replaceAll("0", "").length}/${flags.length}` : "";
    if (isBase) {
      write(cell, score && !flags.includes("0") ? "met" : "plain", score || "–");
      return;
    }
    const kinds = judge(own, other);
    const signs = kinds.map((kind) => (kind === "dies" ? "†" : shortNames.get(kind)));
    const same = cell.cellIndex > 1 ? "=" : "= same";
    write(cell, kinds.join(" "), signs.length ? `${signs.join(" ")} ${score}` : same);
  };
  const judgeAnew = () => {
    const base = against();
    for (const row of rows) {
      const cells = Array.from(row.cells).slice(1);
      for (const cell of cells) {
        if (!originals.has(cell)) originals.set(cell, [cell.className, cell.textContent]);
      }
      const outcomes = outcomesOf.get(row);
      for (const [column, cell] of cells.entries()) {
        if (!base) write(cell, ...originals.get(cell));
        else if (row.dataset.of) judgeCell(cell, outcomes[column], outcomes[base], column === base);
        else if (column === base) write(cell, ...originals.get(cells[0]));
        else write(cell, "", column ? "=" : "= same");
      }
    }
    for (const head of heads.slice(1)) {
      head.classList.toggle("base", base > 0 && head.cellIndex - 1 === base);
    }
    const name = fields.against.options[base].dataset.name;
    const met = Array.from(fields.judgement.options).find((option) => option.value === "met");
    names.set(met, `${name} meets all goals`);
    byId("rejudged").hidden = !base;
    byId("rejudged").textContent =
      `The matrix is judged against ${name}, by goals and by behaviour alone: it has no ABI removals ` +
      `and no declared intents. All other parts of this page are judged against ` +
      `${fields.against.options[0].dataset.name}.`;
  };

  const shows = (cell, kind) =>
    kind === "unchanged" ? !cell.className : cell.classList.contains(kind);
  const searched = (row) => {
    const asked = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    return asked.every((word) => haystack(row).includes(word));
  };
  const judgedAs = (row, kind) => {
    if (!kind) return true;
    const columns = kind === "met" ? [against()] : judgedColumns();
    return columns.some((column) => shows(row.cells[column + 1], kind));
  };
  const claimed = (row, claim) => !claim || (row.dataset.claims ?? "").split(" ").includes(claim);

  // The entries of a menu with the number of rows that each would leave.
  const count = (menu, rowsLeft, leaves) => {
    for (const option of menu.options) {
      if (!option.value) continue;
      if (!names.has(option)) names.set(option, option.textContent);
      const number = rowsLeft.filter((row) => leaves(row, option.value)).length;
      option.textContent = `${names.get(option)} (${number})`;
    }
  };

  // A column of the tables of scenarios is shown if one of its variants is followed.
  const spans = new WeakMap();
  const narrow = (section) => {
    const row = rows.find((item) => sections.get(item) === section);
    const table = section.querySelector(".steps");
    if (!table || !row) return;
    const kept = new Set(
      outcomesOf.get(row).filter((_, column) => !aside(column)).map((outcome) => outcome.letter),
    );
    for (const line of table.rows) {
      let column = 0;
      for (const cell of Array.from(line.cells).slice(line.parentElement.tagName === "THEAD" ? 1 : 0)) {
        if (cell.scope === "row" || cell.tagName === "TH" && line.parentElement.tagName !== "THEAD") continue;
        if (!spans.has(cell)) spans.set(cell, cell.colSpan);
        const letters = Array.from({ length: spans.get(cell) }, (_, offset) => column + offset);
        const left = letters.filter((letter) => kept.has(letter)).length;
        cell.hidden = !left;
        if (left) cell.colSpan = left;
        column += letters.length;
      }
    }
  };

  // Without the text of an order, rows stand in their folders.
  const homes = new Map(rows.map((row) => [row, row.parentElement]));
  const shelves = all(".matrix tbody");
  const sorted = document.createElement("tbody");
  const worst = ["dies", "error", "regression", "abi", "fix", "change", "intended", "not-run"];
  const rank = (cell) => {
    const place = worst.findIndex((kind) => cell.classList.contains(kind));
    return place < 0 ? worst.length : place;
  };
  let order = "";
  const sort = () => {
    if (order === fields.sort.value) return;
    order = fields.sort.value;
    const number = Math.abs(Number.parseInt(order, 10)) || 0;
    const back = order.startsWith("-");
    for (const head of heads) {
      if (order && head.cellIndex === number) head.ariaSort = back ? "descending" : "ascending";
      else head.removeAttribute("aria-sort");
    }
    if (!order) {
      for (const row of rows) homes.get(row).append(row);
      sorted.remove();
      return;
    }
    const key = (row) => (number ? rank(row.cells[number]) : row.cells[0].textContent);
    const compare = (a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b)));
    const ordered = [...rows].sort(compare);
    sorted.append(...(back ? ordered.reverse() : ordered));
    document.querySelector(".matrix").append(sorted);
  };

  let last = "";
  const filter = () => {
    const base = against();
    const columns = `${base} ${fields.variant.value} ${fields.second.value}`;
    if (columns !== last) {
      if (base !== Number.parseInt(last || "0", 10)) judgeAnew();
      for (const cell of all(".matrix td, .matrix thead th")) {
        cell.hidden = cell.cellIndex > 0 && aside(cell.cellIndex - 1);
      }
      // What is about the baseline stays.
      const kept = Array.from(followed(), (number) => `v${number}`).concat("v0");
      for (const item of all("main .v")) {
        item.hidden = kept.length > 1 && !kept.some((name) => item.classList.contains(name));
      }
      all(".scenario[open]").forEach(narrow);
      last = columns;
    }
    sort();
    const { judgement, claim, differs } = fields;
    const found = rows.filter((row) => searched(row) && (!differs.value || apart(row)));
    const shown = new Set();
    const cards = new Set();
    for (const row of found) {
      if (!judgedAs(row, judgement.value) || !claimed(row, claim.value)) continue;
      shown.add(row);
      cards.add(sections.get(row));
    }
    for (const row of rows) row.hidden = !shown.has(row);
    for (const section of new Set(sections.values())) {
      if (section) section.hidden = !cards.has(section);
    }
    for (const shelf of shelves) shelf.hidden = all("tr.s", shelf).every((row) => row.hidden);
    count(judgement, found.filter((row) => claimed(row, claim.value)), judgedAs);
    count(claim, found.filter((row) => judgedAs(row, judgement.value)), claimed);
    differs.ariaPressed = String(Boolean(differs.value));
    byId("filter-count").textContent = `${shown.size} of ${rows.length} scenarios`;
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
      if (field.selectedIndex < 0 && values[name]) {
        unknown.push(values[name]);
        field.value = "";
      }
    }
    if (changed) filter();
    return unknown;
  };

  // Pictures begin at the left, so that equal blocks stand below each other.
  for (const picture of all("symbol")) picture.setAttribute("preserveAspectRatio", "xMinYMin");

  // The anchors MEMBER/VARIANT that nothing on the page links to.
  for (const card of all(".scenario > .body")) {
    const places = all(".facts dd[id]", card).map((item) => item.id);
    for (const name of places.length ? all(".steps thead a", card) : []) {
      if (!name.textContent) continue;
      for (const id of places.map((place) => `${place}/${name.textContent}`)) {
        if (!byId(id)) name.before(Object.assign(document.createElement("a"), { id }));
      }
    }
  }

  // A variant without differences has no anchor: use that of its scenario. Returns the element, and
  // the part of the address that names nothing.
  const find = (anchor) => {
    for (let end = anchor.length; end > 0; end = anchor.lastIndexOf("/", end - 1)) {
      const target = byId(anchor.slice(0, end));
      if (target) return [target, anchor.slice(end + 1)];
    }
    return [null, anchor];
  };
  const variants = new Set(heads.slice(1).map((head) => head.dataset.cell));
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
    const visible = all("tr.s").filter((row) => !row.hidden);
    const here = visible.indexOf(document.activeElement.closest("tr.s"));
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), visible.length - 1);
    visible[next]?.querySelector("a").focus();
  };

  // The link target of a matrix cell: its variant in its scenario.
  const cellOf = (cell) => {
    const scenario = anchorOf(cell.parentElement.querySelector("a"));
    const place = `${scenario}/${heads[cell.cellIndex].dataset.cell}`;
    const ids = all("thead a[id]", sections.get(cell.parentElement)).map((item) => item.id);
    return ids.find((id) => id === place) ?? ids.find((id) => id.startsWith(`${place}.`)) ?? scenario;
  };

  const offerLinks = (card) => {
    const body = card.querySelector(":scope > .body");
    if (!body?.id || body.querySelector(":scope > .copy")) return;
    const address = (id) => `${location.href.split("#", 1)[0]}#${encodeURI(id)}`;
    body.prepend(copyButton("copy link", address(body.id)));
    for (const place of all("thead a[id]", body)) place.href = `#${encodeURI(place.id)}`;
  };

  // What the reader can save: the rows that are shown, with the columns that are shown.
  const table = () => {
    const columns = heads.filter((head) => head.cellIndex > 0 && !head.hidden);
    return rows.filter((row) => !row.hidden).map((row) => ({
      id: row.querySelector("code").textContent,
      title: (sections.get(row)?.querySelector("h3") ?? row.querySelector("a")).textContent,
      link: anchorOf(row.querySelector("a")),
      outcomes: Object.fromEntries(columns.map((head) => {
        const cell = row.cells[head.cellIndex];
        const kinds = Array.from(cell.classList).filter((kind) => kind !== "met");
        const [score] = cell.textContent.match(/[0-9]+\/[0-9]+/) ?? [""];
        const base = head.cellIndex - 1 === against();
        return [head.dataset.name, { kinds: base ? ["baseline"] : kinds.length ? kinds : ["unchanged"], goals: score }];
      })),
    }));
  };
  const save = (name, type, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  // Spreadsheets take a text that begins with one of these signs as a formula.
  const quoted = (text) => `"${String(text).replace(/^[=+@-]/, "'$&").replaceAll('"', '""')}"`;
  const csv = (lines) => {
    const columns = Object.keys(lines[0]?.outcomes ?? {});
    const body = lines.map((line) => [line.id, line.title, ...columns.map((name) =>
      [...line.outcomes[name].kinds, line.outcomes[name].goals].join(" ").trim())]);
    return [["scenario", "title", ...columns], ...body]
      .map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
  };
  const fails = (line) =>
    Object.values(line.outcomes).some((item) => item.kinds.some((kind) => /^(regression|error)$/.test(kind)));
  const openAll = (open) => all("main details").forEach((item) => { item.open = open; });
  const actions = {
    expand: () => openAll(true),
    collapse: () => openAll(false),
    keys: () => byId("keys").togglePopover?.(),
    ids: () => save("failing.txt", "text/plain", table().filter(fails).map((line) => `${line.id}\n`).join("")),
    csv: () => save("matrix.csv", "text/csv", csv(table())),
    json: () => save("matrix.json", "application/json", `${JSON.stringify(table(), null, 1)}\n`),
  };

  const click = (event) => {
    const link = event.target.closest('a[href^="#"]');
    const popup = link?.matches('[href^="#~"]') && byId(anchorOf(link));
    if (popup?.showPopover) {
      event.preventDefault();
      offerCopies(popup);
      const name = popup.querySelector("b");
      if (name && !name.querySelector("a") && byId(`function:${name.textContent}`)) {
        const entry = document.createElement("a");
        entry.href = `#function:${name.textContent}`;
        entry.append(...name.childNodes);
        name.append(entry);
      }
      popup.popover = "auto";
      popup.showPopover();
    } else if (link) {
      go(link);
    }
    const doing = event.target.closest("[data-do]")?.dataset.do;
    if (doing) actions[doing]();
    const sorter = event.target.closest(".sort");
    if (sorter) sortOn(sorter.parentElement.cellIndex);
    const cell = event.target.closest(".matrix td");
    if (cell) go(cell.parentElement.querySelector("a"), cellOf(cell));
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = {
      "/": () => fields.q.focus(),
      "?": actions.keys,
      j: () => move(1),
      k: () => move(-1),
      d: () => fields.differs.click(),
      o: actions.expand,
      c: actions.collapse,
    }[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  };

  const chosen = () => {
    filter();
    remember("matrix");
  };
  // A click sorts by a column, the next one the other way round, the third not at all.
  const sortOn = (number) => {
    const next = { [`${number}`]: `-${number}`, [`-${number}`]: "" };
    fields.sort.value = next[fields.sort.value] ?? `${number}`;
    chosen();
  };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
  }
  for (const item of [form, view]) {
    item.hidden = false;
    item.addEventListener("submit", (event) => event.preventDefault());
    item.addEventListener("input", chosen);
  }
  fields.differs.addEventListener("click", () => {
    fields.differs.value = fields.differs.value ? "" : "1";
    chosen();
  });
  byId("filter-reset").addEventListener("click", () => { set({}); remember("matrix"); });
  window.addEventListener("hashchange", open);
  document.addEventListener("click", click);
  document.addEventListener("keydown", press);
  document.addEventListener("toggle", (event) => {
    const item = event.target;
    if (!item.open || !item.matches) return;
    if (item.matches(".reproduce")) offerCopies(item);
    if (item.matches(".scenario")) {
      offerLinks(item);
      if (followed().size) narrow(item);
    }
  }, true);
  // On paper stand the notes that what is printed refers to.
  window.addEventListener("beforeprint", () => {
    const printed = all("#errors, #regressions, .scenario[open]");
    const cited = new Set(
      printed.flatMap((part) => all('a[href^="#~"]', part)).filter((link) => link.checkVisibility?.())
        .map(anchorOf),
    );
    for (const item of all(".shared > div")) item.classList.toggle("cited", cited.has(item.id));
    document.body.classList.add("cites");
  });
  filter();
  open();
})();
