// What was sent and is not there yet: kept until the server has said that it is.
//
// Each has an id of its own making, by which the server knows it again: what is sent
// once more, after a lost answer or another page, is still one message.

import { Lost } from "./link.js";

const SOON = new Set(["rate", "unavailable"]);

export class Outbox {
  #link;
  #key;
  #entries = new Map();
  #log = () => null; // the log of a room, if it is the one that is shown

  constructor(link, me, log) {
    this.#link = link;
    this.#key = `outbox:${me}`;
    this.#log = log;
    for (const entry of JSON.parse(sessionStorage.getItem(this.#key) ?? "[]")) {
      this.#entries.set(entry.client_id, entry);
    }
  }

  get size() {
    return this.#entries.size;
  }

  clear() {
    this.#entries.clear();
    this.#keep();
  }

  put(entry) {
    this.#entries.set(entry.client_id, entry);
    this.#keep();
    this.#log(entry.room)?.add(entry);
    this.#push(entry);
  }

  // Show again what is under way in a room.
  show(room) {
    for (const entry of this.#entries.values()) {
      if (entry.room !== room) continue;
      this.#log(room)?.add(entry);
      this.#tell(entry);
    }
  }

  // The connection is back: send what waited, in its order.
  resume() {
    for (const entry of this.#entries.values()) if (!entry.refusal) this.#push(entry);
  }

  // It came as an event, perhaps before its answer.
  arrived(clientId) {
    if (this.#entries.delete(clientId)) this.#keep();
  }

  async #push(entry) {
    delete entry.refusal;
    this.#tell(entry);
    const { room, client_id, text, quote, image } = entry;
    const frame = { room, client_id, text };
    if (quote) frame.reply_to = quote.id;
    if (image) frame.image_id = image.id;
    try {
      const ack = await this.#link.ask("send", frame);
      this.#log(room)?.settle(client_id, ack);
      this.arrived(client_id);
    } catch (error) {
      const soon = SOON.has(error.code) && error.seconds > 0; // else it would fail again
      // A connection that is there and an answer that is not: ask once more.
      if (soon || (error instanceof Lost && this.#link.ready)) this.#again(entry, error);
      else if (!(error instanceof Lost)) entry.refusal = error.message;
      this.#keep();
      this.#tell(entry, soon && error.message);
    }
  }

  // Too fast, or a server that is not well: it can be sent in a while.
  #again(entry, { seconds = 0 }) {
    const { client_id: id } = entry;
    const wait = Math.max(1000 * seconds, 1000);
    setTimeout(() => this.#entries.has(id) && this.#link.ready && this.#push(entry), wait);
  }

  #tell(entry, wait = "") {
    const log = this.#log(entry.room);
    const one = log?.waiting(entry.client_id);
    if (!one) return;
    if (entry.refusal) {
      log.fate(one, "failed", `Not sent: ${entry.refusal}`, [
        ["Try again", () => this.#push(entry)],
        ["Discard", () => this.#discard(entry, one)],
      ]);
    } else {
      const state = this.#link.ready ? "Sending" : "Waiting for the connection";
      log.fate(one, "sending", wait || state);
    }
  }

  #discard(entry, one) {
    this.arrived(entry.client_id);
    this.#log(entry.room)?.discard(one);
  }

  // In this tab alone, so that loading the page again loses nothing.
  #keep() {
    sessionStorage.setItem(this.#key, JSON.stringify([...this.#entries.values()]));
  }
}
