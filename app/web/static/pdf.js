// What of a PDF is signed: all of it but one string of zeros, which must be the only thing the byte range leaves out.

import { join, sha256 } from "./bytes.js";
import { must } from "./refusal.js";

const RANGE = /\/ByteRange\[0 ([1-9]\d{0,9}) ([1-9]\d{0,9}) ([1-9]\d{0,9}) *\]\/Contents</y;

// `signatures`: how many the file holds with the one to be made, which is the last and covers the others.
export async function documentDigest(pdf, signatures = 1) {
  const text = new TextDecoder("latin1").decode(pdf); // one code unit a byte
  must(text.split("/ByteRange").length === signatures + 1, "pdf.byte_range_count");
  RANGE.lastIndex = text.lastIndexOf("/ByteRange");
  const range = RANGE.exec(text);
  must(range !== null, "pdf.byte_range_shape");
  const [start, after, rest] = range.slice(1).map(Number);
  must(start === range.index + range[0].length - 1 && after + rest === pdf.length, "pdf.not_covered");
  must(/^<0+>$/.test(text.slice(start, after)), "pdf.hole_not_empty");
  return sha256(join(pdf.subarray(0, start), pdf.subarray(after)));
}
