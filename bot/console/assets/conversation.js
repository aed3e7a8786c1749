// What was said, in order, however it arrives: the first page, earlier pages, the live stream.

import { actionsOf } from "./actions.js";
import { call } from "./api.js";
import { fillWithServerHtml, make } from "./dom.js";
import { enliven } from "./enliven.js";
import { clockOf, dayOf, fullOf } from "./time.js";
import { me, room, say } from "./words.js";

const PAGE = 60;
const KEPT = 600; // lines in the page; older ones go when new ones come
const NEAR = 80; // pixels from the end that still count as reading the end
const address = `/chat/web/${encodeURIComponent(room)}/messages`;

export class Conversation {
  /** send(command). arrived(item): a line came while the page was open. */
  constructor({ send, arrived }) {
    this.scroller = document.getElementById("lines");
    this.list = document.getElementById("line-list");
    this.welcome = document.getElementById("welcome");
    this.more = document.getElementById("earlier");
    this.newer = document.getElementById("newer");
    this.handlers = { send, arrived };
    this.open = new Map();
    this.last = 0;
    this.first = null;
    this.more.addEventListener("click", () => this.loadEarlier());
    this.newer.addEventListener("click", () => this.toEnd());
    this.scroller.addEventListener("scroll", () => {
      if (this.atEnd()) this.newer.hidden = true;
    }, { passive: true });
    new ResizeObserver(() => {
      if (this.following) this.toEnd();
    }).observe(this.scroller);
    this.following = true;
    this.scroller.addEventListener("scroll", () => (this.following = this.atEnd()), { passive: true });
  }

  async load() {
    const { items } = await call(`${address}?limit=${PAGE}`);
    this.more.hidden = items.length < PAGE;
    for (const item of items) this.add(item, false);
    this.welcome.hidden = this.list.children.length > 0;
    this.placeActions();
    this.toEnd();
  }

  async loadEarlier() {
    const { items } = await call(`${address}?before=${this.first}&limit=${PAGE}`);
    this.more.hidden = items.length < PAGE;
    const height = this.scroller.scrollHeight;
    const top = this.scroller.scrollTop;
    this.list.firstElementChild?.classList.contains("day") && this.list.firstElementChild.remove();
    const before = this.list.firstElementChild;
    let day = "";
    for (const item of items) {
      if (dayOf(item.at) !== day) before.before(this.dayLine((day = dayOf(item.at))));
      before.before(this.line(item));
    }
    if (day !== before.dataset.day) before.before(this.dayLine(before.dataset.day));
    if (items.length) this.first = items[0].id;
    this.scroller.scrollTop = top + this.scroller.scrollHeight - height;
  }

  /** Fetch what came since the last line (the stream may be down). */
  async catchUp() {
    for (;;) {
      const { items } = await call(`${address}?after=${this.last}&limit=${PAGE}`);
      for (const item of items) this.receive(item);
      if (items.length < PAGE) return;
    }
  }

  /** A line from the stream or from `catchUp`; one that is here already is left alone. */
  receive(item) {
    if (item.id <= this.last) return;
    const follow = this.following || (item.author === me && item.kind === "said");
    this.add(item, true);
    this.placeActions();
    if (follow) this.toEnd();
    else this.newer.hidden = false;
    this.handlers.arrived(item);
  }

  /** Open incidents get their buttons under the last notification about them. */
  setOpen(incidents) {
    this.open = new Map(incidents.map((incident) => [incident.id, incident]));
    this.placeActions();
    if (this.following) this.toEnd();
  }

  add(item, fresh) {
    this.welcome.hidden = true;
    const day = dayOf(item.at);
    if (this.list.lastElementChild?.dataset.day !== day) this.list.append(this.dayLine(day));
    const line = this.line(item);
    line.classList.toggle("fresh", fresh);
    this.list.append(line);
    this.last = item.id;
    this.first ??= item.id;
    if (this.following && this.list.children.length > KEPT) this.dropOldest();
  }

  dropOldest() {
    while (this.list.children.length > KEPT) this.list.firstElementChild.remove();
    const oldest = this.list.querySelector(".line");
    this.first = Number(oldest.dataset.id);
    if (oldest === this.list.firstElementChild) oldest.before(this.dayLine(oldest.dataset.day));
    this.more.hidden = false;
  }

  dayLine(day) {
    return make("li", { class: "day", "data-day": day }, make("span", {}, day));
  }

  line(item) {
    const mine = item.kind === "said" && item.author === me;
    const said = make("div", { class: "said" });
    if (item.html === null) said.append(item.text);
    else fillWithServerHtml(said, item.html).classList.add("prose");
    const kind = [
      item.kind,
      item.kind === "said" ? "text" : "house",
      mine && "mine",
      item.kind === "said" && item.text.startsWith("/") && "command",
    ];
    return make(
      "li",
      { class: `line ${kind.filter(Boolean).join(" ")}`, "data-id": item.id, "data-day": dayOf(item.at), "data-kind": item.kind, "data-incident": item.incident },
      make(
        "header",
        {},
        make("span", { class: "author" }, item.kind === "said" ? item.author : "tocsin"),
        make("time", { datetime: item.at, title: fullOf(item.at) }, clockOf(item.at)),
      ),
      enliven(said),
    );
  }

  placeActions() {
    const latest = new Map();
    for (const line of this.list.querySelectorAll('[data-kind="notification"][data-incident]')) latest.set(line.dataset.incident, line);
    for (const bar of this.list.querySelectorAll(".line > .said > .actions")) bar.remove();
    for (const [id, line] of latest) {
      const incident = this.open.get(id);
      line.classList.remove("critical", "warning", "info", "resolved");
      line.classList.add(incident ? incident.severity : "resolved");
      if (incident) line.querySelector(".said").append(actionsOf(incident, this.handlers.send));
    }
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.newer.hidden = true;
    this.following = true;
  }
}
