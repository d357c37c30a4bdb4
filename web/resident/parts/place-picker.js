// Saying where: home stands there first, another place is searched by words and confirmed by a press, or the phone says where it is.

import { ask, get } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { aroundWords, pathWords, plateWords } from "../../common/places.js";
import { say, sayCount } from "../../common/words.js";

const QUIET_MS = 300;
const CANDIDATES = 8;
const FIX_MS = 12000;

/** A picker in `place`. `chosen` is {place} or {location} or null; `changed` hears every choice. */
export class PlacePicker {
  constructor(place, chosen, changed, { kind = null, here = true } = {}) {
    Object.assign(this, { place, chosen, changed, kind, here });
    this.status = h("p", { class: "hint", role: "status" });
    this.options = h("div", { class: "options" });
    this.frame = h("div", { class: "stack" });
    place.append(this.frame);
    if (chosen) this.show();
    else this.search(false);
  }

  choose(chosen) {
    this.chosen = chosen;
    this.changed(chosen);
    this.show();
    this.frame.querySelector("button")?.focus();
  }

  show() {
    const { place } = this.chosen;
    const plate = place ? plateWords(place) : say("place.here");
    const around = place ? aroundWords(place) : say("place.here.accuracy", { n: Math.round(this.chosen.accuracy || 0) });
    put(this.frame, h("div", { class: "place" }, h("div", { class: "place__foot" },
      h("span", { class: "plate" }, icon("pin"), plate), button(say("place.other"), () => this.search(true), { kind: "btn--plain" }))),
    around && h("p", { class: "hint" }, around));
  }

  search(focus) {
    const id = `place-${Math.random().toString(36).slice(2)}`;
    const box = h("input", { class: "input", id, type: "search", autocomplete: "off", maxlength: "100", enterkeyhint: "search", "data-hint": `${id}-hint`, "aria-describedby": `${id}-hint` });
    let timer = 0;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.find(box.value.trim()), QUIET_MS);
    });
    put(this.options);
    this.status.textContent = "";
    put(this.frame, h("div", { class: "tight" }, h("label", { for: id }, say("place.search")), h("p", { class: "hint", id: `${id}-hint` }, say("place.search.hint")), box),
      this.status, this.options, this.ways());
    if (focus) box.focus();
  }

  ways() {
    const canTell = this.here && "geolocation" in navigator && window.isSecureContext;
    const back = this.chosen && button(say("place.keep"), () => this.show(), { kind: "btn--plain" });
    return h("div", { class: "row" }, canTell && button(say("place.locate"), () => this.locate(), { kind: "btn--edge", symbol: "pin" }), back);
  }

  async find(words) {
    this.asked = words;
    if (!words) {
      put(this.options);
      this.status.textContent = "";
      return;
    }
    try {
      const { items } = await get(ask("/places", { q: words, kind: this.kind, limit: String(CANDIDATES) }));
      if (this.asked === words) this.offer(items);
    } catch (problem) {
      this.status.textContent = say(problem.passing ? "trouble.unreachable" : "place.none");
    }
  }

  offer(items) {
    this.status.textContent = items.length ? sayCount("place.found", items.length) : say("place.none");
    put(this.options, items.map(place => h("button", { type: "button", class: "option", on: { click: () => this.choose({ place }) } },
      h("span", { class: "strong" }, plateWords(place)), h("small", {}, pathWords(place)))));
  }

  /** Where the phone is; the person still sees what was taken and how exact it is. */
  locate() {
    this.status.textContent = say("place.locating");
    return new Promise(resolve => {
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        const location = { lng: coords.longitude, lat: coords.latitude, datum: "wgs84" };
        this.choose({ location, accuracy: coords.accuracy });
        resolve();
      }, () => {
        this.status.textContent = say("place.nofix");
        resolve();
      }, { enableHighAccuracy: true, timeout: FIX_MS, maximumAge: 60000 });
    });
  }
}
