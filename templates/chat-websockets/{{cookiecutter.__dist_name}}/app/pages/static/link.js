// The connection: a ticket, a socket, and what to do when it is gone.
//
// It knows of each room the last event that was seen, and asks for what comes after it
// whenever it is back. What came before is not shown twice.

const FIRST = 500;
const LONGEST = 30_000;
const STEADY = 5_000; // whoever was connected so long begins with short waits again
const PATIENCE = 15_000; // for an answer
const [RESTART, ENDED, BARRED, SLOW, UNKNOWN, MANY] = [1012, 4401, 4403, 4408, 4409, 4429];

export class Lost extends Error {
  constructor() {
    super("There is no connection: try again when there is.");
  }
}

export class Refused extends Error {
  constructor({ code, detail, retry_after: seconds }) {
    super(detail);
    this.code = code;
    this.seconds = seconds ?? 0;
  }
}

export class Link {
  #csrf;
  #on;
  #socket = null;
  #ready = false;
  #tries = 0;
  #timer = 0;
  #beat = 0;
  #number = 0;
  #asked = new Map(); // ref → how its answer is given
  #seen = new Map(); // room → the last event seen, null for "from now on"

  // `on` has: frame(frame), state(name, seconds), back(), and of rooms
  // present(room, people), reset(room), left(room), gone(room, error)
  constructor(csrf, on) {
    this.#csrf = csrf;
    this.#on = on;
    addEventListener("online", () => this.retry());
    addEventListener("offline", () => this.#lose());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  get ready() {
    return this.#ready;
  }

  // Try now, whatever wait is under way.
  retry() {
    if (!this.#socket) this.#connect();
  }

  // Hear of a room from an event on; what was heard already is kept.
  follow(room, after) {
    if (!this.#seen.has(room)) this.#seen.set(room, after);
    if (this.#ready) this.#subscribe(room);
  }

  follows(room) {
    return this.#seen.has(room);
  }

  // Send what needs no answer; where there is no connection it is not worth keeping.
  tell(type, fields) {
    if (this.#ready) this.#send({ type, ref: `${++this.#number}`, ...fields });
  }

  // Send, and give the answer; Refused has what the server said, Lost that it said nothing.
  ask(type, fields) {
    if (!this.#ready) return Promise.reject(new Lost());
    return this.#request(type, fields);
  }

  #request(type, fields) {
    const ref = `${++this.#number}`;
    this.#send({ type, ref, ...fields });
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#asked.delete(ref);
        fail(new Lost());
      }, PATIENCE);
      const settle = (end) => (value) => {
        clearTimeout(timer);
        this.#asked.delete(ref);
        end(value);
      };
      this.#asked.set(ref, { done: settle(done), fail: settle(fail) });
    });
  }

  #send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  async #connect() {
    clearTimeout(this.#timer);
    const place = {}; // until there is a socket, so that nobody else begins one
    this.#socket = place;
    this.#on.state("connecting");
    const ticket = await this.#ticket();
    if (this.#socket !== place) return;
    if (typeof ticket !== "string") {
      this.#socket = null;
      this.#later(ticket);
      return;
    }
    const address = new URL("/ws", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, ["chat.v1", `ticket.${ticket}`]);
    this.#socket = socket;
    const began = Date.now();
    const current = () => this.#socket === socket;
    socket.onopen = () => current() && this.#hello(socket);
    socket.onmessage = ({ data }) => current() && this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (!current()) return;
      if (this.#ready && Date.now() - began > STEADY) this.#tries = 0;
      this.#over(code);
    };
  }

  // A new ticket for each connection; else how long to wait until the next try.
  async #ticket() {
    try {
      const answer = await fetch("/api/v1/tickets", {
        method: "POST",
        headers: { "X-CSRF-Token": this.#csrf },
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.ok) return (await answer.json()).ticket;
      // 403: the session is another one now, and with it the token of this page's forms.
      if (answer.status === 401 || answer.status === 403) return this.#leave();
      return 1000 * Number(answer.headers.get("Retry-After") ?? 0);
    } catch {
      return 0;
    }
  }

  #leave() {
    this.#on.state("ended");
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    return Infinity;
  }

  async #hello(socket) {
    try {
      const { heartbeat } = await this.#request("hello", { protocol: 1, client: "page" });
      this.#ready = true;
      this.#watch(socket, 1000 * heartbeat);
      await Promise.all([...this.#seen.keys()].map((room) => this.#subscribe(room)));
      if (this.#socket !== socket) return;
      this.#on.state("live");
      this.#on.back();
    } catch {
      if (this.#socket === socket) socket.close();
    }
  }

  async #subscribe(room) {
    try {
      const after = this.#seen.get(room) ?? null;
      const answer = await this.#request("subscribe", { room, after });
      const { sequence, reset, present } = answer;
      if (reset || after === null) this.#seen.set(room, sequence);
      this.#on.present(room, present);
      if (reset) this.#on.reset(room);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#seen.delete(room);
      this.#on.gone(room, error);
    }
  }

  // Ask for a sign of life now and then: a dead connection does not say that it is.
  #watch(socket, every) {
    clearInterval(this.#beat);
    this.#beat = setInterval(async () => {
      try {
        await this.ask("ping", {});
      } catch {
        if (this.#socket === socket) this.#lose();
      }
    }, every);
  }

  #take(frame) {
    const asked = this.#asked.get(frame.ref);
    if (asked) frame.type === "error" ? asked.fail(new Refused(frame)) : asked.done(frame);
    else if (frame.type in EVENTS) this.#event(frame);
    else if (frame.type === "unsubscribed") this.#left(frame.room);
    else this.#on.frame(frame);
  }

  #event(frame) {
    const { room, sequence } = frame;
    const last = this.#seen.get(room);
    if (last === undefined || (last !== null && sequence <= last)) return;
    if (last !== null && sequence > last + 1) {
      this.#subscribe(room); // something is missing: it comes in order
      return;
    }
    this.#seen.set(room, sequence);
    this.#on.frame(frame);
  }

  // We are out of a room, as in another window: where it is open it can still be read.
  #left(room) {
    this.#seen.delete(room);
    this.#on.left(room);
  }

