// Whether what is shown is of now, and since when it is not; `full`: because the gateway has no more room for pages.

import { put, set } from "../dom.js";

export function link(root) {
  const element = root.getElementById("link");
  return ({ link, full, heardAt }) => {
    if (link === "snapshot") return;
    const time = (heardAt ?? new Date(performance.timeOrigin)).toLocaleTimeString(root.documentElement.lang);
    set(root.body, "data-link", link);
    put(element, link === "live" ? element.dataset.live : element.dataset[full ? "full" : "lost"].replace("{time}", time));
  };
}
