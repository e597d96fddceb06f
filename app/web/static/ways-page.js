// The page /cara-masuk: a passkey is offered only where the device itself can hold one.

import { call } from "./api.js";
import { createPasskey, deviceHasPasskeys } from "./passkey.js";

const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const button = document.getElementById("create");
const status = document.getElementById("status");
let options = null;

// Fetched before the tap: nothing is waited for between the tap and the prompt.
async function offer() {
  if (!(await deviceHasPasskeys())) return;
  options = await call("POST", "/me/passkey-options", {});
  document.getElementById("passkey-way").hidden = false;
  document.getElementById("pin-way").open = false;
}

async function create() {
  button.disabled = true;
  try {
    const credential = await createPasskey(options);
    await call("POST", "/me/passkeys", credential);
    location.assign("/beranda");
  } catch (error) {
    status.textContent = error.sentence || words[error.name] || words.failed;
    options = await call("POST", "/me/passkey-options", {}).catch(() => options);
    button.disabled = false;
  }
}

button.addEventListener("click", create);
offer().catch(() => {});
