// The signer's side of the ceremony. The private key lives in `device`, a variable of this module, from when the documents
// were hashed until they are signed; it cannot be exported and is never stored. Nothing the server says is signed unless
// this module accounts for every byte of it.

import { call, LOST, parts, retry } from "./api.js";
import { signedAttributes } from "./attributes.js";
import { b64, canonical, hex, join, same, sha256, unb64, unhex, utf8 } from "./bytes.js";
import { checkCertificate } from "./certificate.js";
import { usePasskey } from "./passkey.js";
import { documentDigest } from "./pdf.js";
import { must } from "./refusal.js";

const ECDSA = { name: "ECDSA", hash: "SHA-256" };
// SubjectPublicKeyInfo of a point on P-256 (RFC 5480 section 2): all but 04, x and y is constant.
const SPKI_HEAD = unhex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
const POSSESSION = utf8("pakta.proof-of-possession.v1\0"); // can never be read as signed attributes: those begin with 0x31
// How many signatures a file holds with the one to be made, by what the act is for.
const SIGNATURES = { "pakta.sign.v1": 1, "pakta.countersign.v1": 2 };
// Cancelled or mistyped: key and nonce are still good.
const HARMLESS = new Set(["NotAllowedError", "AbortError", "pin_or_code.wrong", "pin.locked", "code.none"]);

let session = null; // as the server described it
let documents = []; // {id, bytes, digest}, digests our own
let device = null; // {key, spki, challenge, proof} and then {request, certified, answer}

const path = (tail = "") => `/me/signing-sessions/${session.id}${tail}`;

// The session with its bundle, in one answer.
export const read = (id) => retry(() => parts(`/me/signing-sessions/${id}`));
export const restart = (id) => call("POST", `/me/signing-sessions/${id}/restart`, {});
export const sendCode = () => call("POST", path("/code"), {});
export const bytesOf = (id) => documents.find((one) => one.id === id).bytes;
export const canGoOn = () => device !== null;

// Hash every byte, make the key and the challenge: afterwards one tap is enough. `page` holds what the person sees:
// {ids, nip, purpose}. Returns the mark that the one-time code's message names too.
export async function prepare({ session: described, bundle }, page) {
  session = described;
  device = null;
  must(session.state === "prepared" && unb64(session.nonce).length === 32, "session.shape");
  must(session.purpose === page.purpose && page.purpose in SIGNATURES, "session.other_purpose");
  must(same(page.ids, session.documents.map((one) => one.id)), "session.other_documents");
  must(page.nip === session.signer.nip, "session.other_person");
  documents = [];
  for (const { id, parts: places, sha256: announced } of session.documents) {
    const bytes = join(...places.map(([at, size]) => bundle.subarray(at, at + size)));
    const digest = await documentDigest(bytes, SIGNATURES[session.purpose]);
    must(hex(digest) === announced, "pdf.other_digest");
    documents.push({ id, bytes, digest });
  }
  const digits = hex(await sha256(utf8(canonical(documents.map((one) => hex(one.digest))))));
  const mark = `${digits.slice(0, 4)}-${digits.slice(4, 8)}`;
  must(mark === session.mark, "session.other_mark");
  device = await makeKey();
  return mark;
}

async function makeKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const spki = join(SPKI_HEAD, point);
  const act = canonical({
    documents: documents.map((one) => ({ id: one.id, sha256: hex(one.digest) })),
    public_key: b64(spki),
    purpose: session.purpose,
    session: session.id,
  });
  const challenge = await sha256(join(unb64(session.nonce), utf8(act)));
  const proof = await sign(pair.privateKey, join(POSSESSION, challenge));
  return { key: pair.privateKey, spki, challenge, proof, request: null, certified: null, answer: null };
}

async function sign(key, bytes) {
  return new Uint8Array(await crypto.subtle.sign(ECDSA, key, bytes)); // r and s, 32 bytes each
}

// Called in the tap itself: nothing is awaited before the prompt.
export function signWithPasskey(confirmations) {
  const prompt = usePasskey(device.challenge, session.credentials);
  return act(async () => ({ method: "passkey", credential: await prompt }), confirmations);
}

export function signWithCode(pin, code, confirmations) {
  return act(async () => ({ method: "pin+code", pin, code }), confirmations);
}

// At a kiosk the login itself began with the slip.
export function signAtKiosk(pin, confirmations) {
  return act(async () => ({ method: "pin+slip", pin }), confirmations);
}

// Go on after a lost connection, with the very same requests.
export const goOn = () => guarded(finish);

function act(authenticate, confirmations) {
  return guarded(async () => {
    device.request = {
      public_key: b64(device.spki),
      proof_of_possession: b64(device.proof),
      authentication: await authenticate(),
      confirmations,
    };
    return finish();
  });
}

async function guarded(step) {
  try {
    return await step();
  } catch (error) {
    const code = error.code && typeof error.code === "string" ? error.code : error.name;
    if (HARMLESS.has(code)) device.request = null;
    else if (code !== LOST) device = null;
    throw error;
  }
}

async function finish() {
  device.certified ??= await retry(() => call("POST", path("/certificate"), device.request));
  device.answer ??= await signAll(device.certified);
  device.key = null;
  const { receipts } = await retry(() => call("POST", path("/signatures"), device.answer));
  device = null;
  return receipts;
}

// Everything is checked before the first signature is made.
async function signAll(certified) {
  const certificate = unb64(certified.certificate);
  checkCertificate(certificate, device.spki, session.signer.nip);
  const certificateHash = await sha256(certificate);
  must(certified.documents.length === documents.length, "attributes.count");
  const attributes = documents.map(({ id, digest }, index) => {
    const built = signedAttributes(digest, certificateHash);
    const sent = certified.documents[index];
    must(sent.id === id && same(unb64(sent.signed_attributes), built), "attributes.other");
    return built;
  });
  const made = await Promise.all(attributes.map((bytes) => sign(device.key, bytes)));
  return { signatures: documents.map(({ id }, index) => ({ id, signature: b64(made[index]) })) };
}
