/**
 * Repairs what ssh2 1.17 makes of ECDSA keys in OpenSSH's form: it copies the private number with as many bytes as it
 * happens to have there, one more or fewer than the curve's in every second key. OpenSSL reads that; Deno 2.9 says
 * "invalid SEC1 private key".
 *
 * @module
 */
import { Buffer } from "node:buffer";

const BYTES = { "ecdsa-sha2-nistp256": 32, "ecdsa-sha2-nistp384": 48, "ecdsa-sha2-nistp521": 66 } as const;

/** A private key in PEM form (RFC 5915) whose private number has the curve's length; undefined for other keys. */
export function withFullScalar(type: string, pem: string): string | undefined {
  if (!isEcdsa(type)) return undefined;
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const start = der[1] === 0x81 ? 3 : 2; // a sequence, whose length takes one byte or two
  const length = der[start + 4] ?? 0; // after the version (02 01 01) an octet string (04)
  const scalar = der.subarray(start + 5, start + 5 + length);
  const size = BYTES[type];
  const full = Buffer.concat([Buffer.alloc(size), scalar]).subarray(-size);
  const rest = der.subarray(start + 5 + length);
  const body = Buffer.concat([Buffer.from([0x02, 0x01, 0x01, 0x04, size]), full, rest]);
  const head = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
  const text = Buffer.concat([Buffer.from(head), body]).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN EC PRIVATE KEY-----\n${text.trimEnd()}\n-----END EC PRIVATE KEY-----\n`;
}

function isEcdsa(type: string): type is keyof typeof BYTES {
  return type in BYTES;
}
