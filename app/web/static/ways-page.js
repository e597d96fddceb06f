// The page /cara-masuk: a passkey comes first where the device itself can hold one, and beside the PIN at a desk.

import { call } from "./api.js";
import { createPasskey, deskHasKeys, deviceHasPasskeys } from "./passkey.js";

const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const button = document.getElementById("create");
const status = document.getElementById("status");
let options = null;

// Fetched before the tap: nothing is waited for between the tap and the prompt.
async function offer() {
  const own = await deviceHasPasskeys();
  if (!own && !deskHasKeys()) return;
  options = await call("POST", "/me/passkey-options", {});
  document.getElementById("passkey-way").hidden = false;
  document.getElementById("own-key").hidden = !own;
  document.getElementById("other-key").hidden = own;
  document.getElementById("pin-way").open = !own;
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
