// A use of one's data that waits for one's own yes: the text is shown, the answer kept, and the refused call sent again.

import { call } from "./api.js";
import { h } from "./build.js";
import { askOnSheet } from "./sheet.js";
import { say } from "./words.js";

const CHANGED = "consents-changed";

export const isConsent = problem => problem.type === "/problems/consent-required";

/** Say yes or no to one purpose, as it was read; whoever shows consents is told how all of them stand now. */
export async function answerConsent(item, given) {
  const { items } = await call("PUT", "/me/consents", { body: { items: [{ purpose: item.purpose, version: item.version, given }] } });
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: items }));
}

/** Hear how all consents stand, whenever one was answered on this page. */
export function onConsents(hear) {
  document.addEventListener(CHANGED, event => hear(event.detail));
}

/** Show what the refused call is waiting for; answers whether the reader agreed. */
export async function agreed(problem) {
  const purpose = problem.errors.length ? problem.errors[0].code : "";
  const { items } = await call("GET", "/me/consents");
  const item = items.find(each => each.purpose === purpose);
  if (!item) return false;
  return askOnSheet({
    title: item.title,
    body: h("p", {}, item.text),
    yes: say("consent.yes"),
    no: say("consent.no"),
    act: () => answerConsent(item, true),
  });
}
