"use strict";
// Buttons that copy commands. Pages with scenarios offer them when a scenario is opened.
const commandsOf = (block) => {
  const lines = block.cloneNode(true);
  lines.querySelectorAll("i").forEach((item) => item.remove());
  return lines.textContent.split("\n").filter((line) => line.trim()).join("\n");
};
const copy = (button, text) => {
  const name = button.textContent;
  const area = document.createElement("textarea");
  area.value = text;
  button.before(area);
  area.select();
  // Pages opened from a file have no clipboard API.
  button.textContent = document.execCommand("copy") ? "copied" : "press Ctrl-C";
  area.remove();
  setTimeout(() => { button.textContent = name; }, 2000);
};
const copyButton = (name, text) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = name;
  button.addEventListener("click", () => copy(button, text));
  return button;
};
const offerCopies = (place) => {
  for (const commands of place.querySelectorAll(":scope > pre")) {
    const text = commandsOf(commands);
    if (!text || commands.previousElementSibling?.matches(".copy")) continue;
    commands.before(copyButton("copy", `${text}\n`));
  }
};
document.querySelectorAll(".review .commands").forEach((place) => offerCopies(place));
