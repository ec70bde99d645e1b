/**
 * What a page wrote as the last argument of a call, sorted into the fields of the contract. It is copied at once, so
 * that the page may change it afterwards, and field by field, so that one which cannot be read costs only itself.
 */
import { isDigest, NORMAL_FORMS } from "./normalise.js";

const EVENT_FIELDS = names("event_id event_time event_type event_source event_source_url referrer_url opt_out partner_name");
const PERSONAL_FIELDS = Object.keys(NORMAL_FORMS);
const USER_FIELDS = [
  ...PERSONAL_FIELDS,
  ...names("is_hashed ct st zp country external_id client_ip_address client_user_agent subscription_id"),
  ...names("aGA aID aDX aGI aRI aFC"),
];
const OTHER_SPELLINGS = {
  // a page may call a field `constructor`
  __proto__: null,
  event_source_URL: "event_source_url",
  referrer_URL: "referrer_url",
  email: "em",
  AID: "aID",
};

function names(text) {
  return text.split(" ");
}

/**
 * Sort the fields of a page's object: `{event, user, custom}`, each a plain object of JSON values.
 *
 * A flat name of an event or user field goes there, any other to `custom_data`. Personal fields go to `user` wherever
 * they are written: only from there are they hashed. What `user_data` has beside the contract's fields stays in the page.
 */
export function readFields(given) {
  const read = { event: {}, user: {}, custom: { __proto__: null } };
  eachField(given, (name, value) => {
    if (name == "user_data") eachField(value, (inner, text) => putUser(read, inner, text));
    else if (name == "custom_data") {
      eachField(value, (inner, what) => PERSONAL_FIELDS.includes(inner) ? putUser(read, inner, what) : put(read.custom, inner, what));
    } else if (EVENT_FIELDS.includes(name)) putEvent(read.event, name, value);
    else if (USER_FIELDS.includes(name)) putUser(read, name, value);
    else put(read.custom, name, value);
  });
  settleHashed(read.user);
  return read;
}

/** A personal value that is said to be hashed and does not look so is neither: it is left out. */
function settleHashed(user) {
  for (const name of PERSONAL_FIELDS) {
    if (user[name] && isDigest(user[name])) user[name] = user[name].toLowerCase();
    else if (user.is_hashed == "true") delete user[name];
  }
  delete user.is_hashed;
}

/** Call `take(name, value)` for each field; what throws is left out, except an opt-out, which never fails open. */
function eachField(given, take) {
  if (!given || typeof given != "object") return;
  for (const written of Object.keys(given)) {
    const name = OTHER_SPELLINGS[written] || written;
    try {
      take(name, given[written]);
    } catch {
      if (name == "opt_out") take(name, true);
    }
  }
}

function put(target, name, value) {
  const text = JSON.stringify(value, sendable);
  if (text && text != '""' && text != "null") target[name] = JSON.parse(text);
}

/** A value as JSON can hold it and every reader takes it. */
function sendable(_, value) {
  // numbers too long for JSON go as numeric text, which the contract reads alike
  if (typeof value == "bigint") return String(value);
  // a text that was cut within an emoji ends in half a character
  return typeof value == "string" ? value.replace(/\p{Cs}/gu, "\ufffd") : value;
}

/** Ids are texts in the contract, and numbers on many a page. What is no number would be the same id for many events. */
function putText(target, name, value) {
  if (/^(st|b|n)/.test(typeof value) && value === value) put(target, name, String(value));
}

function putEvent(event, name, value) {
  if (name != "opt_out") (name == "event_id" ? putText : put)(event, name, value);
  // what is no yes and no no goes as it is, or as null, for the server to refuse the event: it never counts as a no
  else if (value !== undefined) event[name] = JSON.parse(JSON.stringify(value, sendable) || null);
}

function putUser({ user }, name, value) {
  if (USER_FIELDS.includes(name)) putText(user, name, value);
}
