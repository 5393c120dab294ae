// The two lists beside the messages: rooms with what is unread, and who is there.

const MOST = 99;
const CALM = 2000; // so long at most until the list of members is looked at again

export class Side {
  #looking = false;
  #there = new Map(); // handle → whether they are there, as far as one was told

  constructor() {
    this.#title();
  }

  // Each room of ours, and the last event that this page knows of it.
  rooms() {
    return [...document.querySelectorAll("#rooms li[data-room]")].map(({ dataset }) => [
      dataset.room,
      Number(dataset.sequence),
    ]);
  }

  roomAt(address) {
    const path = new URL(address, location.href).pathname;
    const entries = [...document.querySelectorAll("#rooms li[data-room]")];
    return entries.find((one) => `/rooms/${one.dataset.slug}` === path)?.dataset.room;
  }

  #entry(room) {
    return document.querySelector(`#rooms li[data-room="${CSS.escape(room)}"]`);
  }

  #count(room, count) {
    const entry = this.#entry(room);
    if (!entry) return;
    const badge = entry.querySelector("[data-unread]");
    entry.classList.toggle("unread", count > 0);
    badge.hidden = count === 0;
    badge.querySelector("[data-count]").textContent = count > MOST ? `${MOST}+` : count;
    this.#title();
  }

  // The window's title says how many wait, for whoever looks at another one.
  #title() {
    const counts = document.querySelectorAll("#rooms .unread [data-count]");
    const sum = [...counts].reduce((all, one) => all + parseInt(one.textContent, 10), 0);
    document.title = `${sum ? `(${sum}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
  }

  unread(room) {
    const count = this.#entry(room)?.querySelector("[data-count]");
    if (count) this.#count(room, (parseInt(count.textContent, 10) || 0) + 1);
  }

  read(room, sequence) {
    if (sequence >= Number(this.#entry(room)?.dataset.sequence ?? 0)) this.#count(room, 0);
  }

  remove(room) {
    this.#entry(room)?.remove();
  }

  presence({ user, online }) {
    this.#there.set(user.handle, online);
    this.#dots();
  }

  // Who is there of a room: of the one that is shown each member has a dot, of one that
  // two people have the other one.
  present(room, people, shown) {
    const entry = this.#entry(room)?.querySelectorAll(".dot") ?? [];
    const members = room === shown ? document.querySelectorAll("#members .dot") : [];
    for (const { dataset } of [...entry, ...members]) this.#there.set(dataset.handle, false);
    for (const { handle } of people) this.#there.set(handle, true);
    this.#dots();
  }

  #dots() {
    for (const dot of document.querySelectorAll(".dot")) {
      const online = this.#there.get(dot.dataset.handle);
      if (online === undefined) continue;
      dot.dataset.online = online;
      dot.setAttribute("aria-label", online ? "online" : "offline");
      dot.hidden = false;
    }
  }

  // Somebody came, left or has another role: the server writes the list. Where many come
  // at once it is asked once, and not by all pages in the same moment.
  lookAgain(pageAt) {
    if (this.#looking) return;
    this.#looking = true;
    setTimeout(async () => {
      this.#looking = false;
      this.#swap("#members ul", await pageAt(location.pathname));
    }, Math.random() * CALM);
  }

  // Another room is shown: mark it in the list, and add what is new there.
  take(page) {
    this.#swap("#rooms nav", page);
    this.#title();
  }

  #swap(selector, page) {
    const [old, fresh] = [document, page].map((one) => one?.querySelector(selector));
    if (old && fresh) old.replaceWith(fresh);
    this.#dots();
  }
}
