// The page of a room: what comes in, where one reads, and going from room to room.
// Without this module the page still shows and does everything, when it is loaded again.

import { Actions } from "./actions.js";
import { Composer } from "./composer.js";
import { Link, Lost } from "./link.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Side } from "./side.js";

const TYPED = 5000; // so long somebody counts as typing
const { csrf, me: handle, name } = document.body.dataset;
const me = { handle, name };
const LONGEST = 86_400; // seconds that a timer of the browser surely can wait
const OUT = "You are no longer in this room.";
const blocked = new Set(document.body.dataset.blocked.split(" "));
const STATES = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  offline: "Offline",
  ended: "Logged out",
  outdated: "The chat has changed: load the page again",
};

let main, log;
let room = ""; // the one that is shown
let queue = null; // what comes in while another one is being loaded
let read = 0;
let shown = ""; // its address
let muted = 0; // the timer until one may write again
const drafts = new Map();
const typing = new Map(); // handle → when it is over

const link = new Link(csrf, { frame, state, back, present, reset, left, gone });
const outbox = new Outbox(link, handle, (of) => (of === room ? log : null));
const side = new Side();

/* What is shown of a room */

function show() {
  main = document.querySelector("#content");
  room = main.dataset.room;
  read = Number(main.dataset.read);
  shown = location.pathname + location.search;
  log = new Log(main, handle);
  typing.clear();
  const composer = new Composer(main, { link, log, outbox, room, csrf, me, trouble, newest, drafts });
  new Actions(main, { link, log, composer, me: handle, trouble });
  outbox.show(room);
  main.querySelector(".down").addEventListener("click", newest);
  main.querySelector(".live button").addEventListener("click", () => link.retry());
  log.scroller.addEventListener("scroll", looked, { passive: true });
  log.scroller.addEventListener("trimmed", ({ detail }) => turn("older", `?before=${detail}`));
  const fresh = main.querySelector("#fresh");
  const target = location.hash && log.find(location.hash.slice(3));
  if (target) target.scrollIntoView({ block: "center" });
  else if (fresh) fresh.scrollIntoView({ block: "center" });
  else log.toBottom();
  waitWhileMuted(Number(main.dataset.mutedSeconds));
  watchTurns();
  state(...current);
  looked();
}

let current = ["connecting"];

function state(word, seconds) {
  const place = main?.querySelector(".live");
  const before = current[0];
  current = [word, seconds];
  if (!place) return;
  const text = STATES[word];
  place.hidden = false;
  place.dataset.state = word;
  const counts = word === "waiting";
  place.querySelector("span").textContent = counts ? `${text} in ${seconds} s` : text;
  place.querySelector("button").hidden = !counts || seconds < 3;
  if (before !== word) document.querySelector("#state").textContent = text;
}

function trouble(text) {
  const place = main.querySelector("#trouble");
  place.textContent = text;
  place.hidden = !text;
  if (text) setTimeout(() => (place.hidden = place.textContent === text), 8000);
}

/* What comes in */

function back() {
  outbox.resume();
  watchTurns();
  looked();
}

function present(which, people) {
  side.present(which, people, room);
}

function gone(which, error) {
  side.remove(which);
  const barred = ["forbidden", "not-found"].includes(error.code);
  if (which === room) out(barred ? OUT : error.message);
}

// We are in a room no longer: who may still read it does that.
function left(which) {
  side.remove(which);
  if (which === room) go(location.pathname, false, () => out(OUT));
}

// What one has read there stays on the page.
function out(text) {
  const place = document.createElement("p");
  place.className = "quietly";
  place.setAttribute("role", "alert");
  place.textContent = text;
  main.dataset.mayWrite = main.dataset.mayModerate = "false";
  main.querySelector("#write, .quietly").replaceWith(place);
}

// The server writes who is in a room. What changes for oneself, as being muted, or for
// all, as another name, changes the whole page.
function changed({ room: of, data }) {
  if (of !== room) return;
  if (data.change === "room" || data.user.handle === handle) go(location.href, false);
  else side.lookAgain(pageAt);
}

// Nobody says when a mute has ended: the page takes what one may do from the server then.
function waitWhileMuted(seconds) {
  clearTimeout(muted);
  if (!seconds) return;
  const look = async () => {
    const before = main;
    await go(location.href, false, () => {});
    if (main === before) waitWhileMuted(5);
  };
  muted = setTimeout(look, 1000 * Math.min(seconds + 1, LONGEST));
}

// Too much was missed to be told one by one: take it as the page has it.
function reset(which) {
  if (which === room) go(location.pathname, false);
}

// Somebody took us into a room, or wrote to us alone for the first time: it is on the list.
async function entered() {
  const page = await pageAt(location.pathname);
  if (!page) return;
  side.take(page);
  for (const [each, sequence] of side.rooms()) {
    if (!link.follows(each)) link.follow(each, sequence);
  }
}

function frame(given) {
  if (queue && given.room === queue.room) queue.frames.push(given);
  else take(given);
}

