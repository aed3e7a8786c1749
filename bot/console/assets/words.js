// What the page knows from the server: sentences in the reader's language, who reads, and where.

const page = JSON.parse(document.getElementById("page").textContent);

export const { room, role, me, commands, language, timezone } = page;

/** The sentence `key` with `{name}` filled in from `values`. */
export function say(key, values = {}) {
  const sentence = page.words[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const order = ["viewer", "responder", "editor", "admin"];

/** Whether the reader's role includes `needed`. The server decides; this only hides buttons. */
export function may(needed) {
  return order.indexOf(role) >= order.indexOf(needed);
}
