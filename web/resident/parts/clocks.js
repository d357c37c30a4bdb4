// The promises of a complaint as clocks on a ruler: running, met, late, paused, cancelled. The server gives the instants; this draws.

import { h, icon, put } from "../../common/build.js";
import { DAY, dueWords, serverNow, spanWords, tickingWords, whenWords } from "../../common/times.js";
import { say, sayCount } from "../../common/words.js";

const SOON = 0.9;
const PAST_ROOM = 0.85;

/** When the promise began: told, else when the unit was named, else when it was filed. */
function startOf(due, complaint, events) {
  if (due.started_at) return Date.parse(due.started_at);
  const round = due.round || complaint.round;
  const begins = due.kind === "accept" || round === 1 ? ["assigned"] : ["redone"];
  const named = events.filter(event => begins.includes(event.type) && (event.round || 1) === round && Date.parse(event.at) < Date.parse(due.due_at));
  return Date.parse(named.length ? named[named.length - 1].at : complaint.created_at);
}

/** "说好 30 分钟": the promise itself, in its own unit. */
function promiseWords({ promise }) {
  return say("clock.promise", { span: sayCount(`span.${promise.unit}`, promise.amount) });
}

/** What is left or over, as people count it: a result by working days, as long as there are any. */
function leftWords(due, now) {
  if (now.left !== undefined && due.working_days_left) return sayCount("span.working_days", due.working_days_left);
  return spanWords(now.left ?? now.late ?? 0);
}

/** What is so at this instant: tone, drawing, words. */
function reading(due, start) {
  const end = Date.parse(due.due_at);
  const done = due.met_at ? Date.parse(due.met_at) : null;
  const at = done ?? serverNow();
  const part = Math.max(0, (at - start) / Math.max(1, end - start));
  if (due.state === "cancelled") return { tone: "pause", symbol: "again", head: "cancelled", part: 0 };
  if (due.state === "paused") return { tone: "pause", symbol: "pause", head: "paused", part: Math.min(part, 0.97) };
  if (done !== null && due.state !== "late") return { tone: "met", symbol: "check", head: "met", part: Math.min(part, 1), took: done - start };
  if (done !== null) return { tone: "late", symbol: "alert", head: "late", part, late: Math.max(0, done - end), took: done - start };
  if (at > end || due.state === "late") return { tone: "late", symbol: "alert", head: "still", part, late: Math.max(0, at - end) };
  if (due.state === "met") return { tone: "met", symbol: "check", head: "met", part: 1 };
  return { tone: part > SOON ? "wait" : "run", symbol: "clock", head: "left", part, left: end - at };
}

/** The line under the ruler. */
function note(due, now) {
  const step = say(`clock.${due.kind}`);
  const lines = {
    left: () => say(due.kind === "result" ? "clock.note.result" : "clock.note.left", { due: dueWords(due.due_at) }),
    still: () => say("clock.note.still", { due: dueWords(due.due_at) }),
    met: () => due.met_at ? say("clock.note.met", { when: whenWords(due.met_at), step, span: spanWords(now.took) }) : "",
    late: () => say("clock.note.late", { when: whenWords(due.met_at), step, span: spanWords(now.took) }),
    paused: () => say("clock.note.paused"),
    cancelled: () => say("clock.note.cancelled"),
  };
  return lines[now.head]();
}

/** The server's own words about a promise are worth their room when it was broken, or is counted in working days. */
function explains(due) {
  return due.state === "late" || (due.kind === "result" && due.state === "running");
}

/** One clock. Answers its element and `tick`, which redraws only what time changes. */
function clock(due, complaint, events) {
  const start = startOf(due, complaint, events);
  const head = h("b", {});
  const time = h("div", { class: "clock__time", "aria-hidden": "true" });
  const line = h("p");
  const face = h("div", { class: "clock", "data-kind": due.kind },
    h("div", { class: "clock__head" }, head, h("span", { class: "sm dim" }, promiseWords(due))), time,
    h("div", { class: "clock__rule", "aria-hidden": "true" }, h("i"), h("u")), line);
  let drawn = "";
  const tick = () => {
    const now = reading(due, start);
    const span = leftWords(due, now);
    const ticking = now.head === "left" && now.left < DAY;
    const words = say(ticking ? "clock.head.ticking" : `clock.head.${now.head}`, { step: say(`clock.${due.kind}`), span });
    time.textContent = ticking ? tickingWords(now.left) : "";
    time.hidden = !ticking;
    draw(face, now);
    if (drawn !== words + now.tone) put(head, icon(now.symbol), h("span", {}, words));
    drawn = words + now.tone;
    const told = note(due, now);
    if (line.textContent !== told) line.textContent = told;
  };
  tick();
  if (due.explanation && explains(due)) face.append(h("p", {}, due.explanation));
  return { face, tick };
}

/** The ruler: before the deadline its mark is the right end, after it the mark moves left and the rest is hatched. */
function draw(face, { tone, part }) {
  const past = part > 1;
  const mark = past ? Math.max(0.35, Math.min(PAST_ROOM, 1 / part)) : 1;
  face.dataset.tone = tone;
  face.style.setProperty("--p", `${past ? 100 : Math.round(part * 100)}%`);
  face.style.setProperty("--due", `${Math.round(mark * 100)}%`);
}

/** All clocks of a complaint, the present round's in front; answers {element, tick}. */
export function clocks(complaint, events) {
  const made = (complaint.deadlines || []).map(due => ({ round: due.round || complaint.round, state: due.state, ...clock(due, complaint, events) }));
  const present = made.filter(one => one.round === complaint.round && one.state !== "cancelled");
  const earlier = made.filter(one => !present.includes(one));
  const element = h("div", { class: "clocks" }, present.map(one => one.face));
  if (earlier.length) {
    element.append(h("details", {}, h("summary", {}, sayCount("clock.earlier", earlier.length)), h("div", { class: "clocks" }, earlier.map(one => one.face))));
  }
  return { element, tick: () => made.forEach(one => one.tick()) };
}
