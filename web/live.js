// The live feed of one topic: a WebSocket that resumes from the last number after any cut, a long poll where no socket can be had.
//
// A watcher gets each event once and in order of `seq`, whichever way it came. `onState` hears "first" (never connected yet),
// "live", "again" (reconnecting) or "offline"; `heardAt` tells when the server last spoke. Which way is in use is nobody's matter.

import { API, Problem, ask, get, post } from "./common/api.js";
import { learnServerTime } from "./common/times.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30000;
const HELLO_MS = 8000;
const PONG_MS = 4000;
const PING_EVERY_MS = 25000;
const POLL_SECONDS = 25;
const SOCKET_FAILURES = 2;
const SOCKET_AGAIN_MS = 60000;
const TOO_SLOW = 4408;

/** Watch `topic` (like "complaint:17") from after `after`; `eventsPath` is the same feed to be asked for. `onGone` hears a 404. */
export function watch(topic, { after = 0, eventsPath, onEvent, onState = () => {}, onCaughtUp = () => {}, onGone = () => {} }) {
  const feed = new Feed(topic, after, eventsPath, { onEvent, onState, onCaughtUp, onGone });
  feed.begin();
  return { stop: () => feed.stop(), last: () => feed.last, heardAt: () => feed.heardAt };
}

class Feed {
  constructor(topic, after, eventsPath, ears) {
    Object.assign(this, { topic, last: after, eventsPath, ears });
    this.failures = 0; // since the feed last worked
    this.socketFailures = 0; // sockets in a row that never caught up
    this.welcomed = false;
    this.socket = null;
    this.stopped = false;
    this.round = 0; // a new round makes whatever an older one still answers worthless
    this.timers = new Set();
    this.state = "";
    this.wasLive = false;
    this.heardAt = Date.now(); // the page has just been fetched
  }

  begin() {
    this.tell("again");
    this.seen = () => !document.hidden && this.wake();
    this.online = () => this.connect();
    this.offline = () => this.tell("offline");
    document.addEventListener("visibilitychange", this.seen);
    window.addEventListener("online", this.online);
    window.addEventListener("offline", this.offline);
    this.connect();
  }

  stop() {
    this.stopped = true;
    document.removeEventListener("visibilitychange", this.seen);
    window.removeEventListener("online", this.online);
    window.removeEventListener("offline", this.offline);
    this.drop();
  }

  /** End this round: no timer, no socket, no answer of it counts any more. */
  drop() {
    this.round += 1;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    if (this.socket) this.socket.close();
    this.socket = null;
  }

