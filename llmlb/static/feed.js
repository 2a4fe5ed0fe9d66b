// The event stream into the store. The browser reconnects by itself; silence and refusals are handled here.

const SILENCE_MS = 12_000; // the server says something every 5 s, so by then the connection is dead
const AGAIN_MS = 2_000;

// names: which part of the state each event is; over: called when the server ends the stream for good;
// refused: called when it does not even begin, for whatever reason. Returns a function that follows another url instead.
export function follow(url, store, { names = { message: "panel" }, over = () => {}, refused = () => {} } = {}) {
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
    for (const [name, part] of Object.entries(names)) {
      source.addEventListener(name, (event) => heard({ [part]: JSON.parse(event.data) }));
    }
    source.addEventListener("beat", () => heard());
    source.addEventListener("over", () => {
      clearTimeout(timer);
      source.close();
      store.change({ link: "lost" });
      over();
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) {
        lost();
        refused();
      } else store.change({ link: "lost" });
    });
  }

  open();
  return (other) => {
    url = other;
    source.close();
    open();
  };
}
