// One tile a node, kept while the node exists, in the order of the configuration.

import { put, set } from "../dom.js";

const FIELDS = ["in_service", "in_service_label", "name", "label", "since", "reason"];

export function nodes(root) {
  const list = root.getElementById("nodes");
  const blank = root.getElementById("node-tile").content.firstElementChild;
  let tiles = new Map();
  for (const tile of list.children) tiles.set(tile.querySelector('[data-node="name"]').textContent, tile);

  return ({ panel }) => {
    if (!panel) return;
    const present = new Map();
    for (const node of panel.nodes) {
      const tile = tiles.get(node.name) ?? blank.cloneNode(true);
      set(tile, "data-state", node.state);
      set(tile, "data-in-service", node.in_service);
      for (const field of FIELDS) put(tile.querySelector(`[data-node="${field}"]`), node[field]);
      present.set(node.name, tile);
    }
    tiles = present;
    const wanted = [...present.values()];
    const same = wanted.length === list.children.length && wanted.every((tile, i) => tile === list.children[i]);
    if (!same) list.replaceChildren(...wanted);
  };
}
