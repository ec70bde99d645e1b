/**
 * 128 random bits as 32 hexadecimal digits. `getRandomValues` is there on insecure pages too, unlike `randomUUID`.
 */
export function randomId() {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** Bytes as lower-case hexadecimal digits. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
