// Saying where: home stands there first, another place is searched by words and confirmed by a press, or the phone says where it is.

import { Problem, ask, get, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { aroundWords, pathWords, plateWords } from "../../common/places.js";
import { say, sayCount } from "../../common/words.js";

const QUIET_MS = 300;
const CANDIDATES = 8;
const NEAR = 5;
const FIX_MS = 12000;

/** The phone's position; it fails when the person or the phone does not want to tell. */
function whereAmI() {
  const wishes = { enableHighAccuracy: true, timeout: FIX_MS, maximumAge: 60000 };
  return new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject, wishes));
}

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
    const hint = `${id}-hint`;
    const box = h("input", {
      class: "input", id, type: "search", autocomplete: "off", maxlength: "100", enterkeyhint: "search", "data-hint": hint, "aria-describedby": hint,
    });
    let timer = 0;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.find(box.value.trim()), QUIET_MS);
    });
    put(this.options);
    this.status.textContent = "";
    put(this.frame, h("div", { class: "tight" }, h("label", { for: id }, say("place.search")),
      h("p", { class: "hint", id: hint }, say("place.search.hint")), box),
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

  offer(found) {
    const items = found.filter(place => place.standing !== "candidate");
    this.status.textContent = items.length ? sayCount("place.found", items.length) : say("place.none");
    put(this.options, items.map(place => this.option(place)));
  }

  option(place) {
    const away = place.distance_m === undefined ? null : say("place.away", { n: place.distance_m });
    return h("button", { type: "button", class: "option", on: { click: () => this.choose({ place }) } },
      h("span", { class: "strong" }, plateWords(place)),
      h("small", {}, [away, pathWords(place)].filter(Boolean).join(" · ")));
  }

  /** Where the phone is: what lies near it is offered, the spot itself too; a person confirms which is meant. */
  async locate() {
    this.status.textContent = say("place.locating");
    try {
      const { coords } = await whereAmI();
      const location = { lng: coords.longitude, lat: coords.latitude, datum: "wgs84" };
      const { items } = await get(ask("/places/near", { ...location, limit: String(NEAR) }));
      this.offer(items);
      const spot = h("span", { class: "strong" }, say("place.here"));
      const exact = h("small", {}, say("place.here.accuracy", { n: Math.round(coords.accuracy) }));
      const choose = () => this.choose({ location, accuracy: coords.accuracy });
      this.options.append(h("button", { type: "button", class: "option", on: { click: choose } }, spot, exact));
      this.status.textContent = say("place.near");
    } catch (problem) {
      put(this.options);
      this.status.textContent = problem instanceof Problem ? problemWords(problem) : say("place.nofix");
    }
  }
}
