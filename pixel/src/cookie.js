/**
 * The advertiser's first-party cookie, `_hg_aFC`: `hg.1.<milliseconds of its making>.<random>`.
 *
 * It lasts 13 months from its making and is not prolonged. Nothing here runs unless the event group's settings and
 * the visitor's consent allow it, but for `forgetCookie`, which writes only an end.
 */
import { randomId } from "./random.js";

const NAME = "_hg_aFC";
const THIRTEEN_MONTHS = 34128000;

let known;

/** The cookie's value, made now if there is none; `undefined` where the browser keeps none. */
export function cookieValue() {
  try {
    known = known || readCookie() || makeCookie();
  } catch {
    // a sandboxed frame has no cookies and throws for the question
  }
  return known;
}

/** Remove the cookie, on whichever domain it was set. */
export function forgetCookie() {
  known = undefined;
  for (const domain of domains()) write("", 0, domain);
}

function readCookie() {
  return (/(?:^|; )_hg_aFC=(hg\.1\.\d+\.\w+)/.exec(document.cookie) || [])[1];
}

function makeCookie() {
  const value = `hg.1.${Date.now()}.${randomId()}`;
  for (const domain of domains()) {
    write(value, THIRTEEN_MONTHS, domain);
    if (readCookie()) return value;
  }
}

/**
 * Where the cookie may live, widest first, the host alone last. A browser refuses a public suffix, so the first that
 * takes is the registrable domain; one that is a single label is not even tried.
 */
function domains() {
  const labels = location.hostname.split(".");
  const wider = labels.map((_, at) => "; domain=" + labels.slice(at).join("."));
  return [...wider.slice(0, -1).reverse(), ""];
}

function write(value, seconds, domain) {
  document.cookie = `${NAME}=${value}; max-age=${seconds}; path=/; samesite=lax; secure${domain}`;
}
