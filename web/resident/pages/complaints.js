// My things: the complaints I filed and those I follow, a page at a time.

import { ask, get, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { start } from "../../common/start.js";
import { learnServerTime } from "../../common/times.js";
import { say, sayCount } from "../../common/words.js";
import { caseCard } from "../parts/case-card.js";
import { problemNotice } from "../parts/fields.js";

const A_PAGE = 20;
const scope = new URLSearchParams(location.search).get("scope") === "followed" ? "followed" : "mine";

function empty() {
  const words = say(scope === "mine" ? "mine.empty" : "followed.empty");
  const way = h("a", { class: "btn", href: "file.html" }, say("home.file"));
  return h("div", { class: "empty" }, icon("street"), h("p", {}, words), scope === "mine" && way);
}

/** Add one page to the list; answers where the next one begins. */
async function load(cursor) {
  const list = document.querySelector("#cases");
  const askedAt = Date.now();
  const { items, next_cursor: next } = await get(ask("/complaints", { scope, cursor, limit: String(A_PAGE) }));
  if (items.length && items[0].server_time) learnServerTime(items[0].server_time, askedAt);
  const cards = items.map(each => caseCard(each, { level: "h2" }));
  list.append(...cards);
  if (!cursor && items.length === 0) list.append(empty());
  else document.querySelector("#loaded").textContent = sayCount("complaints.loaded", items.length);
  if (cursor && cards.length) cards[0].focus();
  offerMore(next);
}

function offerMore(next) {
  const more = document.querySelector("#more");
  put(more, next && button(say("complaints.more"), async () => {
    try {
      await load(next);
    } catch (problem) {
      more.prepend(problemNotice(problemWords(problem)));
    }
  }, { kind: "btn--edge btn--wide" }));
}

start(async () => {
  for (const tab of document.querySelectorAll("[data-scope]")) if (tab.dataset.scope === scope) tab.setAttribute("aria-current", "page");
  await load(null);
});
