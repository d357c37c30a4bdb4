// Saying where: home stands there first, another place is searched by words and confirmed by a press, or the phone says where it is.
// An estate that nobody has put into a community yet is offered too; then one is asked for its community, and that is the place.

import { Problem, ask, get, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { aroundWords, pathWords, plateWords } from "../../common/places.js";
import { say, sayCount } from "../../common/words.js";

const QUIET_MS = 300;
const CANDIDATES = 8;
const NEAR = 5;
const REACH_M = 2000;
const FIX_MS = 12000;

/** Whether nobody knows yet in which community it lies: nothing can be put there. */
const isUnplaced = place => place.standing === "candidate";

/** The phone's position; it fails when the person or the phone does not want to tell. */
function whereAmI() {
  const wishes = { enableHighAccuracy: true, timeout: FIX_MS, maximumAge: 60000 };
  return new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject, wishes));
}

/**
 * A picker in `place`. `chosen` is {place} or {location} or null; `changed` hears every choice. Where only the
 * community of an estate could be chosen, `chosen.estate` is the estate's name.
 */
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
    const { place, estate } = this.chosen;
    const plate = place ? plateWords(place) : say("place.here");
    const around = place ? aroundWords(place) : say("place.here.accuracy", { n: Math.round(this.chosen.accuracy || 0) });
    put(this.frame, h("div", { class: "place" }, h("div", { class: "place__foot" },
      h("span", { class: "plate" }, icon("pin"), plate), button(say("place.other"), () => this.search(true), { kind: "btn--plain" }))),
    around && h("p", { class: "hint" }, around),
    estate && h("p", { class: "hint" }, say("place.estate.told", { name: estate })));
  }

  search(focus) {
    this.inquire({
      label: say("place.search"), hint: say("place.search.hint"), filter: { kind: this.kind }, ways: this.ways(), focus,
      take: place => (isUnplaced(place) ? this.belong(place) : this.choose({ place })),
    });
  }

  /** In which community is this estate? Those around it are offered, any other is found by its name. */
  async belong(estate) {
    const { name } = estate;
    const question = this.inquire({
      label: say("place.belongs", { name }), hint: say("place.belongs.hint"), filter: { kind: "community" }, ways: this.wayBack(), focus: true,
      take: place => (this.kind === "building" ? this.inside(place) : this.choose({ place, estate: name })),
    });
    await this.suggest(question, `/places/${encodeURIComponent(estate.id)}/communities`, "place.belongs.likely");
  }

  /** Which building of a community is it? */
  async inside(community) {
    const filter = { kind: this.kind, parent_id: community.id };
    const question = this.inquire({
      label: say("place.inside", { name: community.name }), hint: say("place.inside.hint"), filter, ways: this.wayBack(), focus: true,
      take: place => this.choose({ place }),
    });
    await this.suggest(question, ask("/places", { ...filter, limit: String(CANDIDATES) }), "place.inside.some");
  }

  /** One question: a box to write into, what is offered for it, and other ways on. `take` hears what was pressed. */
  inquire(question) {
    const id = `place-${Math.random().toString(36).slice(2)}`;
    const hint = `${id}-hint`;
    const box = h("input", {
      class: "input", id, type: "search", autocomplete: "off", maxlength: "100", enterkeyhint: "search", "data-hint": hint, "aria-describedby": hint,
    });
    let timer = 0;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.question === question && this.find(box.value.trim()), QUIET_MS);
    });
    this.question = question;
    this.asked = "";
    put(this.options);
    this.status.textContent = "";
    put(this.frame, h("div", { class: "tight" }, h("label", { for: id }, question.label),
      h("p", { class: "hint", id: hint }, question.hint), box),
      this.status, this.options, question.ways);
    if (question.focus) box.focus();
    return question;
  }

  ways() {
    const canTell = this.here && "geolocation" in navigator && window.isSecureContext;
    const back = this.chosen && button(say("place.keep"), () => this.show(), { kind: "btn--plain" });
    return h("div", { class: "row" }, canTell && button(say("place.locate"), () => this.locate(), { kind: "btn--edge", symbol: "pin" }), back);
  }

  wayBack() {
    return h("div", { class: "row" }, button(say("place.again"), () => this.search(true), { kind: "btn--plain" }));
  }

  /** What may be meant, before anything is written; without it the box is still there. */
  async suggest(question, path, words) {
    try {
      const { items } = await get(path);
      if (!items.length || this.question !== question || this.asked) return;
      this.offer(items);
      this.status.textContent = say(words);
    } catch (problem) {
      // Nobody asked for suggestions; the box says what is wrong when it is used.
    }
  }

  async find(words) {
    const { question } = this;
    this.asked = words;
    if (!words) {
      put(this.options);
      this.status.textContent = "";
      return;
    }
    try {
      const items = await this.found(words, question.filter);
      if (this.asked === words && this.question === question) this.offer(items);
    } catch (problem) {
      this.status.textContent = say(problem.passing ? "trouble.unreachable" : "place.none");
    }
  }

  /** What suits the words. Where a building is wanted and none is found, it may be of an estate without a community. */
  async found(words, filter) {
    const { items } = await get(ask("/places", { q: words, ...filter, limit: String(CANDIDATES) }));
    if (items.length || filter.kind !== "building" || filter.parent_id) return items;
    const estates = await get(ask("/places", { q: words, kind: "estate", limit: String(CANDIDATES) }));
    return estates.items.filter(isUnplaced);
  }

  offer(items) {
    this.status.textContent = items.length ? sayCount("place.found", items.length) : say("place.none");
    put(this.options, items.map(place => this.option(place)));
  }

  option(place) {
    const { take } = this.question;
    const away = place.distance_m === undefined ? null : say("place.away", { n: place.distance_m });
    const where = isUnplaced(place) ? say("place.unplaced") : pathWords(place);
    return h("button", { type: "button", class: "option", on: { click: () => take(place) } },
      h("span", { class: "strong" }, isUnplaced(place) ? place.name : plateWords(place)),
      h("small", {}, [away, where].filter(Boolean).join(" · ")));
  }

  /** Where the phone is: what lies near it is offered, the spot itself too; a person confirms which is meant. */
  async locate() {
    this.status.textContent = say("place.locating");
    try {
      const { coords } = await whereAmI();
      const location = { lng: coords.longitude, lat: coords.latitude, datum: "wgs84" };
      const { items } = await get(ask("/places/near", { ...location, limit: String(NEAR) }));
      this.offer(items.filter(place => place.distance_m <= REACH_M));
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
