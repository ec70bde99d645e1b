/** The script: takes the calls of the page, those that were queued first, and sends what they say. */
import { cookieValue, forgetCookie } from "./cookie.js";
import { createDelivery } from "./delivery.js";
import { digests, partRaw, readEvent } from "./event.js";
import { createGroups } from "./groups.js";

const EARLY_CALLS = 500;
const script = document.currentScript;
/** Where the server is: the folder of the script's address, for it may be behind a path. */
const [server] = /^https?:[^?#]*\//.exec(script && script.src) || [];

const delivery = createDelivery(`${server}v1/pixel`, write);
const groups = createGroups(server);
let consent = true;
/** Events that were fired before any `init`. */
let early = [];

const calls = {
  __proto__: null,
  init(id, given) {
    if (id === undefined) return;
    groups.init(String(id), given);
    for (const fired of early.splice(0)) enter(fired);
  },
  event(name, given, firedAt) {
    const fired = readEvent(name, given, firedAt);
    if (groups.all().length) enter(fired);
    else early = [...early, fired].slice(-EARLY_CALLS);
  },
  /** Only a clear yes is one. */
  consent(given) {
    consent = given === true || given === "true";
    if (!consent) forgetCookie();
  },
};

/** An event into the queue, once for each group. */
function enter(fired) {
  for (const group of groups.all()) {
    const { user, raw } = partRaw({ ...group.user, ...fired.user });
    const event = group.optOut === undefined ? fired.event : { opt_out: group.optOut, ...fired.event };
    const entry = { group: group.id, event, user, settings: () => group.settings };
    delivery.add(entry);
    finish(entry, group, raw);
  }
}

/** Wait for the group's settings and for digests, then let the entry go. */
async function finish(entry, group, raw) {
  await group.asked;
  try {
    if (group.settings.advanced_matching) Object.assign(entry.user, await digests(raw));
  } catch {
    // then without them
  }
  entry.ready = true;
  delivery.sendSoon();
}

/** The event as JSON text, with the cookie if it may be used at this moment. */
function write({ event, user, settings }) {
  const aFC = consent && settings().cookie ? cookieValue() : undefined;
  return JSON.stringify({ ...event, user_data: { aFC, ...user } });
}

/** One call as the stub passes it on: its arguments, then the time at which it was made. Never throws into the page. */
function take(...call) {
  try {
    const last = call.length - 1;
    const firedAt = call[last] > 1e12 ? call.splice(last, 1)[0] : Date.now();
    calls[call[0]](call[1], call[2], firedAt);
  } catch {
    // a call that nobody can read
  }
}

/** Serve the calls of one global function from now on, unless another script does. */
function takeOver(stub) {
  if (!stub || stub.eventProcessor) return;
  stub.eventProcessor = take;
  const queued = Array.isArray(stub.queue) ? stub.queue.splice(0) : [];
  // what stands in it was put there by the page, and may be anything
  for (const call of queued) take(...Array.from(call || []));
}

function start() {
  if (!window.headgate && !window.rkp) {
    window.headgate = (...call) => take(...call, Date.now());
    window.headgate.eventProcessor = take;
  }
  takeOver(window.headgate);
  takeOver(window.rkp);
  // before listeners of the page: between them the browser reports what it cut off
  addEventListener("pagehide", delivery.leave, true);
  addEventListener("pageshow", delivery.comeBack);
  addEventListener("online", delivery.tryNow);
  document.addEventListener("visibilitychange", () => document.visibilityState == "hidden" && delivery.sendNow());
}

if (server) {
  // a page that is rendered ahead may never be seen
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
}
