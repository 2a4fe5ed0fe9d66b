// One tile a node, kept while the node exists, in the order in which the server tells them.

import { put, set } from "../dom.js";

const FIELDS = ["in_service", "in_service_label", "name", "label", "since", "reason"];

export function nodes(root) {
  const list = root.getElementById("nodes");
  const blank = root.getElementById("node-tile").content.firstElementChild;
  let tiles = keyed([...list.children], (tile) => tile.querySelector('[data-node="name"]').textContent);

  return ({ panel }) => {
    if (!panel) return;
    const present = new Map();
    for (const [key, node] of keyed(panel.nodes, (node) => node.name)) {
      const tile = tiles.get(key) ?? blank.cloneNode(true);
      set(tile, "data-state", node.state);
      set(tile, "data-in-service", node.in_service);
      for (const field of FIELDS) put(tile.querySelector(`[data-node="${field}"]`), node[field]);
      present.set(key, tile);
    }
    tiles = present;
    const wanted = [...present.values()];
    const same = wanted.length === list.children.length && wanted.every((tile, i) => tile === list.children[i]);
    if (!same) list.replaceChildren(...wanted);
  };
}

// Items by name. Two have the same one while a node that was removed finishes and its successor is there.
function keyed(items, name) {
  const byKey = new Map();
  const times = new Map();
  for (const item of items) {
    const time = (times.get(name(item)) ?? 0) + 1;
    times.set(name(item), time);
    byKey.set(`${time} ${name(item)}`, item);
  }
  return byKey;
}
