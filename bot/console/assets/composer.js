// The input: Enter sends, slash commands complete, arrow-up brings back what was sent before.

import { make } from "./dom.js";
import { commands, say } from "./words.js";

const KEPT = 50;
const STORE = "tocsin.sent";

function earlier() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

export class Composer {
  /** send(text): says it; resolves to an error sentence, or to a hint, or to "". */
  constructor({ send }) {
    this.form = document.getElementById("composer");
    this.input = this.form.querySelector("textarea");
    this.button = this.form.querySelector("button[type=submit]");
    this.choices = document.getElementById("choices");
    this.hint = document.getElementById("hint");
    this.send = send;
    this.sent = earlier();
    this.at = this.sent.length;
    this.chosen = -1;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.offer([]));
    // pointerdown, so that choosing does not take the focus from the input first.
    this.choices.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const choice = event.target.closest("li");
      if (choice) this.take(choice.dataset.name);
    });
  }

  /** Put `text` into the input, ready to be completed or sent. */
  fill(text) {
    this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
    this.changed();
  }

  async submit() {
    const text = this.input.value.trim();
    if (!text || this.busy) return;
    this.remember(text);
    this.input.value = "";
    this.changed();
    if (!(await this.say(text)) && !this.input.value) this.fill(text);
  }

  /** Say `text`, whoever asks (the input or a button). Whether it was taken. */
  async say(text) {
    this.busy = true;
    this.button.disabled = true;
    this.tell("");
    const { taken, told } = await this.send(text);
    this.busy = false;
    this.button.disabled = false;
    this.tell(told, !taken);
    return taken;
  }

  tell(sentence, wrong = false) {
    this.hint.textContent = sentence;
    this.hint.classList.toggle("wrong", wrong);
  }

  remember(text) {
    this.sent = [...this.sent.filter((other) => other !== text), text].slice(-KEPT);
    this.at = this.sent.length;
    try {
      sessionStorage.setItem(STORE, JSON.stringify(this.sent));
    } catch {
      // Storage is full or forbidden: the history lasts as long as the page.
    }
  }

  changed() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    const typed = this.input.value.replace(/^／/, "/");
    const word = /^\/\S*$/.test(typed) ? typed.toLowerCase() : null;
    this.offer(word === null ? [] : commands.filter((command) => command.name.startsWith(word)));
  }

  offer(offered) {
    this.offered = offered;
    this.chosen = offered.length ? 0 : -1;
    this.choices.hidden = !offered.length;
    this.input.setAttribute("aria-expanded", String(offered.length > 0));
    this.choices.replaceChildren(
      ...offered.map((command, index) =>
        make(
          "li",
          { role: "option", id: `choice-${index}`, "data-name": command.name, "aria-selected": "false" },
          make("span", { class: "usage" }, command.usage),
          make("span", { class: "does" }, command.about),
        ),
      ),
    );
    this.choose(this.chosen);
  }

  choose(index) {
    this.chosen = index;
    [...this.choices.children].forEach((choice, at) => choice.setAttribute("aria-selected", String(at === index)));
    if (index >= 0) {
      this.input.setAttribute("aria-activedescendant", `choice-${index}`);
      this.choices.children[index].scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  take(name) {
    this.fill(`${name} `);
    this.offer([]);
  }

  key(event) {
    // While an input method composes, Enter chooses characters; 229 is what Safari says then.
    if (event.isComposing || event.keyCode === 229) return;
    const exact = this.offered?.some((command) => command.name === this.input.value.trim());
    if (this.offered?.length && this.listKey(event, exact)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && this.onFirstLine() && this.at > 0) {
      event.preventDefault();
      this.recall(this.at - 1);
    } else if (event.key === "ArrowDown" && this.at < this.sent.length && this.onLastLine()) {
      event.preventDefault();
      this.recall(this.at + 1);
    }
  }

  listKey(event, exact) {
    const many = this.offered.length;
    const move = { ArrowDown: 1, ArrowUp: many - 1 }[event.key];
    if (move) this.choose((this.chosen + move) % many);
    else if (event.key === "Escape") this.offer([]);
    else if (event.key === "Tab" && !event.shiftKey) this.take(this.offered[this.chosen].name);
    else if (event.key === "Enter" && !event.shiftKey && !exact) this.take(this.offered[this.chosen].name);
    else return false;
    return true;
  }

  recall(index) {
    this.at = index;
    this.fill(this.sent[index] ?? "");
    this.offer([]);
  }

  onFirstLine() {
    return !this.input.value.slice(0, this.input.selectionStart).includes("\n");
  }

  onLastLine() {
    return !this.input.value.slice(this.input.selectionEnd).includes("\n");
  }
}
