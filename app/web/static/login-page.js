// The page /masuk: one tap on a passkey, over a challenge fetched when the page was opened.

import { call } from "./api.js";
import { unb64 } from "./bytes.js";
import { deskHasKeys, deviceHasPasskeys, usePasskey } from "./passkey.js";

const FRESH = 4 * 60_000; // milliseconds; the server forgets a challenge after five minutes
const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const button = document.getElementById("passkey");
const status = document.getElementById("status");
const shared = document.getElementById("shared");
const sso = document.getElementById("sso");
let offered = null;

async function fetchChallenge() {
  const { challenge, rp_id: rpId } = await call("POST", "/login/passkey-options", {});
  offered = { challenge: unb64(challenge), rpId, at: Date.now() };
}

async function login() {
  button.disabled = true;
  try {
    if (Date.now() - offered.at > FRESH) await fetchChallenge();
    const credential = await usePasskey(offered.challenge, [], offered.rpId);
    await call("POST", "/login/passkey", { ...credential, shared: shared.checked });
    location.assign(main.dataset.onward);
  } catch (error) {
    status.textContent = error.sentence || words[error.name] || words.failed;
    await fetchChallenge().catch(() => {});
    button.disabled = false;
  }
}

async function offer() {
  if (!(await deviceHasPasskeys()) && !deskHasKeys()) return;
  await fetchChallenge();
  document.getElementById("passkey-way").hidden = false;
}

// Without script a sign-on comes back as on the own computer: a link takes no tick along.
sso?.addEventListener("click", () => {
  const address = new URL(sso.href);
  address.searchParams.set("shared", shared.checked ? "1" : "");
  sso.href = address.pathname + address.search;
});
button.addEventListener("click", login);
offer().catch(() => {});
