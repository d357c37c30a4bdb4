// Errors beside their field: rail, icon and words; what was typed stays. Problems find their field by pointer.

import { h, icon } from "../../common/build.js";

let count = 0;

/** Mark a field and say what to do; answers the field. */
export function badField(field, words) {
  clearBad(field);
  const id = `error-${(count += 1)}`;
  field.dataset.bad = "";
  const before = field.querySelector(".input, .photos, .actions, .stars, .error-here, input");
  (before || field.lastElementChild).before(h("p", { class: "error", id }, icon("alert"), " ", words));
  for (const box of field.querySelectorAll("input, textarea, select")) {
    box.setAttribute("aria-invalid", "true");
    box.setAttribute("aria-describedby", [box.dataset.hint, id].filter(Boolean).join(" "));
  }
  return field;
}

/** Take the mark away. */
export function clearBad(field) {
  if (field.dataset.bad === undefined) return;
  delete field.dataset.bad;
  field.querySelectorAll(".error").forEach(error => error.remove());
  for (const box of field.querySelectorAll("[aria-invalid]")) {
    box.removeAttribute("aria-invalid");
    if (box.dataset.hint) box.setAttribute("aria-describedby", box.dataset.hint);
    else box.removeAttribute("aria-describedby");
  }
}

/** Put each error of a Problem at the field its pointer names; answers what found no field. */
export function placeErrors(problem, fields) {
  const homeless = [];
  const marked = [];
  for (const error of problem.errors) {
    const pointer = Object.keys(fields).find(one => error.pointer === one || error.pointer.startsWith(`${one}/`));
    if (pointer) marked.push(badField(fields[pointer], error.message));
    else homeless.push(error.message);
  }
  if (marked.length) focusOn(marked[0]);
  return homeless;
}

/** Bring a field into view and put the cursor in it. */
export function focusOn(field) {
  const first = [...field.querySelectorAll("input, textarea, select, button")].find(one => one.offsetParent !== null && !one.disabled);
  field.scrollIntoView({ block: "center" });
  if (first) first.focus({ preventScroll: true });
}

/** A notice about a Problem, spoken at once, with a way on if there is one. */
export function problemNotice(words, way = null) {
  return h("div", { class: "notice", "data-tone": "late", role: "alert" }, icon("alert"), h("div", { class: "notice__body" }, h("strong", {}, words), way));
}
