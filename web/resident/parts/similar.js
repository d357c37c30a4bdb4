// Cases like this one nearby: following one is often better than a second of the same.

import { ask, call, get, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { plateWords } from "../../common/places.js";
import { agoWords } from "../../common/times.js";
import { say, sayCount } from "../../common/words.js";
import { caseName } from "./case-card.js";
import { stateWords } from "./state.js";

const MOST_WORDS = 800;
const SHOWN = 3;

/** Look for similar cases and draw them into `place`; nothing is drawn when there is none. */
export async function drawSimilar(place, { text, placeId }, stillWanted) {
  let items = [];
  try {
    ({ items } = await get(ask("/complaints/similar", { text: text.slice(0, MOST_WORDS), place_id: placeId })));
  } catch (problem) {
    // Not knowing of a similar case must not stand in anybody's way.
    return;
  }
  if (!stillWanted()) return;
  const open = items.filter(({ complaint }) => !complaint.mine).slice(0, SHOWN);
  place.hidden = open.length === 0;
  put(place, open.length > 0 && h("div", { class: "notice", "data-tone": "run" }, icon("people"), h("div", { class: "notice__body stack" },
    h("div", {}, h("strong", {}, sayCount("similar.found", open.length)), h("p", { class: "sm" }, say("similar.why"))),
    open.map(({ complaint }) => similarCase(complaint)))));
}

function similarCase(complaint) {
  const told = [
    complaint.place && plateWords(complaint.place), say("similar.filed", { when: agoWords(complaint.created_at) }),
    stateWords(complaint), complaint.followers > 0 && sayCount("followers", complaint.followers),
  ];
  const trouble = h("p", { class: "error", role: "alert" });
  const follow = button(say(complaint.followed ? "similar.look" : "similar.follow"), async () => {
    try {
      if (!complaint.followed) await call("PUT", `/complaints/${complaint.id}/follow`);
      location.assign(`progress.html?id=${encodeURIComponent(complaint.id)}`);
    } catch (problem) {
      put(trouble, problemWords(problem));
    }
  }, { kind: "btn--small" });
  return h("div", { class: "tight" }, h("p", { class: "strong clamp" }, caseName(complaint)),
    h("p", { class: "sm dim" }, told.filter(Boolean).join(" · ")), trouble, h("div", {}, follow));
}
