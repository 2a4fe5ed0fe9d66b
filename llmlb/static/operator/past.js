// The past hour of each node, drawn into its row. An event of its own: it is much, and changes slowly.

import { put, set } from "../dom.js";

export function past(list) {
  let drawn;
  return ({ past, nodes }) => {
    if (!past || (drawn?.past === past && drawn.nodes === nodes)) return;
    drawn = { past, nodes };
    const bands = new Map(past.map((band) => [band.id, band]));
    for (const row of list.children) {
      const band = bands.get(row.dataset.row);
      if (!band) continue;
      row.querySelectorAll(".band path").forEach((path, i) => set(path, "d", band.paths[i]));
      put(row.querySelector(".band-text"), band.text);
    }
  };
}
