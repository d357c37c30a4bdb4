// Rating a result: solved or not first, then four dimensions of one to five; nothing is chosen beforehand.

import { button, h, icon, put } from "../../common/build.js";
import { post } from "../../common/api.js";
import { freshKey } from "../../common/remember.js";
import { say } from "../../common/words.js";
import { badField, clearBad } from "./fields.js";

const DIMENSIONS = ["speed", "result", "service", "answer"];
const STARS = [1, 2, 3, 4, 5];

function lit(row, n) {
  row.querySelectorAll("label").forEach((label, at) => label.toggleAttribute("data-on", at < n));
}

function starRow(name, given) {
  const row = h("fieldset", { class: "rate__row", id: `rate-${name}` }, h("legend", {}, say(`rate.${name}`)));
  const stars = h("span", { class: "stars" }, STARS.map(n => {
    const radio = h("input", { class: "unseen", type: "radio", name, value: String(n), "aria-label": say("rate.stars", { n }) });
    radio.addEventListener("change", () => {
      given[name] = n;
      clearBad(row);
      lit(row, n);
    });
    return h("label", {}, radio, icon("star"));
  }));
  row.append(stars);
  return row;
}

function solvedRow(given) {
  const row = h("fieldset", { class: "field", id: "rate-solved" }, h("legend", { class: "unseen" }, say("rate.solved.question")));
  const answers = [["yes", true], ["no", false]].map(([name, value]) => {
    const radio = h("input", { type: "radio", name: "solved", value: name });
    const label = h("label", { class: "btn btn--edge answer" }, radio, icon("check"), h("span", {}, say(`rate.solved.${name}`)));
    radio.addEventListener("change", () => {
      given.solved = value;
      clearBad(row);
      answers.forEach(one => one.toggleAttribute("data-on", one === label));
    });
    return label;
  });
  row.append(h("div", { class: "actions" }, answers));
  return row;
}

/** Say what is still missing, at its place; answers whether all is there. */
function complete(form, given) {
  const missing = [];
  if (given.solved === undefined) missing.push(badField(form.querySelector("#rate-solved"), say("rate.solved.missing")));
  for (const name of DIMENSIONS) if (!given[name]) missing.push(badField(form.querySelector(`#rate-${name}`), say("rate.missing")));
  if (missing.length) missing[0].querySelector("input").focus();
  return missing.length === 0;
}

/** The form. `done` is called with the complaint's answer after it was sent; `trouble` with a Problem. */
export function ratingForm(complaint, { done, trouble }) {
  const given = {};
  const key = freshKey();
  const words = h("textarea", { class: "input", id: "rate-text", maxlength: "1000", rows: "3" });
  const form = h("section", { class: "card", id: "rate" }, h("h2", {}, say("rate.title")), solvedRow(given),
    h("p", { class: "hint" }, say(complaint.round > 1 ? "rate.hint.again" : "rate.hint")),
    h("div", { class: "rate" }, DIMENSIONS.map(name => starRow(name, given))),
    h("div", { class: "field" }, h("label", { for: "rate-text" }, say("rate.text")), words));
  form.append(button(say("rate.send"), async () => {
    if (!complete(form, given)) return;
    try {
      const text = words.value.trim();
      done(await post(`/complaints/${complaint.id}/rating`, text ? { ...given, text } : given, { key }));
    } catch (problem) {
      trouble(problem);
    }
  }, { kind: "btn--solid btn--wide" }));
  return form;
}

/** What was said, once it is said. */
export function ratingGiven(rating, { mine, round }) {
  const rows = DIMENSIONS.filter(name => rating[name]).map(name => [h("dt", {}, say(`rate.${name}`)), h("dd", {}, say("rate.stars", { n: rating[name] }))]);
  const before = rating.round && rating.round < round ? "rate.given.before" : "rate.given";
  return h("section", { class: "card" }, h("h2", {}, say(mine === false ? "rate.given.other" : before)),
    h("p", { class: "strong" }, say(rating.solved ? "rate.solved.yes" : "rate.solved.no")),
    h("dl", { class: "pairs" }, rows), rating.text && h("p", { class: "quote words" }, rating.text));
}
