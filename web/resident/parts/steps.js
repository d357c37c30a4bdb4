// The way of a complaint: which steps are done, which one is now, which are to come.

import { h } from "../../common/build.js";
import { say } from "../../common/words.js";

const WAY = ["sent", "given", "taken", "work", "result", "closed"];
/** The step a status stands on: what everybody waits for now. */
const NOW = { submitted: 0, pushed: 1, assigned: 2, accepted: 3, in_progress: 3, answered: 4, closed: 6 };
/** Ends that leave the way: the last step takes their name. */
const ENDS = ["not_accepted", "withdrawn", "merged"];

/** How many steps an ended complaint had done, told from what happened. */
function doneBeforeEnd(events) {
  const seen = new Set(events.map(event => event.type));
  if (seen.has("feedback") || seen.has("in_progress")) return 3;
  if (seen.has("accepted")) return 3;
  return seen.has("assigned") ? 2 : 1;
}

/** The list of steps; `short` leaves the last one out, for a card. */
export function steps(complaint, { events = [], short = false } = {}) {
  const list = h("ol", { class: short ? "steps steps--short" : "steps", "aria-label": say("steps.label") });
  if (ENDS.includes(complaint.status)) return endedEarly(list, complaint, doneBeforeEnd(events));
  const now = NOW[complaint.status] ?? 0;
  WAY.slice(0, short ? 5 : 6).forEach((name, at) => list.append(step(say(`step.${name}`), at < now, at === now)));
  return list;
}

function endedEarly(list, complaint, done) {
  WAY.slice(0, done).forEach(name => list.append(step(say(`step.${name}`), true, false)));
  list.append(step(say(`step.${complaint.status}`), false, true));
  return list;
}

function step(words, done, now) {
  const hidden = done && h("span", { class: "unseen" }, ` ${say("step.done")}`);
  return h("li", { "data-done": done, "aria-current": now ? "step" : null }, h("span", {}, words, hidden));
}
