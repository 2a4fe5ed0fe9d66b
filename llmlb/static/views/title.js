// The tab's title, so that a page in the background is of use as well.

export function title(root) {
  return ({ panel }) => {
    if (panel && root.title !== panel.title) root.title = panel.title;
  };
}
