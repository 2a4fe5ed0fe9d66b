// The event stream into the store. The browser reconnects by itself; silence and refusals are handled here.

const SILENCE_MS = 12_000; // the server says something every 5 s, so by then the connection is dead
const AGAIN_MS = 2_000;
// A browser has six connections to one address, for all tabs together: with six streams open a seventh page would not
// even load. So a tab in the background lets go of its stream when another begins one, until it is looked at again.
const tabs = new BroadcastChannel("llmlb");

// names: which part of the state each event is; over: called when there is no stream for whoever this is, or no more.
// Returns a function that follows another url instead.
export function follow(url, store, { names = { message: "panel" }, over = () => {} } = {}) {
  let source;
  let timer;
  let away = false;

  function heard(change = {}) {
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
    store.change({ link: "live", full: false, heardAt: new Date(), ...change });
  }

  function letGo() {
    clearTimeout(timer);
    source.close();
    store.change({ link: "lost" });
  }

  function lost() {
    letGo();
    timer = setTimeout(open, AGAIN_MS);
  }

  function open() {
    away = false;
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
    tabs.postMessage("follows");
    source = new EventSource(url);
    for (const [name, part] of Object.entries(names)) {
      source.addEventListener(name, (event) => heard({ [part]: JSON.parse(event.data) }));
    }
    source.addEventListener("beat", () => heard());
    // this page is from before an upgrade: it cannot read what is sent now
    source.addEventListener("outdated", () => {
      letGo();
      timer = setTimeout(() => location.reload(), AGAIN_MS);
    });
    source.addEventListener("over", () => {
      letGo();
      over();
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) {
        lost();
        askWhy();
      } else store.change({ link: "lost" });
    });
  }

  // A browser does not tell why a stream was refused. Without a session there is none, and never will be; where too
  // many pages are open, there is one when another is closed. A proxy without a gateway says 503 too, but not when to
  // ask again.
  async function askWhy() {
    try {
      const answer = await fetch(url, { headers: { Accept: "text/event-stream" } });
      await answer.body?.cancel();
      if (answer.status === 401) over();
      store.change({ full: answer.status === 503 && answer.headers.has("Retry-After") });
    } catch {
      store.change({ full: false }); // the gateway is not there: the stream is tried again
    }
  }

  tabs.addEventListener("message", () => {
    if (!document.hidden || away) return;
    away = true;
    letGo();
  });
  document.addEventListener("visibilitychange", () => {
    if (away && !document.hidden) open();
  });
  open();
  return (other) => {
    url = other;
    source.close();
    open();
  };
}
