// One event stream feeds one store; a view is state to document.

import { follow } from "./feed.js";
import { createStore } from "./store.js";
import { figures } from "./views/figures.js";
import { hour } from "./views/hour.js";
import { link } from "./views/link.js";
import { nodes } from "./views/nodes.js";
import { notices } from "./views/notices.js";
import { states } from "./views/states.js";
import { title } from "./views/title.js";

const store = createStore({ link: "snapshot", full: false, heardAt: null, panel: null, hour: null });
for (const view of [figures, hour, link, nodes, notices, states, title]) store.subscribe(view(document));
follow(document.body.dataset.events, store, { names: { message: "panel", hour: "hour" } });
