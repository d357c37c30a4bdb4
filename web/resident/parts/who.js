// Who answers for a complaint: the unit, since when, who helps, the duty phone. Never a private person.

import { h, icon } from "../../common/build.js";
import { whenWords } from "../../common/times.js";
import { say } from "../../common/words.js";

/** The units that help, as they came. */
export function helpers(events) {
  return [...new Set(events.filter(event => event.type === "co_handler_added" && event.unit).map(event => event.unit))];
}

/** The card, or null while nobody is named. */
export function who(complaint, events) {
  const { responsible } = complaint;
  if (!responsible) return null;
  const others = helpers(events).filter(unit => unit !== responsible.unit);
  const lines = [responsible.since && say("who.since", { when: whenWords(responsible.since) }), others.length > 0 && say("who.helping", { units: others.join("、") })];
  return h("section", { class: "card" }, h("h2", {}, say("who.title")),
    h("div", { class: "who" }, h("span", { class: "who__mark" }, icon("unit")),
      h("div", {}, h("p", { class: "strong" }, responsible.unit), h("p", { class: "sm dim" }, lines.filter(Boolean).join(" · "))),
      responsible.duty_phone && phone(responsible.duty_phone)));
}

function phone(number) {
  const words = h("span", {}, say("who.phone"), " ", h("span", { class: "whole" }, number));
  return h("a", { class: "btn btn--wide", href: `tel:${number.replace(/[^\d+]/g, "")}` }, icon("phone"), words);
}
