// Ids and commands inside a text become buttons that put a command into the input; articles, links.

import { make } from "./dom.js";
import { commands, say } from "./words.js";

// `/silence INC-3 1h`, as notifications suggest it, or an id by itself.
const FINDS = /(\/[a-z]+) (?:INC|ALT|KB)-\d{1,12}(?: \d{1,4}[smhd]\b)?|\b(?:INC|ALT|KB)-\d{1,12}\b/g;
const known = new Set(commands.map((command) => command.name));

function filling(text, command) {
  return make("button", { type: "button", class: "ref", "data-fill": command, title: say("fill", { command }) }, text);
}

function referring([found, command]) {
  if (command) return known.has(command) ? filling(found, found) : found;
  if (found.startsWith("KB-")) return make("a", { class: "ref", href: `/articles/${found}` }, found);
  return filling(found, `/show ${found}`);
}

/** Do so with `INC-1`, `ALT-2`, `KB-3`, `/ack INC-1` and with `/command …` in code. */
export function enliven(element) {
  for (const code of element.querySelectorAll("code")) {
    const word = code.textContent.split(/\s/, 1)[0];
    if (!code.closest("pre, a") && known.has(word)) code.replaceChildren(filling(code.textContent, code.textContent));
  }
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest("a, button, pre") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const pieces = [];
    let from = 0;
    for (const found of text.data.matchAll(FINDS)) {
      pieces.push(text.data.slice(from, found.index), referring(found));
      from = found.index + found[0].length;
    }
    if (pieces.length) text.replaceWith(...pieces, text.data.slice(from));
  }
  return element;
}
