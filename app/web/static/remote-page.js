// The page /tanda-tangan/lewat/{act}: what is read (`reading.js`) is signed by a service elsewhere. The passphrase goes out in one
// request's body and is gone from the page before that is sent.

import { call, LOST, retry } from "./api.js";
import { bringUp, confirmed, forget, next, sessionId, show, tell } from "./reading.js";

const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const element = (id) => document.getElementById(id);
const path = `/me/remote-signatures/${sessionId}`;
const OFTEN = 1000; // milliseconds between two looks
const SELDOM = 4000;
const SLOW = 15_000; // from here on the page says that it takes long

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

function refuse(sentence, code) {
  show(element("sign"));
  tell("confirmed", sentence, { problem: true, code });
  document.querySelector("#sign input, #sign button")?.focus();
}

function progress(act) {
  const signed = act.documents.filter((one) => one.state === "signed").length;
  element("sent").textContent = words.progress.replace("{signed}", signed).replace("{all}", act.documents.length);
}

// Look until the call has ended, however it did.
async function follow(act) {
  const begun = Date.now();
  bringUp(element("sending"));
  tell("sending", "");
  while (act.state === "sending") {
    progress(act);
    const long = Date.now() - begun > SLOW;
    element("slow").hidden = !long;
    await pause(long ? SELDOM : OFTEN);
    act = await retry(() => call("GET", path));
  }
  if (act.state === "signed") {
    forget();
    tell("signed", words.signed);
    return location.replace(`/selesai/${sessionId}`);
  }
  if (act.state === "unknown") return location.reload(); // the page of its own
  if (act.state !== "prepared") return location.replace("/beranda");
  const { title = words.again, remedy, code = "" } = act.refusal ?? {};
  return refuse([title, remedy].filter(Boolean).join(" "), code);
}

async function send(secret) {
  try {
    const body = { confirmations: confirmed, ...secret };
    await follow(await call("POST", `${path}/signature`, body));
  } catch (error) {
    if (error.code === LOST) await seek();
    else refuse(error.sentence || words.again, error.code ?? error.name);
  }
}

// The answer was lost on the way here: whether the request arrived, the act itself tells.
async function seek() {
  try {
    await follow(await retry(() => call("GET", path)));
  } catch (error) {
    refuse(error.code === LOST ? words.lost : error.sentence, error.code);
  }
}

for (const form of document.querySelectorAll("form[data-secrets]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = [...form.querySelectorAll("input")];
    const given = fields.filter((field) => field.value !== "").map((field) => [field.name, field.value]);
    if (fields.length && !given.length) return fields[0].focus();
    for (const field of fields) field.value = "";
    return send(Object.fromEntries(given));
  });
}
if (main.dataset.state === "sending") seek();
else next();
