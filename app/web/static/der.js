// DER (ITU-T X.690) read strictly: one-byte tags, definite and minimal lengths. A node is {tag, at, body, end}.

import { must } from "./refusal.js";

export const SEQUENCE = 0x30;
export const SET = 0x31;

export function readNode(bytes, at = 0, limit = bytes.length) {
  must(at + 2 <= limit, "der.short");
  const tag = bytes[at];
  must((tag & 31) !== 31, "der.long_tag");
  const first = bytes[at + 1];
  const more = first < 128 ? 0 : first - 128;
  must(first !== 128 && more <= 3 && at + 2 + more <= limit, "der.length");
  const body = at + 2 + more;
  const length = more === 0 ? first : bytes.subarray(at + 2, body).reduce((size, byte) => size * 256 + byte, 0);
  must(more === 0 || length >= Math.max(128, 256 ** (more - 1)), "der.not_minimal");
  must(body + length <= limit, "der.overrun");
  return { tag, at, body, end: body + length };
}

export function readWhole(bytes) {
  const root = readNode(bytes);
  must(root.end === bytes.length, "der.trailing");
  return root;
}

// The children of a node with this tag; they fill it exactly. `count` when it is known.
export function children(bytes, parent, tag, count) {
  must(parent.tag === tag, "der.tag");
  const found = [];
  for (let at = parent.body; at < parent.end; at = found.at(-1).end) found.push(readNode(bytes, at, parent.end));
  must(count === undefined || found.length === count, "der.count");
  return found;
}

export const bodyOf = (bytes, node) => bytes.subarray(node.body, node.end);
