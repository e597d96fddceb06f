// The pages of administrators' accounts: sign in, take up an invitation, confirm, add a passkey. One button, one passkey.

import { call } from "./api.js";
import { unb64 } from "./bytes.js";
import { createPasskey, usePasskey } from "./passkey.js";

const CONFIRM = "session.confirm";
const FRESH = 4 * 60_000; // milliseconds; the server forgets a challenge after five minutes
const main = document.querySelector("main");
const { act, code, onward } = main.dataset;
const words = JSON.parse(main.dataset.words);
const button = document.getElementById("passkey");
const status = document.getElementById("status");

const answered = (options) => usePasskey(unb64(options.challenge), options.credentials ?? [], options.rp_id);
const ACTS = {
  "sign-in": {
    options: () => call("POST", "/sessions/passkey-options", {}),
    send: async (options) => call("POST", "/sessions", await answered(options)),
  },
  confirm: {
    options: () => call("POST", "/sessions/confirm-options", {}),
    send: async (options) => call("POST", "/sessions/confirm", await answered(options)),
  },
  join: {
    options: () => call("POST", "/invitation/passkey-options", { code }),
    send: async (options) => call("POST", "/invitation", { code, credential: await createPasskey(options) }),
  },
  add: {
    options: () => call("POST", "/account-passkeys/options", {}),
    send: async (options) => call("POST", "/account-passkeys", await createPasskey(options)),
  },
};
let offered = null;

async function fetchOptions() {
  offered = { options: await ACTS[act].options(), at: Date.now() };
}

async function press() {
  button.disabled = true;
  try {
    if (offered === null || Date.now() - offered.at > FRESH) await fetchOptions();
    await ACTS[act].send(offered.options);
    location.assign(onward);
  } catch (error) {
    if (error.code === CONFIRM) {
      location.assign(`/kantor/konfirmasi?lanjut=${encodeURIComponent(location.pathname)}`);
      return;
    }
    status.textContent = error.sentence || words[error.name] || words.failed;
    offered = null;
    if (act !== "add") await fetchOptions().catch(() => {});
    button.disabled = false;
  }
}

// A security key will do as well as the device itself, so only the browser is asked. What is added later is fetched when the
// button is pressed, because asking for it needs a confirmation; the others before the tap, as older iPhones want it.
async function offer() {
  if (!("PublicKeyCredential" in window)) {
    const none = document.getElementById("no-passkeys");
    if (none) none.hidden = false;
    return;
  }
  document.getElementById("passkey-way").hidden = false;
  if (act !== "add") await fetchOptions();
}

button.addEventListener("click", press);
offer().catch(() => {});
