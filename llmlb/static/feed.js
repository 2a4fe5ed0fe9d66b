// The event stream into the store. The browser reconnects by itself; silence and refusals are handled here.

const SILENCE_MS = 12_000; // the server says something every 5 s, so by then the connection is dead
const AGAIN_MS = 2_000;

export function follow(url, store) {
  let source;
  let timer;

  function heard(change = {}) {
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
    store.change({ link: "live", heardAt: new Date(), ...change });
  }

  function lost() {
    clearTimeout(timer);
    source.close();
    store.change({ link: "lost" });
    timer = setTimeout(open, AGAIN_MS);
  }

  function open() {
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
    source = new EventSource(url);
    source.addEventListener("message", (event) => heard({ panel: JSON.parse(event.data) }));
    source.addEventListener("beat", () => heard());
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) lost();
      else store.change({ link: "lost" });
    });
  }

  open();
}
