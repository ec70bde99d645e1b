/** From a page's call to an event of the contract. */
import { impersonal } from "./address.js";
import { readFields } from "./fields.js";
import { digest, isDigest, NORMAL_FORMS } from "./normalise.js";
import { randomId } from "./random.js";

/**
 * What the page fired: `{event, user}`. `firedAt` in milliseconds since 1970, as the stub took it.
 *
 * Each event has an id, the page's or a random one: a second try must be known as such.
 */
export function readEvent(name, given, firedAt) {
  const { event, user, custom } = readFields(given);
  const whole = {
    event_id: randomId(),
    event_name: String(name),
    event_type: "conversion",
    event_time: Math.floor(firedAt / 1000),
    event_source: "website",
    // a frame without an address of its own is part of the page around it
    event_source_url: /^http/.test(location) ? location.href : document.baseURI,
    referrer_url: document.referrer || undefined,
    custom_data: custom,
    ...event,
  };
  for (const name of ["event_source_url", "referrer_url"]) {
    if (typeof whole[name] == "string") whole[name] = impersonal(whole[name]);
  }
  if (navigator.globalPrivacyControl) whole.opt_out = "true";
  return { event: whole, user };
}

/** Part personal fields that are raw from what may leave the page: `{user, raw}`. */
export function partRaw(fields) {
  const user = {};
  const raw = {};
  for (const [name, value] of Object.entries(fields)) {
    (name in NORMAL_FORMS && !isDigest(value) ? raw : user)[name] = value;
  }
  return { user, raw };
}

/** Digests of raw fields, as far as they have a normal form and the browser can hash on this page. */
export async function digests(raw) {
  const found = {};
  for (const [name, value] of Object.entries(raw)) {
    const normal = NORMAL_FORMS[name](value);
    if (normal && crypto.subtle) found[name] = await digest(normal);
  }
  return found;
}
