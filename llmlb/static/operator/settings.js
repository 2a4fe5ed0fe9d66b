// Makes the form of settings pleasanter: marks what has been touched, counts it, and finds keys while one types.

const form = document.getElementById("settings");
const fields = [...form.querySelectorAll("[data-was]")];
const counted = document.getElementById("touched");

function mark() {
  let count = 0;
  for (const field of fields) {
    const touched = field.value.trim() !== field.dataset.was;
    field.closest(".setting, td").classList.toggle("touched", touched);
    count += touched;
  }
  if (counted) {
    const text = count ? counted.dataset.many.replace("{count}", count) : counted.dataset.none;
    if (counted.textContent !== text) counted.textContent = text;
  }
}

function find(field) {
  const wanted = field.value.trim().toLocaleLowerCase();
  const found = document.getElementById("found");
  let count = 0;
  for (const row of form.querySelectorAll(".key-settings tbody tr")) {
    const shown = row.cells[0].textContent.toLocaleLowerCase().includes(wanted) || row.querySelector("td.touched, [aria-invalid]");
    row.hidden = !shown;
    count += !row.hidden;
  }
  found.textContent = !wanted ? "" : count === 1 ? found.dataset.one : found.dataset.many.replace("{count}", count);
}

form.addEventListener("input", mark);
mark();

const field = document.getElementById("find");
if (field?.dataset.all === "1") {
  // all keys are here: nothing has to be asked for, and what has been typed elsewhere stays
  document.getElementById("find-do").hidden = true;
  field.addEventListener("input", () => find(field));
  document.getElementById("find-keys").addEventListener("submit", (event) => event.preventDefault());
} else if (field) {
  // others have to be asked for, and what has been typed goes along
  document.getElementById("find-keys").addEventListener("submit", (event) => {
    if (!form.querySelector(".touched")) return;
    event.preventDefault();
    const edit = Object.assign(document.createElement("input"), { type: "hidden", name: "edit", value: "1" });
    form.elements.find.value = field.value;
    form.append(edit);
    form.submit();
    edit.remove();
  });
}
