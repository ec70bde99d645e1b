// The list of test events, as they come in: pieces of the page, made and escaped by the server.
const list = document.getElementById("seen");
const state = document.getElementById("live-state");
const empty = document.getElementById("seen-empty");
const toggle = document.getElementById("live-switch");
const MOST = 100;
let stream;
let place = list.dataset.after;

function say(words, kind) {
  state.textContent = words;
  state.className = kind ? `badge ${kind}` : "badge";
}

function open() {
  stream?.close();
  const query = new URLSearchParams({ after: place });
  if (toggle.checked) query.set("live", "yes");
  stream = new EventSource(`${list.dataset.stream}?${query}`);
  stream.addEventListener("open", () => say("live", "good"));
  stream.addEventListener("seen", (event) => {
    place = event.lastEventId || place;
    list.insertAdjacentHTML("afterbegin", event.data);
    empty.hidden = true;
    while (list.children.length > MOST) list.lastElementChild.remove();
  });
  stream.addEventListener("trouble", (event) => say(event.data, "bad"));
  stream.addEventListener("error", () => {
    // a stream ends by itself after a while, and the browser asks for the next
    if (stream.readyState === EventSource.CLOSED) say("not live; load the page again", "bad");
  });
}

toggle.addEventListener("change", open);
open();
