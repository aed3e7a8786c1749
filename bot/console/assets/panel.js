// One incident in full: what it means, what is like it, what happened.

import { actionsOf } from "./actions.js";
import { call } from "./api.js";
import { make } from "./dom.js";
import { enliven } from "./enliven.js";
import { clockOf, dayOf, fullOf } from "./time.js";
import { say } from "./words.js";

function section(title, badge, ...content) {
  const filled = content.flat().filter(Boolean);
  return filled.length ? [make("h3", {}, title, badge && make("span", { class: "pill" }, badge)), ...filled] : [];
}

/** An element of text that may hold `code`, ids and commands, as fixes and suggestions do. */
function prose(tag, ...text) {
  const pieces = text.flatMap((piece) =>
    typeof piece === "string" ? piece.split(/`([^`]+)`/).map((part, at) => (at % 2 ? make("code", {}, part) : part)) : piece,
  );
  return enliven(make(tag, {}, pieces));
}

function facts(incident) {
  const rows = [
    [say("started"), fullOf(incident.started_at)],
    [say("alerts"), String(incident.alert_count)],
    [say("by"), incident.acknowledged_by],
    [say("assignee"), incident.assignee],
    [say("ended"), incident.resolved_at && fullOf(incident.resolved_at)],
    [say("fixed_by"), incident.resolution],
  ];
  return make("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function summary(found) {
  if (!found) return section(say("summary"), null, make("p", { class: "quiet" }, say("no_analysis")));
  const errors = found.key_errors.map((error) => make("li", {}, make("pre", {}, error)));
  return [
    ...section(say("summary"), found.meta.degraded ? say("by_rules") : say("by_model"), prose("p", found.summary)),
    ...section(say("key_errors"), null, errors.length && make("ul", {}, errors)),
  ];
}

function advice(found) {
  const causes = (found?.causes ?? []).map((cause) => prose("li", cause.text));
  const steps = (found?.suggestions ?? []).map((step) => prose("li", step.action));
  return [
    ...section(say("causes"), null, causes.length && make("ul", {}, causes)),
    ...section(say("suggestions"), null, steps.length && make("ul", {}, steps)),
  ];
}

function similar(items) {
  const rows = (items ?? []).map((item) => {
    const name =
      item.kind === "article"
        ? make("a", { href: `/articles/${encodeURIComponent(item.id)}` }, item.title)
        : make("span", {}, make("button", { type: "button", class: "ref", "data-open": item.id }, item.id), ` ${item.title}`);
    return make(
      "li",
      {},
      make("div", { class: "name" }, name, make("span", { class: "pill" }, say(`confidence.${item.confidence}`))),
      item.fix && prose("p", make("b", {}, say("fix")), item.fix),
      !item.fix && item.snippet && make("p", { class: "quiet" }, item.snippet),
    );
  });
  const shown = rows.length ? make("ul", { class: "similar" }, rows) : make("p", { class: "quiet" }, say("no_similar"));
  return section(say("similar"), null, shown);
}

function timeline(entries) {
  let day = "";
  const rows = (entries ?? []).map((entry) => {
    const today = dayOf(entry.at);
    const stamp = today === day ? clockOf(entry.at) : `${today} ${clockOf(entry.at)}`;
    day = today;
    return make("li", {}, make("time", { datetime: entry.at, title: fullOf(entry.at) }, stamp), entry.text);
  });
  return section(say("timeline"), null, rows.length && enliven(make("ol", { class: "timeline" }, rows)));
}

export class Panel {
  /** send(command). changed(id|null): another incident is shown, or none. */
  constructor({ send, changed }) {
    this.place = document.getElementById("panel");
    this.layout = this.place.parentElement;
    this.handlers = { send, changed };
    this.id = null;
    this.place.addEventListener("click", (event) => {
      const other = event.target.closest("[data-open]");
      if (other) this.open(other.dataset.open);
    });
    this.place.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  async open(id) {
    if (!this.place.contains(document.activeElement)) this.cameFrom = document.activeElement;
    this.id = id;
    this.handlers.changed(id);
    await this.load();
    if (this.id === id) this.place.querySelector("h2")?.focus();
  }

  close() {
    if (this.id === null) return;
    this.id = null;
    this.place.hidden = true;
    this.place.replaceChildren();
    this.layout.classList.remove("with-panel");
    this.handlers.changed(null);
    if (this.cameFrom?.isConnected) this.cameFrom.focus();
  }

  /** Fetch the incident shown again; what has not changed is not drawn again. */
  async load() {
    const id = this.id;
    if (id === null) return;
    let content;
    try {
      content = this.draw(await call(`/api/v1/incidents/${encodeURIComponent(id)}`));
    } catch (refused) {
      content = [this.head(make("h2", { tabindex: "-1" }, id)), make("p", { class: "alarm" }, refused.message)];
    }
    if (this.id !== id) return;
    const kept = this.place.scrollTop;
    const hadFocus = this.place.contains(document.activeElement);
    this.place.replaceChildren(...content);
    this.place.hidden = false;
    this.layout.classList.add("with-panel");
    this.place.scrollTop = kept;
    if (hadFocus) this.place.querySelector("h2")?.focus({ preventScroll: true });
  }

  head(...content) {
    const close = make("button", { type: "button", class: "plain close", "aria-label": say("close"), title: `${say("close")} (Esc)`, onclick: () => this.close() }, "×");
    return make("header", {}, make("div", {}, ...content), close);
  }

  draw(incident) {
    const tone = incident.status === "resolved" ? "resolved" : incident.severity;
    const labels = Object.entries(incident.labels ?? {}).map(([name, value]) => make("span", {}, `${name}=${value}`));
    return [
      this.head(
        make("span", { class: "id quiet" }, incident.id, " "),
        make("span", { class: `pill ${tone}` }, `${say(`severity.${incident.severity}`)} · ${say(`status.${incident.status}`)}`),
        make("h2", { tabindex: "-1", id: "panel-title" }, incident.title),
      ),
      actionsOf(incident, this.handlers.send),
      facts(incident),
      labels.length ? make("div", { class: "labels" }, labels) : "",
      ...summary(incident.analysis),
      ...similar(incident.similar),
      ...advice(incident.analysis),
      ...timeline(incident.timeline),
    ];
  }
}
