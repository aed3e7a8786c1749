// Calls to the server. Errors carry the sentence that the server's problem+json gives.

const csrf = document.querySelector('meta[name="csrf-token"]').content;

export class Refused extends Error {
  constructor(detail, status) {
    super(detail);
    this.status = status;
  }
}

/** JSON from `path`; with `body` (or method POST) a write. Throws Refused, or TypeError offline. */
export async function call(path, { method, body } = {}) {
  const write = method ?? (body === undefined ? "GET" : "POST");
  const answer = await fetch(path, {
    method: write,
    credentials: "same-origin",
    headers: {
      Accept: "application/json",
      ...(write === "GET" ? {} : { "Content-Type": "application/json", "X-CSRF-Token": csrf }),
    },
    body: write === "GET" ? undefined : JSON.stringify(body ?? {}),
  });
  if (answer.status === 401) signInAgain();
  const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
  const data = isJson ? await answer.json() : {};
  if (!answer.ok) {
    const first = data.errors?.[0]?.message;
    throw new Refused([data.detail ?? answer.statusText, first].filter(Boolean).join(" · "), answer.status);
  }
  return data;
}

/** The session ended: back to the door, and then to this page again. */
export function signInAgain() {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}
