// What the server tells into the document. The document says where everything goes:
//   data-text="name"           the value is the element's text
//   data-attrs="attr:name ..." the values are attributes
//   data-rows="name"           the value is a list; data-blank names the template of a row

import { put, set } from "../dom.js";
import { rowsOf } from "../rows.js";

// A function that shows values in `element`. What is inside a list belongs to the rows of the list.
export function bind(element) {
  const own = (name) =>
    [...element.querySelectorAll(`[${name}]`)].filter((part) => {
      const list = part.parentElement.closest("[data-rows]");
      return !list || !element.contains(list) || list === element;
    });
  const texts = own("data-text").map((part) => [part, part.dataset.text]);
  const withAttributes = own("data-attrs");
  if (element.dataset.attrs) withAttributes.push(element);
  const attributes = withAttributes.flatMap((part) =>
    part.dataset.attrs.split(" ").map((pair) => [part, ...pair.split(":")]),
  );
  const lists = own("data-rows").map((list) => {
    const blank = document.getElementById(list.dataset.blank).content.firstElementChild;
    return [rowsOf(list, blank, show), list.dataset.rows];
  });
  return (values) => {
    for (const [part, name] of texts) put(part, values[name]);
    for (const [part, attribute, name] of attributes) set(part, attribute, values[name]);
    for (const [rows, name] of lists) rows(values[name]);
  };
}

const bound = new WeakMap();

function show(row, values) {
  if (!bound.has(row)) bound.set(row, bind(row));
  bound.get(row)(values);
}
