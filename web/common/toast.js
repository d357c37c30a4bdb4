// A word about what is already done: four seconds, spoken once, never asks anything.

import { h, icon, put } from "./build.js";

const STAYS_MS = 4000;
let place = null;
let timer = 0;

/** Make the empty status region; screen readers only hear changes in a region that was there before. */
export function readyToast() {
  place = h("div", { role: "status" });
  document.body.append(place);
}

/** Say that something is done. */
export function toast(words) {
  put(place, h("div", { class: "toast" }, icon("check"), h("span", {}, words)));
  clearTimeout(timer);
  timer = setTimeout(() => put(place), STAYS_MS);
}
