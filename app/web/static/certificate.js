// Is the certificate (RFC 5280) for our key, our person, and a quarter of an hour at most? The device's clock is not asked.

import { hex, same } from "./bytes.js";
import { bodyOf, children, readWhole, SEQUENCE, SET } from "./der.js";
import { must } from "./refusal.js";

const UTC_TIME = 0x17;
const VERSION = 0xa0;
const SERIAL_NUMBER = "550405"; // id-at-serialNumber, 2.5.4.5
const LONGEST = 15 * 60 * 1000;

function time(bytes, node) {
  const text = String.fromCharCode(...bodyOf(bytes, node));
  must(node.tag === UTC_TIME && /^\d{12}Z$/.test(text), "certificate.time");
  const [year, month, day, hour, minute, second] = text.match(/\d\d/g).map(Number);
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

function attributes(bytes, subject) {
  const found = new Map();
  for (const relative of children(bytes, subject, SEQUENCE)) {
    const [pair] = children(bytes, relative, SET, 1);
    const [type, value] = children(bytes, pair, SEQUENCE, 2);
    const name = hex(bodyOf(bytes, type));
    must(!found.has(name), "certificate.shape");
    found.set(name, new TextDecoder().decode(bodyOf(bytes, value)));
  }
  return found;
}

export function checkCertificate(bytes, spki, nip) {
  const [signed] = children(bytes, readWhole(bytes), SEQUENCE, 3);
  const [version, , , , validity, subject, key] = children(bytes, signed, SEQUENCE);
  must(version.tag === VERSION && key !== undefined, "certificate.shape");
  must(same(bytes.subarray(key.at, key.end), spki), "certificate.other_key");
  const [from, to] = children(bytes, validity, SEQUENCE, 2).map((node) => time(bytes, node));
  must(to > from && to - from <= LONGEST, "certificate.too_long");
  must(attributes(bytes, subject).get(SERIAL_NUMBER) === nip, "certificate.other_person");
}
