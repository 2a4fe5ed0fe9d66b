// How things stand and what to do. Read out by screen readers when something goes wrong, and when it is over: which
// way all is well changes with every request.

import { put, putList, set } from "../dom.js";

export function notices(root) {
  const list = root.getElementById("notices");
  const blank = root.getElementById("notice").content.firstElementChild;
  let shown = null;
  let well = false;
  return ({ panel }) => {
    if (!panel || panel === shown) return;
    shown = panel;
    const before = well;
    well = panel.notices.every((notice) => notice.level === "good");
    set(list, "aria-live", before && well ? "off" : "polite");
    putList(list, blank, panel.notices, (element, notice) => {
      set(element, "data-level", notice.level);
      put(element.querySelector('[data-notice="title"]'), notice.title);
      put(element.querySelector('[data-notice="advice"]'), notice.advice);
    });
  };
}
