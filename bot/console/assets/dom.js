// Elements are made here. Text always becomes a text node; HTML comes in at one place only.

/**
 * `make("p", { class: "quiet" }, "text", child)`. A function as a property is an event listener
 * (`onclick`); null, undefined and false leave a property or child out.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

// With require-trusted-types-for in the page's policy, no other code can turn text into HTML.
const policy = window.trustedTypes?.createPolicy("server-html", { createHTML: (html) => html });

/** Fill `element` with HTML that the server rendered and made safe (the `html` of a message). */
export function fillWithServerHtml(element, html) {
  element.innerHTML = policy ? policy.createHTML(html) : html;
  return element;
}
