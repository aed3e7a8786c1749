// Server-sent events that come back by themselves.

const FIRST = 1_000;
const LONGEST = 30_000;

/**
 * Listen to `address()`, asked anew for each connection; returns what ends it.
 *
 * on: event name → function of its data. state("live" | "lost"). The browser itself reconnects
 * after a lost connection, but gives up after an answer that is no stream (a restart behind a
 * proxy, an ended session): then `gaveUp()` is called, and after a while it is opened again.
 */
export function listen(address, on, { state = () => {}, gaveUp = () => {} } = {}) {
  let wait = FIRST;
  let source;
  let timer;
  function open() {
    source = new EventSource(address());
    source.onopen = () => {
      wait = FIRST;
      state("live");
    };
    source.onerror = () => {
      state("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      gaveUp();
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST);
    };
    for (const [name, hear] of Object.entries(on)) {
      source.addEventListener(name, (event) => hear(JSON.parse(event.data)));
    }
  }
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
