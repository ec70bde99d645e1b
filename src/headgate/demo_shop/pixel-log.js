/**
 * What the shop tells the pixel, shown on the page. A real shop has no such panel: it calls `headgate(…)` where
 * `tell` is called here, and that is all.
 */
const KEY = "weir-and-clay-calls";
const KEPT = 40;
/** The pixel forgets a refusal with its page: a shop remembers it, and says it anew in the head of each. */
const REFUSED = "weir-and-clay-cookie";

let list;
let summary;

/** Call the pixel with an event, and write the call down. */
export function tell(name, fields) {
  window.headgate("event", name, fields);
  note("event", name, fields);
}

/** Add the panel to the page; what the base code calls itself is its first line. */
export function open() {
  const panel = document.createElement("details");
  panel.className = "log";
  panel.open = sessionStorage.getItem("weir-and-clay-log") !== "closed" && innerWidth > 1100;
  panel.innerHTML = `
    <summary><span class="dot"></span><span data-summary></span></summary>
    <div class="log-body">
      <ol aria-live="polite"></ol>
      <div class="log-tools">
        <code class="cookie" data-cookie></code>
        <span>
          <button type="button" data-consent="true">Allow cookie</button>
          <button type="button" data-consent="false">Refuse</button>
          <button type="button" data-clear>Clear</button>
        </span>
      </div>
    </div>`;
  panel.addEventListener("toggle", () => sessionStorage.setItem("weir-and-clay-log", panel.open ? "open" : "closed"));
  panel.addEventListener("click", press);
  document.body.append(panel);
  list = panel.querySelector("ol");
  summary = panel.querySelector("[data-summary]");
  note("event", "PAGE_VIEW");
  if (sessionStorage.getItem(REFUSED) === "refused") note("consent", false);
  showCookie();
  // the script sets the cookie once it knows the event group's settings
  setInterval(showCookie, 1000);
}

function press({ target }) {
  if (target.dataset.consent) {
    const allowed = target.dataset.consent === "true";
    sessionStorage.setItem(REFUSED, allowed ? "allowed" : "refused");
    window.headgate("consent", allowed);
    note("consent", allowed);
    showCookie();
  } else if ("clear" in target.dataset) {
    write([]);
  }
}

function note(...call) {
  const said = call.filter((argument) => argument !== undefined);
  write([...read(), { at: Date.now(), page: document.body.dataset.page, call: said }].slice(-KEPT));
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) || [];
  } catch {
    return [];
  }
}

function write(calls) {
  sessionStorage.setItem(KEY, JSON.stringify(calls));
  show(calls);
}

function show(calls) {
  if (!list) return;
  summary.textContent = calls.length === 1 ? "Pixel: 1 call" : `Pixel: ${calls.length} calls`;
  list.replaceChildren(...(calls.length ? calls.map(entry) : [element("li", "No call yet. Look at a product.")]));
  list.scrollTop = list.scrollHeight;
}

/** A line with the call's name, that opens to the whole call. */
function entry({ at, page, call }) {
  const [verb, subject, fields] = call;
  const line = document.createElement("summary");
  const name = element("code", verb === "event" ? subject : `${verb} ${subject}`);
  line.append(name, element("small", `${new Date(at).toLocaleTimeString("en-GB")} · ${page}`));
  const more = document.createElement("details");
  const shown = fields ? `, ${JSON.stringify(fields, null, 2)}` : "";
  more.append(line, element("pre", `headgate("${verb}", ${JSON.stringify(subject)}${shown})`));
  const item = document.createElement("li");
  item.append(more);
  return item;
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function showCookie() {
  const [, value] = /(?:^|; )_hg_aFC=([^;]+)/.exec(document.cookie) || [];
  document.querySelector("[data-cookie]").textContent = value ? `_hg_aFC=${value.slice(0, 24)}…` : "no cookie";
}
