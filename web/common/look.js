// Text size and language as the person chose them: shown at once, remembered on the phone, kept with the person.

import { call } from "./api.js";
import { rememberLook } from "./remember.js";

/** Whether words are large now. */
export function isLarge() {
  return document.documentElement.dataset.text === "large";
}

/** Show large or normal words; a size asked for in the address wins while looking. */
export function showLarge(large) {
  rememberLook("text", large ? "large" : "normal");
  if (new URLSearchParams(location.search).get("text")) return;
  if (large) document.documentElement.dataset.text = "large";
  else delete document.documentElement.dataset.text;
}

/** Choose the size and keep it with the person; what is shown does not wait for the network. */
export async function chooseLarge(large) {
  rememberLook("text", large ? "large" : "normal");
  if (large) document.documentElement.dataset.text = "large";
  else delete document.documentElement.dataset.text;
  await call("PATCH", "/me", { body: { large_text: large } });
}
