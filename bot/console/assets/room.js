// The room: incidents on the left, the conversation, one incident's panel on the right.

import { call } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Incidents } from "./incidents.js";
import { Panel } from "./panel.js";
import { listen } from "./stream.js";
import { room, say } from "./words.js";

const address = `/chat/web/${encodeURIComponent(room)}`;
const linkState = document.getElementById("link-state");
const title = document.title;
let unread = 0;

/** Say `text` in the room. told: what to show under the input. */
async function send(text) {
  try {
    const { reply } = await call(`${address}/messages`, { body: { text } });
    await conversation.catchUp();
    return { taken: true, told: reply.id === null ? reply.text : "" };
  } catch (error) {
    return { taken: false, told: error.status ? error.message : say("offline") };
  } finally {
    incidents.refresh();
    panel.load();
  }
}

const composer = new Composer({ send });
const conversation = new Conversation({
  send: (text) => composer.say(text),
  arrived: (item) => {
    if (item.incident) incidents.refresh();
    if (item.incident === panel.id) panel.load();
    if (document.hidden && item.kind !== "reply") document.title = `(${++unread}) ${title}`;
  },
});
const panel = new Panel({
  send: (text) => composer.say(text),
  changed: (id) => {
    incidents.choose(id);
    const here = new URL(location.href);
    if (id) here.searchParams.set("incident", id);
    else here.searchParams.delete("incident");
    history.replaceState(null, "", here);
  },
});
const incidents = new Incidents({
  open: (id) => panel.open(id),
  send: (text) => composer.say(text),
  changed: (items) => conversation.setOpen(items),
});

document.addEventListener("click", (event) => {
  const filling = event.target.closest("[data-fill]");
  if (filling) composer.fill(filling.dataset.fill);
  // A notification's link to this very room opens the incident here, not in another tab.
  const link = event.target.closest("a[href]");
  const plainly = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const incident = link && plainly && incidentOf(new URL(link.href));
  if (incident) {
    event.preventDefault();
    panel.open(incident);
  }
});
function incidentOf(address) {
  return address.origin === location.origin && address.pathname === location.pathname && address.searchParams.get("incident");
}
for (const example of document.querySelectorAll("[data-send]")) {
  example.addEventListener("click", () => composer.say(example.dataset.send));
}
const fold = document.getElementById("fold");
fold.addEventListener("click", () => {
  const unfolded = document.getElementById("incidents").classList.toggle("unfolded");
  fold.setAttribute("aria-expanded", String(unfolded));
});

// A browser opens six connections to a host, so a page nobody looks at keeps one stream, not two.
let unfollow = null;
function followIncidents() {
  unfollow?.();
  unfollow = null;
  if (document.hidden) return;
  incidents.refresh();
  unfollow = listen(() => "/api/v1/stream", {
    incident: (incident) => {
      incidents.refresh();
      if (incident.id === panel.id) panel.load();
    },
  });
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    unread = 0;
    document.title = title;
  }
  followIncidents();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea")) {
    event.preventDefault();
    composer.fill("/");
  }
});

// The server ends each stream now and then; only a break that lasts is worth a word.
let broken;
function state(now) {
  clearTimeout(broken);
  if (now === "lost") broken = setTimeout(mark, 3_000, now);
  else mark(now);
}
function mark(now) {
  linkState.dataset.state = now;
  linkState.querySelector("span").textContent = say(`link_${now}`);
}

try {
  await Promise.all([conversation.load(), incidents.load()]);
} catch (error) {
  composer.tell(error.status ? error.message : say("offline"), true);
}
listen(
  () => `${address}/stream?after=${conversation.last}`,
  { message: (item) => conversation.receive(item) },
  // A call tells why: 401 leads to the door.
  { state, gaveUp: () => conversation.catchUp().catch(() => {}) },
);
followIncidents();
const asked = new URLSearchParams(location.search).get("incident");
if (asked) panel.open(asked);
