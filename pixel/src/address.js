/**
 * Addresses of pages without what they say of a person. The server takes the same out of what it keeps
 * (`redact.py` of the contract); here it does not even leave the page.
 */

// white space, quotes, brackets and the separators of a URL cannot be part of an e-mail address, percent-encoded or not
const BREAK = "%(?:25)*(?:0[9ad]|2[0236789cf]|3[a-f]|5[bcd]|7c)";
const RUN = new RegExp(`${BREAK}|(?:[^\\s%"'<>()[\\]/?&=#,:;|\\\\]|(?!${BREAK})%)+`, "gi");
const EMAIL = /.(@|%(25)*40)[\p{L}\p{N}_-]+(\.|%(25)*2e)[\p{L}\p{N}_]/iu;
const PARAMETER = /([?&#;])([^=?&#;]*)=([^?&#;]+)/g;
const PERSONAL_NAME =
  /mail|phone|mobile|msisdn|(first|last|full|sur|given|family)[_ .-]?name|^[fl][_-]?name$|^name$|address|street|birth|(^|_)dob($|_)|ssn|passport|^(em|ph|fn|ln|db|tel|cell)$/i;

/** The URL without e-mail addresses, and without the values of parameters such as `phone` or `first_name`. */
export function impersonal(url) {
  return url
    .replace(RUN, (run) => (EMAIL.test(run) ? "[e-mail removed]" : run))
    .replace(PARAMETER, (found, before, name) => (PERSONAL_NAME.test(name) ? `${before}${name}=[removed]` : found));
}
