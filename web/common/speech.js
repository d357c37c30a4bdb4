// "念给我听": reads words aloud with the phone's own voice; there is no button where there is no voice.

import { button } from "./build.js";
import { language, say } from "./words.js";

const VOICES = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-GB" };

/** A button that reads what `text()` answers, or stops; null where the phone cannot speak. */
export function readAloudButton(text) {
  if (!("speechSynthesis" in window) || !("SpeechSynthesisUtterance" in window)) return null;
  const words = () => say(speechSynthesis.speaking ? "read.stop" : "read.aloud");
  const reader = button(words(), () => {
    if (speechSynthesis.speaking) speechSynthesis.cancel();
    else speakUp(text(), show);
    show();
  }, { kind: "btn--edge btn--small", symbol: "sound" });
  const show = () => {
    reader.querySelector("span").textContent = words();
  };
  window.addEventListener("pagehide", () => speechSynthesis.cancel());
  return reader;
}

function speakUp(text, ended) {
  const spoken = new SpeechSynthesisUtterance(text);
  spoken.lang = VOICES[language()];
  spoken.addEventListener("end", ended);
  spoken.addEventListener("error", ended);
  spoken.addEventListener("start", ended);
  speechSynthesis.speak(spoken);
}
