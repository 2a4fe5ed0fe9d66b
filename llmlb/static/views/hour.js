// The drawings of the past hour. Their paths and words come from the server; here they are only put in place.

import { put, set } from "../dom.js";

export function hour(root) {
  const gaps = [...root.querySelectorAll(".gap path")];
  const gapWords = [...root.querySelectorAll(".gap-word")];
  const charts = [...root.querySelectorAll(".chart")].map(chart);
  let shown = null;

  return ({ hour }) => {
    if (!hour || hour === shown) return;
    shown = hour;
    for (const gap of gaps) set(gap, "d", hour.gap);
    for (const word of gapWords) {
      set(word, "x", hour.gap_at);
      put(word, hour.gap_word);
    }
    hour.charts.forEach((drawn, i) => charts[i](drawn));
  };
}

function chart(figure) {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const [picture] = all("[role=img]");
  const [nothing] = all(".nothing");
  const [tops, halves, paths] = ['[data-scale="top"]', '[data-scale="half"]', ".marks path"].map(all);
  const [values, notes] = ['[data-said="value"]', '[data-said="note"]'].map(all);

  return (drawn) => {
    set(picture, "aria-label", drawn.summary);
    put(nothing, drawn.nothing);
    drawn.said.forEach((one, i) => {
      put(values[i], one.value);
      put(notes[i], one.note);
    });
    drawn.plots.forEach((plot, i) => {
      put(tops[i], plot.top);
      put(halves[i], plot.half);
    });
    drawn.plots.flatMap((plot) => plot.series).forEach((series, i) => set(paths[i], "d", series.d));
  };
}
