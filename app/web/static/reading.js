// Read and confirm: one statement after the other, each confirmed when its end was on the screen; for every page that signs.

const main = document.querySelector("main");
const BAR = 72; // pixels of the button's own bar, which hides what is behind it
const statements = [...document.querySelectorAll("section[data-document]")];
const sections = [...document.querySelectorAll("main > section")];
const noting = main.dataset.purpose === "pakta.countersign.v1"; // one list, so there is nothing to count
const documentsOf = (section) => section.dataset.document.split(" "); // several where pledges of others are noted
const element = (id) => document.getElementById(id);

export const sessionId = main.dataset.session;
export const ids = statements.flatMap(documentsOf);
const remembered = `pakta.read.${sessionId}`; // which statements were confirmed in this tab, nothing else
export const confirmed = JSON.parse(sessionStorage.getItem(remembered) ?? "[]").filter((one) => ids.includes(one.document));

export function tell(state, sentence, { problem = false, code = "" } = {}) {
  main.dataset.state = state;
  main.dataset.code = code;
  element("status").textContent = sentence;
  element("status").classList.toggle("problem", problem);
  element("status-code").textContent = code;
}

export function show(section) {
  for (const one of sections) one.hidden = one !== section;
  document.querySelector(".progress").hidden = !statements.includes(section) || noting;
}

export function bringUp(section) {
  show(section);
  section.querySelector("h1, h2").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

export const forget = () => sessionStorage.removeItem(remembered);

// One pledge after the other, then the act of signing.
export function next() {
  const open = statements.find((section) => documentsOf(section).some((id) => !confirmed.some((one) => one.document === id)));
  if (open === undefined) {
    tell("confirmed", "");
    bringUp(element("sign"));
    return;
  }
  const position = statements.indexOf(open);
  element("position").textContent = position + 1;
  element("progress").value = position + 1;
  tell("reading", "");
  bringUp(open);
}

function watch(section) {
  const button = section.querySelector("button.confirm");
  const look = (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    reached.disconnect();
    button.disabled = false;
    section.querySelector(".read-on").hidden = true;
  };
  const reached = new IntersectionObserver(look, { rootMargin: `0px 0px -${BAR}px 0px` });
  reached.observe(section.querySelector(".end"));
  button.addEventListener("click", () => {
    const at = new Date().toISOString();
    for (const document of documentsOf(section)) confirmed.push({ document, at });
    sessionStorage.setItem(remembered, JSON.stringify(confirmed));
    next();
  });
}

statements.forEach(watch);
