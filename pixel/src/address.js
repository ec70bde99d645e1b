/**
 * Addresses of pages without what they say of a person. The server takes the same out of what it keeps
 * (`redact.py` of the contract); here it does not even leave the page.
 */

// white space, quotes, brackets and the separators of a URL cannot be part of an e-mail address, percent-encoded or not
const BREAK = "%(?:25)*(?:0[9ad]|2[0236789cf]|3[a-f]|5[bcd]|7c)";

/** The URL without e-mail addresses, and without the values of parameters such as `phone` or `first_name`. */
export function impersonal(url) {
  const text = /@|%(25)*40/.test(url) ? withoutEmail(url) : url;
  return text.replace(/([?&#;])([^=?&#;]*)=([^?&#;]+)/g, (found, before, name) =>
    isPersonal(name) ? `${before}${name}=[removed]` : found,
  );
}

/** The expressions are made here and not once: it takes a millisecond, and few addresses have an at sign. */
function withoutEmail(url) {
  const run = new RegExp(`${BREAK}|(?:[^\\s%"'<>()[\\]/?&=#,:;|\\\\]|(?!${BREAK})%)+`, "gi");
  const email = /.(@|%(25)*40)[\p{L}\p{N}_-]+(\.|%(25)*2e)[\p{L}\p{N}_]/iu;
  return url.replace(run, (found) => (email.test(found) ? "[e-mail removed]" : found));
}

function isPersonal(name) {
  return /mail|phone|mobile|msisdn|(first|last|full|sur|given|family)[_ .-]?name|^[fl][_-]?name$|^name$|address|street|birth|(^|_)dob($|_)|ssn|passport|^(em|ph|fn|ln|db|tel|cell)$/i.test(
    name,
  );
}
