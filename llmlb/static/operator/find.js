// The box that finds requests: while one types, the server is asked for those meant; without it all are shown.

const PAUSE_MS = 300;

export function find(form, look) {
  let timer;
  const field = form.querySelector("input[name=find]");

  function ask() {
    clearTimeout(timer);
    const url = new URL(location.href);
    if (field.value) url.searchParams.set("find", field.value);
    else url.searchParams.delete("find");
    history.replaceState(null, "", url);
    look(field.value);
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.querySelector("[data-clear]").addEventListener("click", (event) => {
    event.preventDefault();
    field.value = "";
    field.focus();
    ask();
  });
}
