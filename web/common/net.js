// Whether there is a network: the strip under the bar that says what happens to one's words.

import { h, icon, put } from "./build.js";
import { say } from "./words.js";

let strip = null;
let said = "";

/** Show the strip whenever the phone is offline; `key` names the sentence that fits the page. */
export function watchNetwork(key = "offline.reading") {
  strip = h("div", { class: "offline", role: "status", hidden: true });
  document.querySelector(".main").before(strip);
  said = key;
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}

/** Change the sentence, for example once something waits to be sent. */
export function sayWhenOffline(key) {
  said = key;
  show();
}

function show() {
  if (!strip) return;
  const gone = navigator.onLine === false;
  strip.hidden = !gone;
  put(strip, gone && [icon("offline"), h("span", { class: "offline__body" }, say(said))]);
}
