// The desk: one event stream feeds one store; each section shows its part of it.

import { follow } from "../feed.js";
import { createStore } from "../store.js";
import { link } from "../views/link.js";
import { notices } from "../views/notices.js";
import { title } from "../views/title.js";
import { bind } from "./bind.js";
import { find } from "./find.js";
import { past } from "./past.js";

const NAMES = { head: "panel", requests: "requests", keys: "keys", nodes: "nodes", past: "past" };
const SECTIONS = { panel: "totals", requests: "requests", keys: "keys", nodes: "nodes" };

const store = createStore({ link: "snapshot", full: false, heardAt: null, panel: null, requests: null, keys: null, nodes: null, past: null });
for (const view of [link, notices, title]) store.subscribe(view(document));
for (const [part, id] of Object.entries(SECTIONS)) store.subscribe(section(document.getElementById(id), part));
store.subscribe(past(document.getElementById("node-rows")));

const { events, signIn } = document.body.dataset;
const again = follow(address(new URL(location.href).searchParams.get("find")), store, { names: NAMES, over: leave });
find(document.getElementById("find"), (wanted) => again(address(wanted)));

function section(element, part) {
  const show = bind(element);
  let shown = null;
  return (state) => {
    if (state[part] === shown) return;
    shown = state[part];
    show(shown);
  };
}

function address(wanted) {
  const url = new URL(events, location.href);
  if (wanted) url.searchParams.set("find", wanted);
  return url;
}

function leave() {
  location.assign(signIn);
}
