// How many nodes are in which state, and how many of them have no tile.

import { put, putList, set } from "../dom.js";

export function states(root) {
  const list = root.getElementById("states");
  const more = root.getElementById("nodes-more");
  const blank = root.getElementById("state-count").content.firstElementChild;
  return ({ panel }) => {
    if (!panel) return;
    put(more, panel.nodes_more);
    putList(list, blank, panel.states, (element, state) => {
      set(element, "data-state", state.state);
      put(element.querySelector('[data-count="label"]'), state.label);
      put(element.querySelector('[data-count="count"]'), state.count);
    });
  };
}