  #over(code) {
    this.#drop();
    switch (code) {
      case ENDED:
        this.#leave();
        break;
      case UNKNOWN:
        this.#on.state("outdated");
        break;
      case RESTART: // a moment each, and not all in the same
        this.#tries = 0;
        this.#later(200 + Math.random() * 1300);
        break;
      case SLOW:
      case BARRED: // of one room: the others go on
        this.#later(Math.random() * 1000);
        break;
      case MANY:
        this.#later(5000 + Math.random() * 5000);
        break;
      default:
        this.#later(0);
    }
  }

  // Wait at least so long; each try in vain doubles the wait, and chance spreads it.
  #later(least) {
    if (least === Infinity) return;
    const most = Math.min(LONGEST, FIRST * 2 ** this.#tries);
    this.#tries += 1;
    const wait = Math.max(least, most / 2 + (Math.random() * most) / 2);
    const due = Date.now() + wait;
    const count = () => {
      const left = due - Date.now();
      if (left <= 0) {
        this.retry();
        return;
      }
      const name = navigator.onLine ? "waiting" : "offline";
      this.#on.state(name, Math.ceil(left / 1000));
      this.#timer = setTimeout(count, Math.min(left, 1000));
    };
    clearTimeout(this.#timer);
    count();
  }

  #lose() {
    if (!this.#socket) return;
    this.#close();
    this.#later(0);
  }

  #close() {
    const socket = this.#socket;
    this.#drop();
    socket?.close?.();
  }

  #drop() {
    this.#socket = null;
    this.#ready = false;
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    for (const { fail } of this.#asked.values()) fail(new Lost());
  }
}

const EVENTS = { new: 1, edit: 1, delete: 1, reaction: 1, member: 1 };
