// Passkeys (W3C WebAuthn level 3). The JSON helpers are missing before Chrome 129 and Safari 18.4.

import { b64, unb64 } from "./bytes.js";

const RESPONSE_FIELDS = ["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"];
const TIMEOUT = 120_000;

// Whether this device itself can hold a passkey. Android's WebView has the interface and cannot, so it is asked; and it is
// asked when the page loads, because older iPhones allow no waiting between the tap and the prompt.
export async function deviceHasPasskeys() {
  try {
    return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  } catch {
    return false;
  }
}

// Whether a security key or another's phone can be meant: at a desk, where the browser itself asks which. A phone that holds no passkey
// of its own is not led into that dialogue.
export function deskHasKeys() {
  return "PublicKeyCredential" in window && matchMedia("(pointer: fine) and (min-width: 48em)").matches;
}

export function createPasskey(options) {
  return navigator.credentials.create({ publicKey: creationOptions(options) }).then(toJSON);
}

export function usePasskey(challenge, credentials, rpId = location.hostname) {
  const allowCredentials = credentials.map((id) => ({ type: "public-key", id: unb64(id) }));
  const publicKey = { challenge, rpId, allowCredentials, userVerification: "required", timeout: TIMEOUT };
  return navigator.credentials.get({ publicKey }).then(toJSON);
}

function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: unb64(json.challenge),
    user: { ...json.user, id: unb64(json.user.id) },
    excludeCredentials: (json.excludeCredentials ?? []).map((one) => ({ ...one, id: unb64(one.id) })),
  };
}

function toJSON(credential) {
  if (credential.toJSON) return credential.toJSON();
  const response = {};
  for (const field of RESPONSE_FIELDS) {
    if (credential.response[field]) response[field] = b64(credential.response[field]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: b64(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}
