// The list of open incidents. Every change of one asks for the list again, at most a few a second.

import { actionsOf } from "./actions.js";
import { call } from "./api.js";
import { make } from "./dom.js";
import { ageOf, fullOf } from "./time.js";
import { say } from "./words.js";

const ROOM_FOR = 100;
const rank = { critical: 2, warning: 1, info: 0 };

export class Incidents {
  /** open(id): show its panel. send(command). changed(incidents): the list is another. */
  constructor({ open, send, changed }) {
    this.list = document.getElementById("incident-list");
    this.count = document.getElementById("incident-count");
    this.calm = document.getElementById("incident-calm");
    this.handlers = { open, send, changed };
    this.items = [];
    this.shown = "";
    this.chosen = null;
    setInterval(() => this.age(), 30_000);
  }

  /** Ask for the list soon; many calls in a row are one. */
  refresh() {
    this.waiting ??= setTimeout(() => {
      this.waiting = undefined;
      // Offline is told by the mark of the connection; coming back asks again.
      this.load().catch(() => {});
    }, 250);
  }

  async load() {
    const page = await call(`/api/v1/incidents?status=triggered&status=acknowledged&limit=${ROOM_FOR}`);
    this.items = page.items.sort((a, b) => rank[b.severity] - rank[a.severity] || b.started_at.localeCompare(a.started_at));
    this.more = page.next_cursor !== null;
    this.draw();
    this.handlers.changed(this.items);
  }

  choose(id) {
    this.chosen = id;
    for (const card of this.list.children) this.mark(card);
  }

  mark(card) {
    if (card.dataset.id === this.chosen) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
  }

  draw() {
    this.count.textContent = this.more ? `${ROOM_FOR}+` : String(this.items.length);
    this.calm.hidden = this.items.length > 0;
    const shown = JSON.stringify(this.items.map((i) => [i.id, i.title, i.status, i.severity, i.alert_count, i.acknowledged_by]));
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = document.activeElement?.closest(".card")?.dataset.id;
    this.list.replaceChildren(...this.items.map((incident) => this.card(incident)));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"] .open`)?.focus();
  }

  card(incident) {
    const open = make(
      "button",
      { type: "button", class: "open", onclick: () => this.handlers.open(incident.id) },
      make(
        "span",
        { class: "head" },
        make("span", { class: "id" }, incident.id),
        make("span", { class: "pill" }, say(`severity.${incident.severity}`)),
        incident.status === "acknowledged" && make("span", {}, say("acknowledged_by", { by: incident.acknowledged_by })),
        make("time", { datetime: incident.started_at, title: fullOf(incident.started_at) }, ageOf(incident.started_at)),
      ),
      make("span", { class: "title" }, incident.title),
      make("span", { class: "head" }, make("span", {}, say(`status.${incident.status}`)), make("span", {}, say("alert_count", { n: incident.alert_count }))),
    );
    const card = make("li", { class: `card ${incident.severity}`, "data-id": incident.id }, open, actionsOf(incident, this.handlers.send));
    this.mark(card);
    return card;
  }

  age() {
    for (const time of this.list.querySelectorAll("time")) time.textContent = ageOf(time.dateTime);
  }
}
