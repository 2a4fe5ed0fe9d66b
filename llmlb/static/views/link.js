// Whether what is shown is of now, and since when it is not.

import { put, set } from "../dom.js";

export function link(root) {
  const element = root.getElementById("link");
  return ({ link, heardAt }) => {
    if (link === "snapshot") return;
    const time = (heardAt ?? new Date(performance.timeOrigin)).toLocaleTimeString(root.documentElement.lang);
    set(root.body, "data-link", link);
    put(element, link === "live" ? element.dataset.live : element.dataset.lost.replace("{time}", time));
  };
}
