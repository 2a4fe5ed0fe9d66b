// A list of rows, each kept as long as what it shows: so it stays open, selected or in focus while the order changes.

// Items by key. Two may have the same one: clients choose the ids of their requests, and a node that was removed may
// still finish what it has while its successor is there.
function keyed(items, key) {
  const byKey = new Map();
  const times = new Map();
  for (const item of items) {
    const time = (times.get(key(item)) ?? 0) + 1;
    times.set(key(item), time);
    byKey.set(`${time} ${key(item)}`, item);
  }
  return byKey;
}

// Let `list` have just these children in this order. The one with the focus is never taken out, or it would lose it.
function arrange(list, wanted) {
  const kept = new Set(wanted);
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  const pinned = wanted.find((child) => child.contains(document.activeElement));
  let next = list.firstElementChild;
  for (const child of wanted) {
    while (child === pinned && next !== pinned) {
      const late = next;
      next = next.nextElementSibling;
      list.append(late);
    }
    if (child === next) next = next.nextElementSibling;
    else list.insertBefore(child, next);
  }
}

// A function that shows items in `list`: `blank` is copied for new ones, `show` fills a row.
export function rowsOf(list, blank, show) {
  let rows = keyed([...list.children], (row) => row.dataset.row);
  return (items) => {
    const present = new Map();
    for (const [key, item] of keyed(items, (item) => item.id ?? item.name)) {
      const row = rows.get(key) ?? blank.cloneNode(true);
      show(row, item);
      present.set(key, row);
    }
    const focused = [...rows.values()].find((row) => row.contains(document.activeElement));
    rows = present;
    arrange(list, [...present.values()]);
    // its request is not here any more: stay in the place rather than begin at the top of the page
    if (focused && !focused.isConnected) list.closest("section").querySelector("h2, h3").focus();
  };
}
