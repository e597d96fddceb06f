// The CAdES signed attributes (ETSI EN 319 122-1; RFC 5652, RFC 5035): a SET of content type, message digest and
// signing-certificate-v2. They are always these 135 bytes but for two hashes, so the device builds them itself.

import { join, unhex } from "./bytes.js";

const BEFORE_DIGEST = unhex(
  "318184" + // SET, 132 bytes
    "301806092a864886f70d010903310b06092a864886f70d010701" + // content type = id-data
    "302f06092a864886f70d01090431220420", // message digest = the next 32 bytes
);
const BEFORE_CERTIFICATE_HASH = unhex("3037060b2a864886f70d010910022f31283026302430220420");

export function signedAttributes(digest, certificateHash) {
  return join(BEFORE_DIGEST, digest, BEFORE_CERTIFICATE_HASH, certificateHash);
}
