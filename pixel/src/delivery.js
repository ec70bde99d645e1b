/**
 * The way of events to the server: batches, one queue in memory, and a second try where the first failed.
 *
 * `fetch` with `keepalive` outlives the page as a beacon does, but sends no cookies of the server's and shows the
 * answer, so that a page which was only hidden can try again. The beacon is for browsers without it.
 */
import { byteLength } from "./normalise.js";

const EVENTS_WAITING = 500;
const EVENTS_A_BATCH = 100;
const BYTES_A_BATCH = 50000;
/** Browsers refuse to keep alive more than 64 KiB, all requests in flight together. */
const BYTES_KEPT_ALIVE = 60000;
const REQUEST_MS = 15000;
const LONGEST_BACKOFF_MS = 300000;
const LONGEST_WAIT_MS = 3600000;
/** No cookies of the server's, and the page's origin but not its path, whatever the page's own policy is. */
export const IMPERSONAL = { credentials: "omit", referrerPolicy: "strict-origin" };
const OUTLIVES_PAGE = "keepalive" in Request.prototype;

/**
 * Make the queue.
 *
 * url: where batches go. write: an entry's event as JSON text, asked anew for each try, so that a consent withdrawn
 * meanwhile holds. An entry has `group` (the event group's id) and `ready` (it waits for nothing more).
 */
export function createDelivery(url, write) {
  let waiting = [];
  let inFlight = [];
  let left = false;
  /** What failed while the page was left. */
  let held = [];
  let failures = 0;
  let timer;
  let scheduled;

  /** The oldest entry and those of its group that fit into one request with it. */
  function takeBatch(leaving) {
    const batch = { texts: [], entries: [] };
    let bytes = 0;
    waiting = waiting.filter((entry) => {
      if (!leaving && !entry.ready) return true;
      if (batch.entries.length && (batch.full || entry.group != batch.entries[0].group)) return true;
      const text = write(entry);
      bytes += byteLength(text) + 1;
      batch.full = batch.entries.length && bytes > BYTES_A_BATCH;
      if (batch.full) return true;
      batch.full = batch.entries.push(entry) == EVENTS_A_BATCH;
      batch.texts.push(text);
    });
    return batch;
  }

  function pump() {
    if (inFlight.length || timer) return;
    const batch = takeBatch();
    if (batch.entries.length) send(batch);
  }

  async function send(batch, leaving) {
    const { entries, texts } = batch;
    const body = `{"event_group_id":${JSON.stringify(entries[0].group)},"events":[${texts}]}`;
    inFlight.push(batch);
    let again = true;
    let seconds;
    try {
      const answer = await post(url, body, leaving);
      again = answer && (answer.status == 408 || answer.status == 429 || answer.status > 499);
      seconds = again && +answer.headers.get("retry-after");
    } catch {
      // no network, no server, or a policy of the page
    }
    inFlight = inFlight.filter((other) => other != batch);
    // a page that is left is told that what outlives it has failed; only if it comes back does it matter
    if (again && left) held.push(...(batch.lost ? [] : entries));
    else if (again) {
      waiting = entries.concat(waiting);
      trim();
      retryLater(seconds);
    } else {
      failures = 0;
      pump();
    }
  }

  function retryLater(seconds) {
    const backoff = Math.min(1000 * 2 ** failures++, LONGEST_BACKOFF_MS);
    const wait = Math.min(Math.max(1000 * seconds || 0, backoff / 2), LONGEST_WAIT_MS);
    // the other half at random: pages that failed together shall not come back together
    timer = timer || setTimeout(() => {
      timer = 0;
      pump();
    }, wait + (Math.random() * backoff) / 2);
  }

  function trim() {
    waiting.splice(0, waiting.length - EVENTS_WAITING);
  }

  function sendNow() {
    // the newest answer says how long to wait
    timer = clearTimeout(timer);
    while (waiting.length) send(takeBatch(true), true);
  }

  return {
    /** Take an entry into the queue; the oldest gives way where it is full. */
    add(entry) {
      waiting.push(entry);
      trim();
      // fired by the page's own farewell
      if (left) sendNow();
    },
    /** Send what is ready, at the end of this turn. */
    sendSoon() {
      scheduled = scheduled || Promise.resolve().then(() => {
        scheduled = 0;
        pump();
      });
    },
    /** The page may be gone in a moment: send all, ready or not. */
    sendNow,
    /** The page is left: what is in flight flies on, or has to be sent again where the browser cannot do that. */
    leave() {
      left = true;
      if (!OUTLIVES_PAGE) {
        for (const batch of inFlight) batch.lost = waiting.unshift(...batch.entries);
      }
      sendNow();
    },
    /** The network is back: what waits for another try need not wait any longer. */
    tryNow() {
      failures = 0;
      timer = clearTimeout(timer);
      pump();
    },
    /** The page is shown again, from the browser's memory. */
    comeBack() {
      left = false;
      waiting = held.splice(0).concat(waiting);
      pump();
    },
  };
}

async function post(url, body, leaving) {
  if (leaving && !OUTLIVES_PAGE && navigator.sendBeacon(url, body)) return;
  const answer = await fetch(url, {
    method: "POST",
    body,
    ...IMPERSONAL,
    keepalive: OUTLIVES_PAGE && byteLength(body) < BYTES_KEPT_ALIVE,
    signal: deadline(REQUEST_MS),
  });
  // only its end makes room for the next request that is kept alive
  await answer.text();
  return answer;
}

/** A signal that ends a request after so many milliseconds, where the browser knows how. */
export function deadline(milliseconds) {
  return AbortSignal.timeout ? AbortSignal.timeout(milliseconds) : undefined;
}
