// What state a complaint is in, for people: a tag of one or two words, and one sentence about what happens now.

import { h, icon } from "../../common/build.js";
import { agoWords, dueWords, serverNow, spanWords, whenWords } from "../../common/times.js";
import { say, sayBroken } from "../../common/words.js";

const TAGS = {
  submitted: ["wait", "again"], pushed: ["run", "clock"], assigned: ["run", "clock"], accepted: ["run", "clock"],
  in_progress: ["run", "clock"], answered: ["wait", "bell"], closed: ["met", "check"], not_accepted: ["pause", "alert"],
  withdrawn: ["pause", "back"], merged: ["pause", "people"],
};

/** The deadline of this kind that counts now: the latest round's. */
export function deadline(complaint, kind) {
  const those = (complaint.deadlines || []).filter(one => one.kind === kind && one.state !== "cancelled");
  return those[those.length - 1] || null;
}

/** Late and still not done, by the server's clock. */
export function overdue(complaint) {
  return (complaint.deadlines || []).some(one => !one.met_at && (one.state === "late" || (one.state === "running" && Date.parse(one.due_at) < serverNow())));
}

/** Whether the clocks stand still. */
export function paused(complaint) {
  return (complaint.deadlines || []).some(one => one.state === "paused");
}

/** The key of a sentence for whoever reads it: its owner is spoken to, a neighbour looks on. */
export function toReader(key, complaint) {
  return complaint.mine ? key : `${key}.other`;
}

/** The state in one or two words. */
export function stateWords(complaint) {
  return say(complaint.status === "answered" ? toReader("tag.answered", complaint) : `tag.${complaint.status}`);
}

/** The state as a tag. */
export function stateTag(complaint) {
  let [tone, symbol] = TAGS[complaint.status] || TAGS.submitted;
  let words = stateWords(complaint);
  if (complaint.closed_because === "supervised") [tone, symbol, words] = ["late", "alert", say("tag.supervised")];
  else if (open(complaint) && overdue(complaint)) [tone, symbol, words] = ["late", "alert", say("tag.late")];
  else if (open(complaint) && paused(complaint)) [tone, symbol, words] = ["pause", "pause", say("tag.paused")];
  return h("span", { class: "tag", "data-tone": tone }, icon(symbol), words);
}

/** Still on its way to a result. */
export function open(complaint) {
  return ["submitted", "pushed", "assigned", "accepted", "in_progress"].includes(complaint.status);
}

function unit(complaint) {
  return complaint.responsible ? complaint.responsible.unit : say("unit.unnamed");
}

function promised(kind, key, complaint) {
  const due = deadline(complaint, kind);
  if (!due || due.met_at || due.state === "met") return sayBroken(`${key}.open`, { unit: unit(complaint) });
  const late = serverNow() - Date.parse(due.due_at);
  if (due.state !== "paused" && late > 0) return sayBroken(`${key}.late`, { unit: unit(complaint), span: spanWords(late) });
  return sayBroken(kind === "feedback" ? toReader(key, complaint) : key, { unit: unit(complaint), due: dueWords(due.due_at) });
}

/** At work: until the unit has told the resident something, that is what is waited for. */
function working(complaint) {
  const feedback = deadline(complaint, "feedback");
  if (feedback && !feedback.met_at && feedback.state !== "met") return promised("feedback", "now.telling", complaint);
  return promised("result", complaint.round > 1 ? "now.redone" : "now.working", complaint);
}

function waitingToBePassedOn({ push }) {
  if (push && push.state === "parked") return sayBroken("now.parked");
  const later = push && push.state === "waiting" && push.next_try_at && Date.parse(push.next_try_at) > serverNow();
  if (later) return sayBroken("now.waiting", { time: whenWords(push.next_try_at) });
  return sayBroken("now.submitted");
}

/** Why it ended is its owner's judgement: the server tells it to nobody else, and a rating alone does not say it. */
function closedSentence({ closed_because: because }) {
  return sayBroken(because ? `now.closed.${because}` : "now.closed.other");
}

const SENTENCES = {
  submitted: waitingToBePassedOn,
  pushed: (complaint, last) => sayBroken(last && last.type === "returned" ? "now.returned" : "now.pushed"),
  assigned: complaint => promised("accept", "now.assigned", complaint),
  accepted: complaint => promised("feedback", "now.accepted", complaint),
  in_progress: working,
  answered: complaint => sayBroken(toReader("now.answered", complaint)),
  closed: closedSentence,
};

/** One sentence about what happens now, with its break marks; `last` is the newest event that moved it. */
export function sentence(complaint, last = null) {
  if (open(complaint) && paused(complaint)) return sayBroken(toReader("now.paused", complaint));
  const made = SENTENCES[complaint.status];
  return made ? made(complaint, last) : sayBroken(`now.${complaint.status}`);
}

function dueKey({ kind }, complaint) {
  return kind === "feedback" ? toReader("card.due.feedback", complaint) : `card.due.${kind}`;
}

/** The small line under a card's steps: who, and by when. */
export function cardLine(complaint) {
  if (complaint.status === "answered") return say(toReader("card.answered", complaint));
  if (!open(complaint)) return say("card.sent", { when: agoWords(complaint.created_at) });
  const due = ["accept", "feedback", "result"].map(kind => deadline(complaint, kind)).find(one => one && !one.met_at && one.state === "running");
  if (complaint.responsible && due) return say(dueKey(due, complaint), { unit: unit(complaint), due: dueWords(due.due_at) });
  if (complaint.responsible) return say("card.unit", { unit: unit(complaint) });
  return sentence(complaint).replaceAll("|", "");
}
