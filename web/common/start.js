// How every page begins: words, session, the person's own look, then the page itself; trouble on the way is said, with a way on.
// Until then the outlines of tokens.css stand there, from the first paint on; look.js says so if the modules themselves do not arrive.

import { button, fillWords, h, icon, loadIcons, put } from "./build.js";
import { Problem } from "./api.js";
import { showLarge } from "./look.js";
import { watchNetwork } from "./net.js";
import { comeIn } from "./session.js";
import { readyToast } from "./toast.js";
import { language, preferred, say, speak } from "./words.js";

const SLOW_MS = 6000;

/** Run one page for the person who is signed in. */
export async function start(page, { offline } = {}) {
  loadIcons();
  await speak(preferred(document.documentElement.lang === "zh-Hans" ? null : document.documentElement.lang));
  fillWords();
  readyToast();
  watchNetwork(offline);
  sayOpening();
  // A page brought back from the browser's memory would show an old state as the present one.
  window.addEventListener("pageshow", event => event.persisted && location.reload());
  await reach(page);
}

/** Say that the page is on its way, and, after a while, that it is the network's doing. */
function sayOpening() {
  const words = h("p", { class: "opening", role: "status" }, say("page.opening"));
  document.querySelector(".main").before(words);
  setTimeout(() => words.isConnected && put(words, say("page.slow")), SLOW_MS);
}

/** The page shows itself; what still comes says so at its own place. */
export function shown() {
  delete document.body.dataset.waiting;
  document.querySelector(".opening")?.remove();
}

async function reach(page) {
  try {
    const resident = await comeIn();
    await suit(resident);
    const main = document.querySelector(".main");
    if (main.dataset.trouble !== undefined) return location.reload();
    fillWords();
    titled();
    await page(resident);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showTrouble(problem, () => reach(page));
  } finally {
    shown();
  }
}

/** Speak the person's language and show their size of words. */
async function suit(resident) {
  const wanted = preferred(resident.language);
  if (wanted !== language()) await speak(wanted);
  showLarge(Boolean(resident.large_text));
}

function titled() {
  const words = document.querySelector(".bar__title").textContent;
  document.title = words === say("app.name") ? words : `${words} · ${say("app.name")}`;
}

/** What went wrong instead of the page, and one button to try again. */
export function showTrouble(problem, again) {
  const main = document.querySelector(".main");
  main.dataset.trouble = "";
  const words = problem.status === 404 ? say("trouble.missing") : problem.passing ? say("trouble.unreachable") : problem.title || say("trouble.ours");
  const way = problem.status === 404
    ? h("a", { class: "btn", href: "home.html" }, say("go.home"))
    : button(say("try.again"), again, { symbol: "again" });
  // A page whose heading was to come out of the answer has none yet.
  const said = document.querySelector("h1.bar__title") ? "p" : "h1";
  put(main, h("div", { class: "empty", role: "alert" }, icon(problem.status === 404 ? "search" : "offline"), h(said, { class: "said" }, words), way));
}

/** The page of one that is signed out needs words only. */
export async function startForGuest(page) {
  loadIcons();
  await speak(preferred(null));
  fillWords();
  titled();
  await page();
  shown();
}
