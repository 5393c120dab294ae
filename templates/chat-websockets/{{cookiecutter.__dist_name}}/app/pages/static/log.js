// The messages of the room that is shown: what the page came with, and what comes in.

import { dayOf, tell, tellAll } from "./times.js";

const NEAR = 5 * 60_000; // messages of one author that belong together
const BOTTOM = 60; // px from it that still count as being there
const [WIDEST, HIGHEST] = [384, 288]; // px of a picture
const MOST = 400; // messages that a page holds; older ones can be loaded again

// The one place where HTML from the server becomes part of the page: it was rendered from
// Markdown, in which HTML is text, see app/messages/markdown.py.
function rendered(place, html) {
  place.innerHTML = html;
}

export function hueOf(handle) {
  return [...handle].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 8;
}

function initials(name) {
  const letters = name.split(/\s+/).filter(Boolean).map((word) => [...word][0]);
  return letters.slice(0, 2).join("").toUpperCase();
}

// How large a picture is shown, as in views.py: known before it is there.
function fitted({ width, height }) {
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

// The arrow keys lead from message to message, and Enter to all of this: Tab need not.
function skipped(one) {
  for (const link of one.querySelectorAll(".author, .at, .act")) link.tabIndex = -1;
}

export class Log {
  #main;
  #me;
  #said;
  #stuck = false; // whether the reader is at the newest
  list;
  scroller;

  constructor(main, me) {
    this.#main = main;
    this.#me = me;
    this.#said = main.querySelector("#said");
    this.list = main.querySelector("#messages");
    this.scroller = main.querySelector("#log");
    this.adopt(this.messages);
    this.scroller.addEventListener("scroll", () => (this.#stuck = this.latest && this.atBottom), { passive: true });
    // Where less room is left, or a message grows, the newest is still what is seen.
    const sizes = new ResizeObserver(() => this.#stuck && this.toBottom());
    sizes.observe(this.scroller);
    sizes.observe(this.list);
  }

  get messages() {
    return [...this.list.querySelectorAll(":scope > .message")];
  }

  get latest() {
    return this.#main.dataset.latest === "true";
  }

  get atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < BOTTOM;
  }

  // The last message that has its number.
  get last() {
    return this.messages.findLast((one) => one.dataset.sequence);
  }

  find(id) {
    return this.list.querySelector(`#m-${CSS.escape(id)}`);
  }

  waiting(clientId) {
    return this.list.querySelector(`[data-client="${CSS.escape(clientId)}"]`);
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // Make messages that the server rendered ours.
  adopt(messages) {
    for (const one of messages) {
      tellAll(one);
      skipped(one);
      this.#arrange(one);
    }
  }

  // Put older or newer messages of a page of the server to ours, where the reader's
  // eyes stay on what they see.
  extend(messages) {
    const { scrollHeight, scrollTop } = this.scroller;
    const fresh = messages.filter((one) => !this.find(one.dataset.id));
    const first = this.messages[0];
    const older = first && fresh[0] && +fresh[0].dataset.sequence < +first.dataset.sequence;
    for (const one of fresh) this.#place(one);
    this.adopt(fresh);
    if (first) this.#arrange(first);
    if (older) this.scroller.scrollTop = scrollTop + this.scroller.scrollHeight - scrollHeight;
  }

  // A message that came in, or one of ours that is under way: that has no sequence yet.
  add(message) {
    if (message.id && this.find(message.id)) return null;
    const own = message.client_id && this.waiting(message.client_id);
    const stay = this.atBottom;
    const one = this.#make(message);
    own?.replaceWith(one);
    this.#place(one);
    this.#arrange(one);
    this.#arrangeAfter(one);
    if (message.deleted) this.remove(message.id);
    if (stay || message.author.handle === this.#me) this.toBottom();
    else this.#main.querySelector(".down").hidden = false;
    if (stay) this.#trim();
    return one;
  }

  // Our own message has got its number.
  settle(clientId, { message_id: id, sequence }) {
    const one = this.waiting(clientId);
    if (!one) return;
    if (this.find(id)) {
      this.discard(one);
      return;
    }
    this.#name(one, id, sequence);
    this.fate(one, "", "");
    delete one.dataset.client;
    this.#place(one);
    this.#arrange(one);
  }

  // Take away one of ours that was never sent, and the line of its day with the last one.
  discard(one) {
    const next = this.#after(one);
    one.remove();
    if (next) this.#arrange(next);
    else while (this.list.lastElementChild?.matches(".day")) this.list.lastElementChild.remove();
  }

  // Say what becomes of a message; `buttons` are pairs of a word and what it does.
  fate(one, state, text, buttons = []) {
    if (state) one.dataset.state = state;
    else delete one.dataset.state;
    const place = one.querySelector(".fate");
    place.hidden = !text;
    place.replaceChildren(text);
    for (const [word, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = word;
      button.addEventListener("click", act);
      place.append(button);
    }
  }

  edit(id, { html, text }) {
    const one = this.find(id);
    if (!one || one.classList.contains("gone")) return;
    rendered(one.querySelector(".text"), html);
    if (one.dataset.author === this.#me) one.dataset.text = text;
    this.#mark(one);
    this.fate(one, "", "edited");
  }

  remove(id) {
    const one = this.find(id);
    if (!one) return;
    one.classList.add("gone");
    one.classList.remove("mentions");
    delete one.dataset.text;
    const said = document.createElement("p");
    said.textContent = "This message was deleted.";
    one.querySelector(".text").replaceChildren(said);
    one.querySelector(".reactions").replaceChildren();
    one.querySelector(".picture")?.remove();
    this.fate(one, "", "");
  }

  // Somebody has put an emoji to a message, or taken it away; said twice it is the same.
  react(id, { emoji, on, handle }) {
    const list = this.find(id)?.querySelector(".reactions");
    if (!list) return;
    const emojiOf = (one) => one.querySelector("input[name=emoji]").value;
    let entry = [...list.children].find((one) => emojiOf(one) === emoji);
    if (!entry) {
      if (!on) return;
      entry = this.#copy("#a-reaction");
      entry.querySelector("form").action = `/messages/${id}/reaction`;
      entry.querySelector("input[name=emoji]").value = emoji;
      entry.querySelector("span").textContent = emoji;
      entry.querySelector("button").dataset.who = "";
      entry.querySelector("button").setAttribute("aria-pressed", "false");
      list.append(entry);
    }
    const button = entry.querySelector("button");
    const who = new Set(button.dataset.who.split(" ").filter(Boolean));
    if (on) who.add(handle);
    else who.delete(handle);
    if (handle === this.#me) {
      button.setAttribute("aria-pressed", String(on));
      button.value = String(!on);
    }
    button.dataset.who = [...who].join(" ");
    button.title = [...who].map((one) => `@${one}`).join(", ");
    entry.querySelector("span:last-child").textContent = who.size;
    if (!who.size) entry.remove();
  }

  // A screen reader reads what is added here, and nothing of what was loaded.
  say(one) {
    const line = document.createElement("p");
    const text = one.querySelector(".text").textContent.trim();
    line.textContent = `${one.dataset.name}: ${text.slice(0, 300) || "a picture"}`;
    this.#said.append(line);
    while (this.#said.childElementCount > 5) this.#said.firstElementChild.remove();
  }

  // Draw the line above what is new since the reader looked away.
  drawLine(before) {
    this.list.querySelector(".fresh")?.remove();
    const line = document.createElement("li");
    line.className = "fresh";
    line.id = "fresh";
    line.textContent = "New messages";
    before.before(line);
    this.#arrange(before);
  }

  #copy(selector) {
    return this.#main.querySelector(selector).content.firstElementChild.cloneNode(true);
  }

  #name(one, id, sequence) {
    one.id = `m-${id}`;
    one.dataset.id = id;
    one.dataset.sequence = sequence;
    one.querySelector(".at").href = `/messages/${id}`;
    const act = one.querySelector(".act");
    act.href = `/messages/${id}`;
    act.hidden = false;
  }

  #make(message) {
    const { author, quote, image } = message;
    const one = this.#copy("#a-message");
    const find = (selector) => one.querySelector(selector);
    one.className = "message";
    one.dataset.author = author.handle;
    one.dataset.name = author.name;
    const face = find(".face");
    face.dataset.hue = hueOf(author.handle);
    face.textContent = initials(author.name);
    find(".author").textContent = author.name;
    find(".author").href = `/users/${author.handle}`;
    find(".by .hidden").textContent = `${author.name}, `;
    const time = find("time");
    time.dateTime = message.created_at;
    tell(time);
    find(".act").setAttribute("aria-label", `Actions on the message of ${author.name} at ${time.textContent}`);
    skipped(one);
    if (message.html !== undefined) rendered(find(".text"), message.html);
    else this.#plain(find(".text"), message.text);
    if (author.handle === this.#me) one.dataset.text = message.text;
    else delete one.dataset.text;
    if (quote) {
      find(".quote").href = `/messages/${quote.id}`;
      find(".quote").dataset.quoted = quote.id;
      find(".quote b").textContent = quote.name;
      find(".quote span").textContent = quote.text;
    } else find(".quote").remove();
    if (image) {
      const picture = find(".picture img");
      Object.assign(picture, { src: image.address, ...fitted(image) });
      picture.alt = `Picture from ${author.name}`;
      find(".picture").href = image.address;
    } else find(".picture").remove();
    find(".reactions").replaceChildren();
    this.fate(one, "", message.edited_at ? "edited" : "");
    if (message.id) this.#name(one, message.id, message.sequence);
    else {
      one.removeAttribute("id");
      one.dataset.client = message.client_id;
      delete one.dataset.id;
      delete one.dataset.sequence;
      find(".act").hidden = true;
    }
    this.#mark(one);
    return one;
  }

  #plain(place, text) {
    const lines = text.split("\n").flatMap((line) => [document.createElement("br"), line]);
    const block = document.createElement("p");
    block.append(...lines.slice(1));
    place.replaceChildren(block);
  }

  #mark(one) {
    const mention = `a[href="/users/${CSS.escape(this.#me)}"]`;
    const mentioned = one.querySelector(`.text ${mention}`) !== null;
    one.classList.toggle("mentions", mentioned && one.dataset.author !== this.#me);
  }

  // Messages stand in the order of their numbers; those under way at the end.
  #place(one) {
    const number = (of) => Number(of.dataset.sequence ?? Infinity);
    const before = this.messages.findLast((other) => other !== one && number(other) <= number(one));
    const there = one.parentNode === this.list;
    if (there && before === this.#before(one)) return; // the lines above it stay
    if (before) before.after(one);
    else this.list.prepend(one);
  }

  #before(one) {
    const messages = this.messages;
    return messages[messages.indexOf(one) - 1];
  }

  #after(one) {
    const messages = this.messages;
    return messages[messages.indexOf(one) + 1];
  }

  #arrangeAfter(one) {
    const next = this.#after(one);
    if (next) this.#arrange(next);
  }

  // See to the line of its day above a message, and whether it follows the one before.
  #arrange(one) {
    const between = [];
    let before = one.previousElementSibling;
    while (before && !before.matches(".message")) {
      between.push(before);
      before = before.previousElementSibling;
    }
    const time = one.querySelector("time");
    const [line] = between.filter((each) => each.matches(".day"));
    const sameDay = before && dayOf(before.querySelector("time")) === dayOf(time);
    between.filter((each) => each.matches(".day") && (sameDay || each !== line)).forEach((each) => each.remove());
    if (!sameDay) {
      const day = line ?? document.createElement("li");
      day.className = "day";
      const moment = document.createElement("time");
      moment.dateTime = time.dateTime;
      day.replaceChildren(moment);
      tell(moment);
      if (!line) (between.at(-1) ?? one).before(day);
    }
    const near = before && Date.parse(time.dateTime) - Date.parse(before.querySelector("time").dateTime) < NEAR;
    const alone = between.some((each) => each.matches(".fresh")) || one.querySelector(".quote");
    const follows = sameDay && near && !alone && before.dataset.author === one.dataset.author;
    one.classList.toggle("follows", Boolean(follows));
  }

  // Let go of the oldest: whoever wants them scrolls up, and they are loaded again.
  #trim() {
    const messages = this.messages;
    if (messages.length <= MOST) return;
    const [first] = messages.slice(-MOST / 2);
    while (this.list.firstElementChild !== first) this.list.firstElementChild.remove();
    this.#arrange(first);
    this.scroller.dispatchEvent(new CustomEvent("trimmed", { detail: first.dataset.sequence }));
    this.toBottom();
  }
}
