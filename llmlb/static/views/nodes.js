// One tile a node, kept while the node exists, in the order in which the server tells them.

import { put, set } from "../dom.js";
import { rowsOf } from "../rows.js";

const FIELDS = ["in_service", "in_service_label", "name", "label", "since", "reason"];

export function nodes(root) {
  const blank = root.getElementById("node-tile").content.firstElementChild;
  const tiles = rowsOf(root.getElementById("nodes"), blank, show);
  return ({ panel }) => {
    if (panel) tiles(panel.nodes);
  };
}

function show(tile, node) {
  set(tile, "data-row", node.name);
  set(tile, "data-state", node.state);
  set(tile, "data-in-service", node.in_service);
  for (const field of FIELDS) put(tile.querySelector(`[data-node="${field}"]`), node[field]);
}
