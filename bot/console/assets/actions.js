// What can be done about an open incident, as buttons that simply send the command.

import { make } from "./dom.js";
import { may, say } from "./words.js";

const STEPS = [
  { word: "ack", command: (id) => `/ack ${id}`, role: "responder", when: (i) => i.status === "triggered" },
  { word: "silence", command: (id) => `/silence ${id} 1h`, role: "responder", when: (i) => i.status !== "resolved" },
  { word: "why", command: (id) => `/why ${id}`, role: "viewer", when: () => true },
  { word: "resolve", command: (id) => `/resolve ${id}`, role: "responder", when: (i) => i.status !== "resolved" },
];

/** The buttons for `incident`; `send(command)` says it in the room. */
export function actionsOf(incident, send) {
  const buttons = STEPS.filter((step) => may(step.role) && step.when(incident)).map((step) => {
    const command = step.command(incident.id);
    const press = async (event) => {
      const button = event.currentTarget;
      button.disabled = true;
      await send(command);
      button.disabled = false;
    };
    return make("button", { type: "button", class: step.word, title: command, onclick: press }, say(step.word));
  });
  return make("div", { class: "actions", role: "group", "aria-label": say("actions_of", { id: incident.id }) }, buttons);
}