  later(milliseconds, act) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, milliseconds);
    this.timers.add(timer);
    return timer;
  }

  cancel(timer) {
    clearTimeout(timer);
    this.timers.delete(timer);
  }

  tell(state) {
    const waiting = this.wasLive ? state : "first";
    const honest = state === "live" ? state : navigator.onLine === false ? "offline" : waiting;
    if (honest !== this.state) this.ears.onState(honest);
    this.state = honest;
  }

  /** Take one event: once, in order. Answers false when one before it is missing. */
  take(event) {
    if (event.seq <= this.last) return true;
    if (event.seq !== this.last + 1) return false;
    this.last = event.seq;
    this.ears.onEvent(event);
    return true;
  }

  works() {
    this.failures = 0;
    this.wasLive = true;
    this.heardAt = Date.now();
    this.tell("live");
  }

  /** Begin a round: by socket, or by asking when sockets do not come up here. */
  connect() {
    if (this.stopped) return;
    this.drop();
    if (!("WebSocket" in window) || this.socketFailures >= SOCKET_FAILURES) this.poll(this.round);
    else this.open(this.round);
  }

  /** Try again after a while that grows, with chance in it so that a district does not return in one second. */
  again(patience = null) {
    if (this.stopped) return;
    this.drop();
    this.tell("again");
    this.failures += 1;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.later(patience ?? longest / 2 + Math.random() * (longest / 2), () => this.connect());
  }

  async open(round) {
    let ticket;
    try {
      ({ ticket } = await post("/live-tickets", {}));
    } catch (problem) {
      if (round !== this.round) return;
      // Without tickets there are no sockets here, yet the events can still be asked for.
      if (!problem.passing) this.socketFailures = SOCKET_FAILURES;
      this.again(problem.retryAfter ? problem.retryAfter * 1000 : null);
      return;
    }
    if (round !== this.round) return;
    this.welcomed = false;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${API}/live?token=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    const slow = this.later(HELLO_MS, () => this.lost(round, 0));
    socket.onopen = () => socket.send(JSON.stringify({ type: "watch", topic: this.topic, after: this.last }));
    socket.onmessage = message => round === this.round && this.hear(JSON.parse(message.data), slow);
    socket.onclose = closed => this.lost(round, closed.code);
  }

  hear(frame, slow) {
    this.cancel(slow);
    this.quiet();
    if (this.welcomed) this.heardAt = Date.now();
    if (frame.type === "welcome") learnServerTime(frame.server_time);
    else if (frame.type === "event" && frame.topic === this.topic) {
      if (!this.take(frame.event)) this.again(FIRST_WAIT_MS * Math.random());
    } else if (frame.type === "caught_up" && frame.topic === this.topic) {
      this.welcomed = true;
      this.socketFailures = 0;
      this.works();
      this.ears.onCaughtUp();
    } else if (frame.type === "error") {
      this.afterTrouble(new Problem((frame.problem && frame.problem.status) || 500, frame.problem));
    }
  }

  /** The socket just spoke; if it stays quiet, ask whether it still lives. */
  quiet() {
    if (this.asking) this.cancel(this.asking);
    if (this.ping) this.cancel(this.ping);
    this.asking = null;
    this.ping = this.later(PING_EVERY_MS, () => this.knock());
  }

  knock() {
    const round = this.round;
    this.socket.send(JSON.stringify({ type: "ping" }));
    this.asking = this.later(PONG_MS, () => this.lost(round, 0));
  }

  lost(round, code) {
    if (round !== this.round || this.stopped) return;
    if (!this.welcomed) this.socketFailures += 1;
    this.again(code === TOO_SLOW ? FIRST_WAIT_MS * Math.random() : null);
  }

  /** A refusal that time will not change ends the feed; anything else is tried again. */
  afterTrouble(problem) {
    if (problem.status === 404) {
      this.stop();
      this.ears.onGone();
    } else {
      if (!problem.passing) this.socketFailures += 1;
      this.again(problem.retryAfter ? problem.retryAfter * 1000 : null);
    }
  }

  /** Ask for what is new and wait for it; every minute the socket gets another chance. */
  async poll(round) {
    const until = Date.now() + SOCKET_AGAIN_MS * (1 + Math.random());
    let wait = 0;
    while (round === this.round && Date.now() < until) {
      if (!(await this.fetchNew(round, wait))) return;
      wait = POLL_SECONDS;
    }
    if (round !== this.round) return;
    this.socketFailures = SOCKET_FAILURES - 1;
    this.connect();
  }

  async fetchNew(round, wait) {
    try {
      const answer = await get(ask(this.eventsPath, { after: String(this.last), wait: String(wait) }), { patience: (wait + 10) * 1000 });
      if (round !== this.round) return false;
      answer.items.forEach(event => this.take(event));
      this.works();
      if (wait === 0) this.ears.onCaughtUp();
      return true;
    } catch (problem) {
      if (round === this.round) this.afterTrouble(problem);
      return false;
    }
  }

  /** Seen again after lying in the background: one cheap round trip tells whether the socket still lives. */
  wake() {
    if (this.stopped) return;
    if (this.socket && this.socket.readyState === 1) this.knock();
    else if (this.state !== "live" || !this.socket) this.connect();
  }
}
