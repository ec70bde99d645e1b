/** Event groups that the page has named, with what the server says of each: may it set a cookie, may it match. */
import { deadline, IMPERSONAL } from "./delivery.js";
import { readFields } from "./fields.js";

const SETTINGS_MS = 5000;

/**
 * The groups of one page.
 *
 * A group has `id`, `settings` (`{cookie, advanced_matching}`, `{}` until they are known and where the server knows no
 * such group or cannot be asked: what is not allowed is off), `asked` (a promise that they are there), and what `init`
 * gave: `user` fields and `optOut`.
 */
export function createGroups(server) {
  const groups = new Map();
  return {
    /** Name a group, or give a known one more user data. */
    init(id, given) {
      let group = groups.get(id);
      if (!group) {
        groups.set(id, (group = { id, settings: {}, user: {} }));
        group.asked = ask(server, group);
      }
      const { event, user } = readFields(given);
      group.user = { ...group.user, ...user };
      if ("opt_out" in event) group.optOut = event.opt_out;
    },
    all: () => [...groups.values()],
  };
}

async function ask(server, group) {
  try {
    const url = `${server}v1/pixel/settings?event_group_id=${encodeURIComponent(group.id)}`;
    const answer = await fetch(url, { ...IMPERSONAL, signal: deadline(SETTINGS_MS) });
    if (answer.status == 200) group.settings = (await answer.json()) || {};
  } catch {
    // events go without cookie and matching
  }
}
