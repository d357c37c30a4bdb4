// What I agreed to, taking everything along, and leaving for good.

import { call, problemWords } from "../../common/api.js";
import { button, h, put } from "../../common/build.js";
import { answerConsent, onConsents } from "../../common/consent.js";
import { askOnSheet } from "../../common/sheet.js";
import { toast } from "../../common/toast.js";
import { say } from "../../common/words.js";
import { problemNotice } from "./fields.js";

/** The list of purposes, each with its text folded away and one button to agree or to take it back. */
export async function showConsents(box) {
  onConsents(items => draw(box, items));
  try {
    draw(box, (await call("GET", "/me/consents")).items);
  } catch (problem) {
    put(box, problemNotice(problemWords(problem)));
  }
}

/** A guardian's word is given where it is asked for, beside the guardian's name: here it is only shown, once there is one. */
const concerns = item => item.purpose !== "guardian" || item.state !== "not_asked";

function draw(box, items) {
  put(box, h("ul", { class: "plain stack consents" }, items.filter(concerns).map(item => line(box, item))));
}

function line(box, item) {
  const given = item.state === "given";
  const turn = button(say(given ? "consent.withdraw" : "consent.yes"), async () => {
    try {
      await answerConsent(item, !given);
      box.querySelector(`[data-purpose="${item.purpose}"] button`).focus();
      toast(say(given ? "consent.withdrawn.done" : "consent.given.done"));
    } catch (problem) {
      put(box.querySelector(`[data-purpose="${item.purpose}"] .trouble`), problemNotice(problemWords(problem)));
    }
  }, { kind: "btn--edge" });
  turn.setAttribute("aria-label", `${turn.textContent} ${item.title}`);
  return h("li", { class: "stack", "data-purpose": item.purpose },
    h("details", {}, h("summary", {}, h("span", { class: "strong" }, item.title), " ", h("span", { class: "sm dim" }, say(`consent.state.${item.state}`))),
      h("p", {}, item.text)),
    h("div", { class: "trouble" }), h("div", {}, turn));
}

/** Everything that is held about me, as one file. */
export async function takeAlong(trouble) {
  try {
    const held = await call("GET", "/me/export");
    const address = URL.createObjectURL(new Blob([JSON.stringify(held, null, 2)], { type: "application/json" }));
    const link = h("a", { href: address, download: "linli-my-data.json" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    toast(say("me.export.done"));
  } catch (problem) {
    put(trouble, problemNotice(problemWords(problem)));
  }
}

/** Leave for good, after one plain question; `gone` is called when nothing is left. */
export async function leaveForGood(gone) {
  const body = ["me.erase.what", "me.erase.stays", "me.erase.never"].map(key => h("p", {}, say(key)));
  const left = await askOnSheet({ title: say("me.erase.title"), body, yes: say("me.erase.yes"), act: () => call("DELETE", "/me") });
  if (left) gone();
}
