// Who answers for a complaint: the unit, since when, who helps, the duty phone. Never a private person.

import { h, icon } from "../../common/build.js";
import { whenWords } from "../../common/times.js";
import { say } from "../../common/words.js";

/** Since when the present unit answers, told from what happened. */
function since(events) {
  const named = events.filter(event => event.type === "assigned" || event.type === "transferred");
  return named.length ? named[named.length - 1].at : null;
}

function helpers(events) {
  return [...new Set(events.filter(event => event.type === "co_handler_added" && event.unit).map(event => event.unit))];
}

/** The card, or null while nobody is named. */
export function who(complaint, events) {
  const { responsible } = complaint;
  if (!responsible) return null;
  const from = since(events);
  const others = helpers(events).filter(unit => unit !== responsible.unit);
  const lines = [from && say("who.since", { when: whenWords(from) }), others.length > 0 && say("who.helping", { units: others.join("、") })];
  return h("section", { class: "card" }, h("h2", {}, say("who.title")),
    h("div", { class: "who" }, h("span", { class: "who__mark" }, icon("unit")),
      h("div", {}, h("p", { class: "strong" }, responsible.unit), h("p", { class: "sm dim" }, lines.filter(Boolean).join(" · "))),
      responsible.duty_phone && phone(responsible.duty_phone)));
}

function phone(number) {
  const words = h("span", {}, say("who.phone"), " ", h("span", { class: "whole" }, number));
  return h("a", { class: "btn btn--wide", href: `tel:${number.replace(/[^\d+]/g, "")}` }, icon("phone"), words);
}
