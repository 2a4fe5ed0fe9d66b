// How things stand and what to do. Read out by screen readers, so it changes only when its words do.

import { put, set } from "../dom.js";

export function notice(root) {
  const element = root.getElementById("notice");
  const title = element.querySelector('[data-notice="title"]');
  const advice = element.querySelector('[data-notice="advice"]');
  return ({ panel }) => {
    if (!panel) return;
    set(element, "data-level", panel.notice.level);
    put(title, panel.notice.title);
    put(advice, panel.notice.advice);
  };
}
