// One complaint as a card in a list: its words, its state, its steps, one line.

import { h } from "../../common/build.js";
import { keepFresh } from "../../common/fresh.js";
import { plateWords } from "../../common/places.js";
import { sayCount, say } from "../../common/words.js";
import { cardLine, stateTag } from "./state.js";
import { steps } from "./steps.js";

/** What to call a complaint whose words one may not read: its category, else its number. */
export function caseName(complaint) {
  if (complaint.text) return complaint.text;
  const path = complaint.category && complaint.category.path;
  return path && path.length ? path[path.length - 1] : say("case.number", { number: complaint.number });
}

/** The card: the whole of it is the link to the live page. `level` is its heading's place among those of the page. */
export function caseCard(complaint, { level = "h3" } = {}) {
  const place = complaint.place && plateWords(complaint.place);
  const followers = complaint.followers ? sayCount("followers", complaint.followers) : null;
  return h("a", { class: "card", href: `progress.html?id=${encodeURIComponent(complaint.id)}` },
    h("div", { class: "row apart" }, h(level, { class: "grow clamp" }, caseName(complaint)), stateTag(complaint)),
    steps(complaint, { short: true }),
    keepFresh(h("p", { class: "sm dim" }), () => [cardLine(complaint), place, followers].filter(Boolean).join(" · ")));
}
