// How things stand and what to do. Read out by screen readers, so it changes only when its words do.

import { put, putList, set } from "../dom.js";

export function notices(root) {
  const list = root.getElementById("notices");
  const blank = root.getElementById("notice").content.firstElementChild;
  return ({ panel }) => {
    if (!panel) return;
    putList(list, blank, panel.notices, (element, notice) => {
      set(element, "data-level", notice.level);
      put(element.querySelector('[data-notice="title"]'), notice.title);
      put(element.querySelector('[data-notice="advice"]'), notice.advice);
    });
  };
}
