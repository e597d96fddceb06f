// The page /tanda-tangan/{session}: what is read (`reading.js`) is signed on this device. What is signed and how is `ceremony.js`' business.

import { LOST } from "./api.js";
import * as ceremony from "./ceremony.js";
import { bringUp, confirmed, forget, ids, next, sessionId, show, tell } from "./reading.js";
import { Refused } from "./refusal.js";

const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const atKiosk = main.dataset.kiosk === "yes";
const nip = document.getElementById("nip").textContent.replaceAll(/\s/g, "");
const element = (id) => document.getElementById(id);

function offerFiles() {
  for (const link of document.querySelectorAll("a.file")) {
    const blob = new Blob([ceremony.bytesOf(link.dataset.file)], { type: "application/pdf" });
    link.href = URL.createObjectURL(blob); // exactly the bytes that were hashed
    link.hidden = false;
  }
}

function offerWays(session) {
  if (atKiosk) {
    element("kiosk-form").hidden = false;
    return;
  }
  const passkey = session.credentials.length > 0 && "credentials" in navigator;
  element("passkey").hidden = !passkey;
  element("code-way").hidden = !session.pin;
  element("code-way").open = session.pin && !passkey;
  element("no-way").hidden = passkey || session.pin;
}

function allow(on) {
  for (const button of document.querySelectorAll("#sign button, #go-on")) button.disabled = !on;
}

function refuse(error) {
  const code = typeof error.code === "string" ? error.code : error.name;
  const sentence = error instanceof Refused && error.sentence ? error.sentence : (words[code] ?? words.refused);
  allow(true);
  if (code === LOST && ceremony.canGoOn()) {
    const begun = main.dataset.begun === "yes";
    element("go-on").hidden = !begun;
    if (begun) for (const way of document.querySelectorAll("#passkey, #code-way, #kiosk-form")) way.hidden = true; // the same act goes on, no other begins
    tell("lost", words.lost, { problem: true, code });
  } else if (ceremony.canGoOn()) {
    main.dataset.begun = "";
    tell("confirmed", sentence, { problem: true, code });
  } else {
    show(element("stopped"));
    tell("refused", sentence, { problem: true, code });
  }
}

async function signing(act) {
  allow(false);
  element("go-on").hidden = true;
  main.dataset.begun = "yes";
  try {
    const finished = act(); // first of all: the prompt must come out of the tap itself
    tell("signing", words.signing);
    await finished;
    forget();
    tell("signed", words.signed);
    location.replace(`/selesai/${sessionId}`);
  } catch (error) {
    refuse(error);
  }
}

async function begin(read) {
  offerWays(read.session);
  allow(false);
  const mark = await ceremony.prepare(read, { ids, nip, purpose: main.dataset.purpose });
  for (const shown of document.querySelectorAll(".mark")) shown.textContent = mark;
  if (!atKiosk) offerFiles();
  allow(true);
  main.dataset.prepared = "yes";
}

async function open() {
  const read = await ceremony.read(sessionId);
  const { session } = read;
  if (session.state === "signed") return location.replace(`/selesai/${sessionId}`);
  if (session.state === "prepared" && session.expires_in > 0) return begin(read);
  if (session.state !== "certified" || session.expires_in === 0) return location.replace("/beranda");
  bringUp(element("restart"));
  return tell("interrupted", "");
}

element("passkey").addEventListener("click", () => signing(() => ceremony.signWithPasskey(confirmed)));
element("go-on").addEventListener("click", () => signing(ceremony.goOn));
element("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signing(() => ceremony.signWithCode(element("pin").value, element("code").value, confirmed));
});
element("kiosk-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  signing(() => ceremony.signAtKiosk(element("kiosk-pin").value, confirmed));
});
element("send-code").addEventListener("click", async () => {
  try {
    await ceremony.sendCode();
    element("code-fields").hidden = false;
    element("send-code").textContent = words.resend;
    tell("confirmed", words.sent);
    element("pin").focus();
  } catch (error) {
    refuse(error);
  }
});
element("restart-button").addEventListener("click", async () => {
  try {
    await ceremony.restart(sessionId);
    next();
    await begin(await ceremony.read(sessionId));
  } catch (error) {
    refuse(error);
  }
});
next();
open().catch(refuse);
