// The figures: waiting, in service, and the past hour.

import { put, putFigure, set } from "../dom.js";

export function figures(root) {
  const by = (id) => root.getElementById(id);
  const texts = [
    [by("waiting"), "waiting"],
    [by("waiting-of"), "waiting_of"],
    [by("processing"), "processing"],
    [by("processing-of"), "processing_of"],
  ];
  return ({ panel }) => {
    if (!panel) return;
    for (const [element, name] of texts) put(element, panel[name]);
    putFigure(by("avg-wait"), panel.avg_wait);
    putFigure(by("avg-process"), panel.avg_process);
    set(by("fill"), "width", panel.fill);
  };
}
