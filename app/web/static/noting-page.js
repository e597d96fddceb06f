// The page /mengetahui: how many are chosen, as boxes are ticked. Without this script the server counts when the form arrives.

const form = document.getElementById("noting");
const told = document.getElementById("chosen");

function count() {
  const chosen = form.querySelectorAll("input[name=document]:checked").length;
  told.textContent = told.dataset.words.replace("{count}", chosen);
}

form?.addEventListener("change", count);
if (form) count(); // a browser that comes back keeps the boxes as they were
