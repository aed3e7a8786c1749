// The review steps of an article.

import { call } from "./api.js";
import { say } from "./words.js";

const told = document.getElementById("told");
const buttons = document.querySelectorAll("[data-step]");

async function step(button) {
  const { step: name, article } = button.dataset;
  for (const each of buttons) each.disabled = true;
  try {
    await call(`/api/v1/articles/${encodeURIComponent(article)}/${name}`, { method: "POST" });
    location.reload();
  } catch (error) {
    told.textContent = error.status ? error.message : say("offline");
    for (const each of buttons) each.disabled = false;
  }
}

for (const button of buttons) button.addEventListener("click", () => step(button));
