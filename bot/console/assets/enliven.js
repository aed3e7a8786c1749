// Ids and commands inside a text become buttons that put a command into the input; articles, links.

import { make } from "./dom.js";
import { commands, say } from "./words.js";

const IDS = /\b(?:INC|ALT|KB)-\d{1,12}\b/g;
const known = new Set(commands.map((command) => command.name));

function filling(text, command) {
  return make("button", { type: "button", class: "ref", "data-fill": command, title: say("fill", { command }) }, text);
}

function referring(id) {
  if (id.startsWith("KB-")) return make("a", { class: "ref", href: `/articles/${id}` }, id);
  return filling(id, `/show ${id}`);
}

/** Do so with `INC-1`, `ALT-2`, `KB-3` and with `/command …` in code, inside `element`. */
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
    for (const found of text.data.matchAll(IDS)) {
      pieces.push(text.data.slice(from, found.index), referring(found[0]));
      from = found.index + found[0].length;
    }
    if (pieces.length) text.replaceWith(...pieces, text.data.slice(from));
  }
  return element;
}