function take(given) {
  switch (given.type) {
    case "new":
      arrived(given);
      break;
    case "edit":
      if (given.room === room) log.edit(given.message.id, given.message);
      break;
    case "delete":
      if (given.room === room) log.remove(given.message_id);
      break;
    case "reaction":
      if (given.room === room) {
        const { emoji, on, user } = given;
        log.react(given.message_id, { emoji, on, handle: user.handle });
      }
      break;
    case "member":
      changed(given);
      break;
    case "entered":
      entered();
      break;
    case "presence":
      side.presence(given);
      break;
    case "typing":
      if (given.room === room && given.user.handle !== handle) types(given.user);
      break;
    case "read":
      if (given.user.handle === handle) side.read(given.room, given.sequence);
      break;
    case "error":
      trouble(given.detail);
  }
}

function arrived({ room: of, message }) {
  if (blocked.has(message.author.handle)) return;
  const mine = message.author.handle === handle;
  if (mine) outbox.arrived(message.client_id);
  if (of !== room) {
    if (!mine) side.unread(of);
    return;
  }
  typing.delete(message.author.handle);
  tellTyping();
  if (!log.latest) {
    main.querySelector(".down").hidden = false;
    return;
  }
  const away = document.hidden || !document.hasFocus();
  const one = log.add(message);
  if (!one || mine) return;
  if (away && !log.list.querySelector(".fresh")) log.drawLine(one);
  if (away) side.unread(of);
  log.say(one);
  looked();
}

function types(user) {
  if (blocked.has(user.handle)) return;
  typing.set(user.handle, { name: user.name, until: Date.now() + TYPED });
  tellTyping();
  setTimeout(tellTyping, TYPED + 50);
}

function tellTyping() {
  const names = [];
  for (const [who, { name: called, until }] of typing) {
    if (until > Date.now()) names.push(called);
    else typing.delete(who);
  }
  const some = names.length > 2 ? "Several people" : names.join(" and ");
  const text = names.length ? `${some} ${names.length > 1 ? "are" : "is"} typing …` : "";
  main.querySelector("#typing").textContent = text;
}

/* How far one has read */

function looked() {
  const down = main.querySelector(".down");
  if (!log.atBottom || !log.latest) {
    if (!log.latest) down.hidden = false;
    return;
  }
  down.hidden = true;
  if (document.hidden || !document.hasFocus()) return;
  side.read(room, Infinity);
  const last = Number(log.last?.dataset.sequence ?? 0);
  if (last <= read || !link.ready) return;
  read = last;
  link.tell("read", { room, sequence: last });
}

addEventListener("focus", looked);
document.addEventListener("visibilitychange", looked);

function newest() {
  if (log.latest) log.toBottom();
  else go(location.pathname);
}

/* Older and newer messages */

const turns = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) further(target);
});

function watchTurns() {
  turns.disconnect();
  main.querySelectorAll("#older, #newer").forEach((one) => turns.observe(one));
}

function turn(id, address) {
  let place = main.querySelector(`#${id}`);
  if (!place) {
    main.querySelector(".first")?.remove();
    place = document.createElement("p");
    place.className = "turn";
    place.id = id;
    place.append(Object.assign(document.createElement("a"), { textContent: "Older messages" }));
    log.list.before(place);
  }
  place.querySelector("a").href = address;
  watchTurns();
}

async function further(place) {
  turns.unobserve(place);
  const of = room;
  const page = await pageAt(place.querySelector("a").href);
  if (of !== room || !page) return;
  const theirs = page.querySelector("#content");
  log.extend([...theirs.querySelectorAll("#messages > .message")]);
  if (place.id === "newer" && !theirs.querySelector("#newer")) main.dataset.latest = "true";
  const beginning = place.id === "older" && theirs.querySelector(".first");
  const next = theirs.querySelector(`#${place.id}`) ?? beginning;
  if (next) place.replaceWith(next);
  else place.remove();
  watchTurns();
}

// A page of ours, as the server writes it for everybody: its text is escaped, its scripts
// do not run. Null is none for us, undefined that there is no server just now.
async function pageAt(address) {
  try {
    const answer = await fetch(address, { headers: { "X-Part": "1" }, redirect: "manual" });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return undefined;
  }
}

/* From room to room, on one connection */

async function go(address, remember = true, instead = () => location.assign(address)) {
  const of = side.roomAt(address);
  queue = { room: of, frames: [] };
  const mine = queue;
  const page = await pageAt(address);
  if (queue !== mine) return;
  queue = null;
  const writing = document.activeElement?.id === "text";
  if (!page?.querySelector("#content[data-room]")) {
    if (page === undefined) trouble(new Lost().message);
    else instead();
    mine.frames.forEach(take);
    return;
  }
  for (const id of ["content", "members"]) {
    document.getElementById(id).replaceWith(page.getElementById(id));
  }
  document.title = page.title;
  if (remember) history.pushState({}, "", address);
  side.take(page);
  show();
  link.follow(room, Number(main.dataset.sequence));
  mine.frames.forEach(take);
  if (writing || matchMedia("(min-width: 44rem)").matches) main.querySelector("#text")?.focus();
}

// Going to a place on the same page is none of that.
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) go(location.href, false);
});
document.querySelector("#rooms").addEventListener("click", (event) => {
  const entry = event.target.closest("li[data-room] a");
  if (!entry || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  document.querySelector("#rooms:popover-open")?.hidePopover();
  go(entry.href);
});

document.querySelector("[data-forgets]").addEventListener("submit", () => outbox.clear());
addEventListener("beforeunload", (event) => outbox.size && event.preventDefault());

show();
link.follow(room, Number(main.dataset.sequence));
for (const [each, sequence] of side.rooms()) link.follow(each, sequence);
link.retry();
