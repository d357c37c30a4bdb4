// Choosing up to nine photos: each goes up at once and says its own state; one that failed twice is tried again by a press.

import { h, icon, put } from "../../common/build.js";
import { freshKey } from "../../common/remember.js";
import { say } from "../../common/words.js";
import { Medium } from "./medium.js";

const MOST = 9;

/** A picker in `place`. `kept` is what the draft remembers of it; `changed` is called with that after every change. */
export class PhotoPicker {
  constructor(place, kept, changed, { taken = () => 0 } = {}) {
    Object.assign(this, { place, changed, taken });
    this.photos = (kept || []).map(one => new Medium(one, (photo, part) => this.moved(photo, part)));
    this.status = h("p", { class: "unseen", role: "status" });
    this.grid = h("div", { class: "photos" });
    this.reasons = h("p", { class: "hint" });
    place.append(this.grid, this.reasons, this.status);
    this.draw();
    this.resume();
    window.addEventListener("online", () => this.resume());
  }

  /** Whether one was refused for good: trying again by itself would not help. */
  refused() {
    return this.photos.some(photo => photo.refused);
  }

  /** Whether all that was chosen is up. */
  complete() {
    return this.photos.every(photo => photo.state === "done");
  }

  setPatient(patient) {
    this.photos.forEach(photo => photo.setPatient(patient));
  }

  /** Take up what an earlier page or a dead network left. */
  async resume() {
    for (const photo of this.photos.filter(one => one.state !== "done")) {
      if (!(await photo.resume())) this.remove(photo);
    }
  }

  room() {
    return MOST - this.taken() - this.photos.length;
  }

  add(files) {
    const room = this.room();
    for (const file of [...files].slice(0, room)) {
      const photo = new Medium({ key: freshKey() }, (one, part) => this.moved(one, part));
      photo.file = file;
      this.photos.push(photo);
      photo.keep();
      photo.send();
    }
    if (files.length > room) this.status.textContent = say("photos.toomany");
    this.keep();
  }

  moved(photo, part) {
    if (part) return this.mark(photo);
    const n = this.photos.indexOf(photo) + 1;
    if (photo.state === "done") this.status.textContent = say("photo.done.spoken", { n });
    else if (photo.state === "bad") this.status.textContent = photo.why || say("photo.bad");
    return this.keep();
  }

  remove(photo) {
    this.photos.splice(this.photos.indexOf(photo), 1);
    photo.forget();
    this.keep();
    const next = this.grid.querySelectorAll("button, input")[0];
    if (next && document.activeElement === document.body) next.focus();
  }

  keep() {
    this.draw();
    this.changed(this.photos.map(({ key, id, thumbnail, refused }) => ({ key, id, thumbnail, refused })));
  }

  draw() {
    put(this.grid, this.photos.map((photo, at) => this.tile(photo, at + 1)), this.room() > 0 && this.adder());
    // A tile has room for a word; why one was refused stands under them all.
    this.reasons.textContent = [...new Set(this.photos.filter(photo => photo.refused).map(photo => photo.why))].join(" ");
  }

  tile(photo, n) {
    const tile = h("div", { class: `photo${photo.state === "bad" ? " photo--bad" : ""}`, "data-state": photo.state }, preview(photo, n));
    photo.label = h("span", { class: "photo__state" });
    tile.append(photo.label);
    this.mark(photo);
    const act = (name, label, click) => h("button", { type: "button", class: name, "aria-label": label, on: { click } });
    const failed = `${say("photo.number", { n })} ${say("photo.bad")}`;
    if (photo.state === "bad" && !photo.refused) tile.append(act("photo__again", failed, () => photo.press()));
    const out = act("photo__out", say("photo.remove", { n }), () => this.remove(photo));
    out.append(icon("plus"));
    tile.append(out);
    return tile;
  }

  mark(photo) {
    photo.label.textContent = stateWords(photo);
    photo.label.style.setProperty("--p", `${photo.state === "done" ? 100 : Math.round(photo.part * 100)}%`);
  }

  adder() {
    const chooser = h("input", { class: "unseen", type: "file", accept: "image/*", multiple: true });
    chooser.addEventListener("change", () => {
      this.add(chooser.files);
      this.grid.querySelector("input[type=file]")?.focus();
    });
    return h("label", { class: "photo photo--add" }, icon("camera"), h("span", {}, say("photo.add")), chooser);
  }
}

/** How far a photo or voice message is, in words. */
export function stateWords({ state, part, refused }) {
  if (state === "going") return say("photo.going", { part: Math.round(part * 100) });
  if (state === "bad") return say(refused ? "photo.refused" : "photo.bad");
  return say({ done: "photo.done", waiting: "photo.waiting", again: "photo.again" }[state] || "photo.waiting");
}

function preview(photo, n) {
  const source = photo.file ? (photo.shown = photo.shown || URL.createObjectURL(photo.file)) : photo.thumbnail;
  const none = () => h("span", { class: "photo__none" }, icon("camera"));
  if (!source) return none();
  const image = h("img", { src: source, alt: say("photo.number", { n }) });
  image.addEventListener("error", () => image.replaceWith(none()));
  return image;
}
