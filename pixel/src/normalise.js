/**
 * Raw personal values to their normal form and SHA-256 digest: the same forms as on the server, held together by
 * `vectors/normalise/`. A normal form is `undefined` or empty where the value has none; such a value is dropped.
 */
import { hex } from "./random.js";

const encoder = new TextEncoder();
// what the server trims: U+001C to U+001F and U+0085 beside what `trim` takes, but no byte order mark
const BLANKS = "(?:(?!\\ufeff)[\\s\\x1c-\\x1f\\x85])+";

/** Lower case, trimmed: a name. */
function name(raw) {
  return raw.replace(new RegExp(`^${BLANKS}|${BLANKS}$`, "g"), "").toLowerCase();
}

/** Lower case, trimmed, without the `+alias` before the @. */
function email(raw) {
  const [, mailbox, domain] = /^([^@+]+)(?:\+[^@]*)?(@[^@]+)$/.exec(name(raw)) || [];
  return mailbox && mailbox + domain;
}

/** Digits only, in ASCII, without leading zeros. */
function phone(raw) {
  return raw.replace(/\P{Nd}/gu, "").replace(/[^\0-\x7f]/gu, asciiDigit).replace(/^0+/, "");
}

/** Digits of a script stand together from zero to nine, and runs without a gap follow each other by tens. */
function asciiDigit(digit) {
  const place = digit.codePointAt();
  let first = place;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (place - first) % 10;
}

/** One of male, female, unknown. */
function gender(raw) {
  return /^((fe)?male|unknown)$/.test(name(raw)) ? name(raw) : undefined;
}

/** A date of the calendar as yyyy-mm-dd. */
function birthday(raw) {
  const normal = name(raw);
  const time = /^\d{4}-\d\d-\d\d$/.test(normal) && normal > "0001" ? Date.parse(normal) : NaN;
  // a day that the month does not have is moved to the next month, or is no number
  return time === time && new Date(time).toISOString().startsWith(normal) ? normal : undefined;
}

/** `user_data` field -> how its raw text becomes normal. */
export const NORMAL_FORMS = { em: email, ph: phone, fn: name, ln: name, ge: gender, db: birthday };

/** Whether a text reads as a SHA-256 digest, in either case. */
export function isDigest(text) {
  return /^[0-9a-f]{64}$/i.test(text);
}

/** SHA-256 of the UTF-8 bytes, as a promise of 64 lower-case hexadecimal digits. Secure pages only. */
export async function digest(normal) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(normal))));
}

/** Bytes of a text in UTF-8. */
export function byteLength(text) {
  return encoder.encode(text).length;
}
