// The home page: my door plate, one door to report a problem, what became of my last ones, numbers to call in danger.

import { ask, get, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { chooseLarge, isLarge } from "../../common/look.js";
import { plateWords } from "../../common/places.js";
import { recall } from "../../common/remember.js";
import { shown, start } from "../../common/start.js";
import { learnServerTime } from "../../common/times.js";
import { say } from "../../common/words.js";
import { caseCard } from "../parts/case-card.js";
import { emergencyNumbers } from "../parts/emergency.js";
import { problemNotice } from "../parts/fields.js";
import { wordless } from "../parts/wordless.js";

const SHOWN = 3;

function plate(home) {
  const words = home ? plateWords(home.place) : say("home.nohome");
  return h("a", { class: "plate-link", href: "me.html#home" }, h("span", { class: "plate" }, icon("pin"), h("span", {}, words)));
}

function largeButton() {
  const toggle = button(say(isLarge() ? "look.normal" : "look.large"), async () => {
    const wanted = !isLarge();
    toggle.querySelector("span").textContent = say(wanted ? "look.normal" : "look.large");
    await chooseLarge(wanted).catch(() => {});
  }, { kind: "btn--edge btn--small", symbol: "text" });
  return toggle;
}

/** Something handed in without a network still waits on this phone: say so. */
function unsent(resident) {
  const draft = recall(`draft.${resident.id}`);
  const place = document.querySelector("#unsent");
  place.hidden = !(draft && (draft.text || draft.voice || draft.photos.length));
  if (place.hidden) return;
  put(place, h("div", { class: "notice", "data-tone": "wait" }, icon("write"), h("div", { class: "notice__body" },
    h("strong", {}, say(draft.queued ? "home.queued" : "home.draft")), h("p", { class: "sm clamp" }, draft.text || wordless(draft)),
    h("a", { class: "btn btn--small", href: "file.html" }, say(draft.queued ? "home.queued.go" : "home.draft.go")))));
}

function empty() {
  return h("div", { class: "card" }, h("div", { class: "empty" }, icon("street"), h("p", {}, say("mine.empty"))));
}

start(async resident => {
  put(document.querySelector("#top"), plate(resident.home), largeButton());
  put(document.querySelector("#emergency"), emergencyNumbers());
  unsent(resident);
  // Whoever comes to report something need not wait for what became of the last one.
  shown();
  await showMine();
});

async function showMine() {
  const cases = document.querySelector("#cases");
  const askedAt = Date.now();
  cases.setAttribute("aria-busy", "true");
  try {
    const { items, next_cursor: more } = await get(ask("/complaints", { scope: "mine", limit: String(SHOWN) }));
    if (items.length && items[0].server_time) learnServerTime(items[0].server_time, askedAt);
    put(cases, items.length ? items.map(each => caseCard(each)) : empty());
    document.querySelector("#all").hidden = !more && items.length === 0;
  } catch (problem) {
    put(cases, problemNotice(problemWords(problem), button(say("try.again"), showMine, { symbol: "again", kind: "btn--small" })));
  } finally {
    cases.removeAttribute("aria-busy");
  }
}
