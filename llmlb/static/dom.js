// Changes to the document, made only where something differs. Text is only ever text.

export function put(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

export function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== String(value)) element.setAttribute(attribute, value);
}

// As many children as there are items, each shown by `show`. The first child shows the first item, whatever it was before.
export function putList(list, blank, items, show) {
  while (list.children.length > items.length) list.lastElementChild.remove();
  while (list.children.length < items.length) list.append(blank.cloneNode(true));
  items.forEach((item, i) => show(list.children[i], item));
}

// Figures with their units, such as 1 min 12 s.
export function putFigure(element, parts) {
  if (element.textContent.replace(/\s/g, "") === parts.map((part) => part.value + part.unit).join("")) return;
  const spans = parts.flatMap((part) => [span("value", part.value), ...(part.unit ? [span("unit", part.unit)] : [])]);
  element.replaceChildren(...spans);
}

function span(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
