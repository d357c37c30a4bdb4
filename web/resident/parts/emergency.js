// Someone in danger must not be sent through a form: numbers to call, and a louder word when the text sounds like an emergency.

import { ask, get } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { say } from "../../common/words.js";

const NUMBERS = ["119", "120", "110"];
const MOST_WORDS = 800;

function callButton(number, name) {
  return h("a", { class: "btn btn--edge btn--small", href: `tel:${number}` }, `${name} ${number}`);
}

/** The quiet notice that stands wherever hurry is likely. */
export function emergencyNumbers() {
  return h("section", { class: "notice", "data-tone": "late", "aria-label": say("emergency.label") }, icon("alert"), h("div", { class: "notice__body" },
    h("strong", {}, say("emergency.first")), h("div", { class: "calls" }, NUMBERS.map(number => callButton(number, say(`emergency.${number}`))))));
}

/** Listens to what is written. `place` is where the warning stands: right under the words. */
export class EmergencyWatch {
  constructor(place, acknowledged, onAcknowledged) {
    Object.assign(this, { place, acknowledged, onAcknowledged });
    this.told = { text: "", emergency: false };
  }

  /** Ask about these words; answers whether they sound like an emergency nobody has acknowledged yet. */
  async check(text) {
    if (text !== this.told.text) {
      try {
        const answer = await get(ask("/complaints/emergency", { text: text.slice(0, MOST_WORDS) }), { patience: 4000 });
        this.told = { text, ...answer };
      } catch (problem) {
        // The numbers stand on top in any case.
        return false;
      }
      this.draw();
    }
    return this.told.emergency && !this.acknowledged;
  }

  draw() {
    const loud = this.told.emergency && !this.acknowledged;
    if (loud && this.place.firstElementChild) return;
    put(this.place, loud && h("div", { class: "notice", "data-tone": "late", role: "alert" }, icon("alert"), h("div", { class: "notice__body" },
      h("strong", { tabindex: "-1" }, say("emergency.now")), h("p", {}, this.told.advice || say("emergency.advice")),
      h("div", { class: "calls" }, (this.told.numbers || []).map(({ number, name }) => callButton(number, name))),
      button(say("emergency.goon"), () => this.acknowledge(), { kind: "btn--small" }))));
  }

  acknowledge() {
    this.acknowledged = true;
    this.onAcknowledged();
    put(this.place);
    document.querySelector("#text").focus();
  }

  /** Bring the warning to the person who was about to send. */
  show() {
    const words = this.place.querySelector("strong");
    this.place.scrollIntoView({ block: "center" });
    if (words) words.focus();
  }
}
