// The one state of the page. Views are told whenever it changes, and at once when they subscribe.

export function createStore(state) {
  const views = [];
  return {
    change(part) {
      state = { ...state, ...part };
      for (const view of views) view(state);
    },
    subscribe(view) {
      views.push(view);
      view(state);
    },
  };
}
