// The live page of one complaint: what is happening now, the promises as clocks, who answers, what happened; it moves by itself.

import { ask, get, problemWords } from "../../common/api.js";
import { breaking, h, icon, put } from "../../common/build.js";
import { refresh } from "../../common/fresh.js";
import { plateWords } from "../../common/places.js";
import { recall, remember } from "../../common/remember.js";
import { readAloudButton } from "../../common/speech.js";
import { start } from "../../common/start.js";
import { MINUTE, agoWords, clockJumped, dueWords, learnServerTime, serverNow, spanWords, whenWords } from "../../common/times.js";
import { toast } from "../../common/toast.js";
import { say, sayCount } from "../../common/words.js";
import { watch } from "../../live.js";
import { Acts } from "../parts/acts.js";
import { caseName } from "../parts/case-card.js";
import { clocks } from "../parts/clocks.js";
import { problemNotice } from "../parts/fields.js";
import { drawLog, newestFirst, newsWords, readable } from "../parts/log.js";
import { pictures } from "../parts/pictures.js";
import { ratingForm, ratingGiven } from "../parts/rating.js";
import { open, sentence, toReader } from "../parts/state.js";
import { steps } from "../parts/steps.js";
import { helpers, who } from "../parts/who.js";

const SETTLE_MS = 250;
const TICK_MS = 1000;
const MOVING = ["assigned", "accepted", "feedback", "in_progress", "returned", "answered", "redone"];
const id = new URLSearchParams(location.search).get("id");
const find = name => document.querySelector(`#${name}`);

start(async () => {
  const page = new Progress();
  await page.begin();
});

/** A case number as one says it on the telephone: digit by digit, with a rest where the dash is. */
function spelled(number) {
  return number.split("-").map(part => [...part].join(" ")).join(", ");
}

class Progress {
  constructor() {
    this.events = [];
    this.complaint = null;
    this.asked = 0;
    this.ticks = () => {};
    this.acts = new Acts(find("acts"), find("ways-out"), () => this.look(), () => this.feed?.stop());
    this.ratingShown = "";
    this.lookers = [];
    this.shown = {};
  }

  async begin() {
    const path = `/complaints/${encodeURIComponent(id || "-")}`;
    this.path = path;
    await this.fetchComplaint();
    this.drawOnce();
    await this.fetchEvents();
    this.draw();
    this.sayHandedIn();
    this.feed = watch(`complaint:${this.complaint.id}`, {
      after: this.lastSeq(), eventsPath: `${path}/events`,
      onEvent: event => this.hear(event), onState: state => this.showState(state), onGone: () => location.reload(),
    });
    this.tellAge();
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Whoever has just handed it in reads its number, once. */
  sayHandedIn() {
    if (recall("sent", "sessionStorage") !== this.complaint.id) return;
    remember("sent", null, "sessionStorage");
    toast(say("file.sent", { number: this.complaint.number }));
  }

  lastSeq() {
    return this.events.length ? this.events[this.events.length - 1].seq : 0;
  }

  /** All that happened so far, page by page. */
  async fetchEvents() {
    for (;;) {
      const { items, last_seq: last } = await get(ask(`${this.path}/events`, { after: String(this.lastSeq()), wait: "0" }));
      this.events.push(...items);
      if (!items.length || this.lastSeq() >= last) return;
    }
  }

  /** Ask for the complaint; an answer that a later one has overtaken is thrown away. */
  async fetchComplaint() {
    const mine = (this.asked += 1);
    const askedAt = Date.now();
    const complaint = await get(this.path);
    if (mine !== this.asked) return;
    learnServerTime(complaint.server_time, askedAt);
    this.complaint = { can: [], deadlines: [], media: [], round: 1, ...complaint };
  }

  /** Look again, once things have settled. */
  look() {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.lookNow(), SETTLE_MS);
    return new Promise(resolve => this.lookers.push(resolve));
  }

  async lookNow() {
    const served = this.lookers.splice(0);
    try {
      await this.fetchComplaint();
      put(find("trouble"));
      this.draw();
    } catch (problem) {
      if (!problem.passing) put(find("trouble"), problemNotice(problemWords(problem)));
    }
    served.forEach(resolve => resolve());
  }

  /** One new event, once and in order. */
  hear(event) {
    this.events.push(event);
    drawLog(find("log"), this.events, this.complaint);
    if (readable(event)) find("news").textContent = newsWords(event);
    this.look();
  }

  /** Whether news can arrive. Only the state itself is spoken; how old it is stands beside it in silence. */
  showState(state) {
    this.liveState = state;
    const tones = { live: "met", first: "wait", again: "wait", offline: "late" };
    const place = find("live");
    place.dataset.tone = tones[state];
    const dot = h("span", { class: `live__dot${state === "live" ? " pulse" : ""}`, "aria-hidden": "true" });
    this.stateAge = h("span", {});
    put(place, dot, h("span", {}, h("span", { role: "status" }, say(`live.${state}`)), this.stateAge));
    this.tellAge();
  }

  /** Live: when the last news came. Not live: how old is what stands here. */
  tellAge() {
    if (!this.stateAge || !this.feed) return;
    const [newest] = newestFirst(this.events);
    const stale = this.liveState === "again" || this.liveState === "offline";
    const heardAt = serverNow() - (Date.now() - this.feed.heardAt());
    const words = stale ? say("live.age", { when: agoWords(heardAt) }) : newest ? say("live.news", { when: agoWords(newest.at) }) : "";
    const told = words && ` · ${words}`;
    if (this.stateAge.textContent !== told) this.stateAge.textContent = told;
  }

  /** One sentence about now; said anew only when it has become another one. */
  drawNow() {
    const words = sentence(this.complaint, this.lastMove());
    if (this.isNew("now", words)) put(find("now"), breaking(words));
    const next = this.nextWords();
    if (find("next").textContent !== next) find("next").textContent = next;
  }

  /** What does not change while the page is open. */
  drawOnce() {
    const { place, number } = this.complaint;
    find("what").textContent = caseName(this.complaint);
    put(find("where"), place && h("span", { class: "plate" }, icon("pin"), h("span", {}, plateWords(place))), readAloudButton(() => this.aloud()));
    put(find("number"), h("span", { "aria-hidden": "true" }, number), h("span", { class: "unseen" }, spelled(number)));
  }

  draw() {
    const { complaint, events } = this;
    this.drawNow();
    this.tellAge();
    refresh();
    this.drawResult();
    this.drawRating();
    this.drawWay();
    if (this.isNew("who", [complaint.responsible, helpers(events)])) put(find("who"), who(complaint, events));
    this.acts.draw(complaint);
    drawLog(find("log"), events, complaint);
  }

  /** Whether this part differs from what stands there: what did not change keeps focus, place and open folds. */
  isNew(part, matter) {
    const now = JSON.stringify(matter ?? null);
    const fresh = this.shown[part] !== now;
    this.shown[part] = now;
    return fresh;
  }

  drawWay() {
    const { complaint, events } = this;
    if (!this.isNew("way", [complaint.status, complaint.round, complaint.deadlines, events.length > 0])) return;
    const made = clocks(complaint, events);
    this.ticks = made.tick;
    this.age = h("p", { class: "sm dim" });
    const again = complaint.round > 1 && h("p", { class: "strong" }, say("progress.round", { n: complaint.round }));
    put(find("way"), steps(complaint, { events }), again, made.element, this.age);
    this.tick();
  }

  lastMove() {
    return this.lastOf(...MOVING);
  }

  /** What of these happened last, by its own time: a late word arrives last and is old. */
  lastOf(...types) {
    return newestFirst(this.events).find(event => types.includes(event.type)) || null;
  }

  /** The line under the sentence: what comes next, or why it ended. */
  nextWords() {
    const { complaint } = this;
    if (complaint.status === "submitted") return say("next.submitted");
    if (complaint.status === "answered" && complaint.result) return this.answeredWords();
    const ended = ["not_accepted", "merged"].includes(complaint.status) && this.lastOf(complaint.status);
    return ended && ended.text ? ended.text : "";
  }

  answeredWords() {
    const { mine, rate_by: due, result } = this.complaint;
    const when = whenWords(result.at);
    return mine ? say("next.answered", { when, due: dueWords(due) }) : say("next.answered.other", { when });
  }

  drawResult() {
    const { result } = this.complaint;
    if (!this.isNew("result", result)) return;
    const text = result && result.text && h("p", { class: "words" }, result.text);
    put(find("result"), result && h("section", { class: "card" }, h("h2", {}, say("result.title")), text, pictures(result.media)));
  }

  /** The rating form stays as it is while news arrive: nobody's half-given stars may vanish. */
  drawRating() {
    const { rating, can, round } = this.complaint;
    const shown = can.includes("rate") ? `form ${round}` : rating ? `given ${JSON.stringify(rating)}` : "";
    if (shown === this.ratingShown) return;
    this.ratingShown = shown;
    const trouble = problem => put(find("trouble"), problemNotice(problemWords(problem)));
    const form = shown.startsWith("form") && ratingForm(this.complaint, { done: () => this.rated(), trouble });
    put(find("rating"), form || (rating && ratingGiven(rating, this.complaint)));
  }

  async rated() {
    await this.look();
    find("now").setAttribute("tabindex", "-1");
    find("now").focus();
  }

  tick() {
    // A clock that was set, or slept, tells nothing true any more until the server was asked again.
    if (clockJumped()) this.look();
    this.ticks();
    this.drawNow();
    this.tellAge();
    const { followers } = this.complaint;
    const age = open(this.complaint) ? this.ageWords() : "";
    const words = [age, followers && sayCount("followers", followers)].filter(Boolean).join(" · ");
    if (this.age && this.age.textContent !== words) this.age.textContent = words;
    this.acts.draw(this.complaint);
  }

  ageWords() {
    const since = serverNow() - Date.parse(this.complaint.created_at);
    if (since < MINUTE) return say("progress.age.now");
    return say(this.complaint.mine === false ? "progress.age.other" : "progress.age", { span: spanWords(since) });
  }

  promiseAloud({ kind, due_at: at }) {
    return say(kind === "feedback" ? toReader("aloud.feedback", this.complaint) : `aloud.${kind}`, { due: dueWords(at) });
  }

  /** What "read to me" reads: where, what is so, what was promised, the newest news. */
  aloud() {
    const { complaint } = this;
    const running = complaint.deadlines.filter(due => due.state === "running" && !due.met_at);
    const promises = running.map(due => this.promiseAloud(due));
    const news = newestFirst(this.events).slice(0, 3).map(event => `${agoWords(event.at)} ${newsWords(event)}`);
    const followers = complaint.followers ? sayCount("followers", complaint.followers) : "";
    const number = say("case.number", { number: spelled(complaint.number) });
    return [sentence(complaint).replaceAll("|", ""), this.nextWords(), ...promises, followers, ...news, number].filter(Boolean).join("。");
  }
}
