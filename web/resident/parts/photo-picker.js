// Choosing up to nine photos: each goes up at once and says its own state; one that failed is tried again by a press.

import { h, icon, put } from "../../common/build.js";
import { freshKey } from "../../common/remember.js";
import { say } from "../../common/words.js";
import { dropPhoto, keepPhoto, keptPhoto } from "./photo-store.js";
import { upload } from "./upload.js";

const MOST = 9;
const AGAIN_MS = 8000;

/** A picker in `place`. `kept` is what the draft remembers of it; `changed` is called with that after every change. */
export class PhotoPicker {
  constructor(place, kept, changed) {
    this.place = place;
    this.changed = changed;
    this.photos = (kept || []).map(one => ({ ...one, state: one.id ? "done" : "waiting", part: 0 }));
    this.status = h("p", { class: "unseen", role: "status" });
    this.grid = h("div", { class: "photos" });
    place.append(this.grid, this.status);
    this.draw();
    this.resume();
    window.addEventListener("online", () => this.resume());
  }

  /** Whether one was refused for good: trying again by itself would not help. */
  refused() {
    return this.photos.some(photo => photo.state === "bad" && photo.why);
  }

  /** Whether all that was chosen is up. */
  complete() {
    return this.photos.every(photo => photo.state === "done");
  }

  /** Take up what an earlier page or a dead network left. */
  async resume() {
    for (const photo of this.photos.filter(one => one.state === "waiting")) {
      photo.file = photo.file || (await keptPhoto(photo.key));
      if (photo.file) this.send(photo);
      else this.remove(photo);
    }
  }

  add(files) {
    const room = MOST - this.photos.length;
    const chosen = [...files].slice(0, room);
    for (const file of chosen) {
      const photo = { key: freshKey(), file, state: "waiting", part: 0 };
      this.photos.push(photo);
      keepPhoto(photo.key, file);
      this.send(photo);
    }
    if (files.length > room) this.status.textContent = say("photos.toomany");
    this.keep();
  }

  async send(photo) {
    if (photo.state === "going") return;
    Object.assign(photo, { state: "going", part: 0, why: "" });
    this.draw();
    try {
      const medium = await upload(photo.file, photo.key, part => {
        photo.part = part;
        this.mark(photo);
      });
      Object.assign(photo, { state: "done", id: medium.id, thumbnail: medium.thumbnail_url || medium.url });
      dropPhoto(photo.key);
      this.status.textContent = say("photo.done.spoken", { n: this.photos.indexOf(photo) + 1 });
    } catch (problem) {
      this.broke(photo, problem);
    }
    this.keep();
  }

  /** A photo the network lost waits and goes by itself; one that was refused says why. */
  broke(photo, problem) {
    const passing = problem.passing || problem.status === 429;
    photo.state = passing && navigator.onLine === false ? "waiting" : "bad";
    photo.why = passing ? "" : problem.errors.length ? problem.errors[0].message : problem.title;
    this.status.textContent = photo.why || say("photo.bad");
    if (photo.state === "bad" && passing) setTimeout(() => photo.state === "bad" && this.photos.includes(photo) && this.send(photo), AGAIN_MS);
  }

  remove(photo) {
    const at = this.photos.indexOf(photo);
    this.photos.splice(at, 1);
    dropPhoto(photo.key);
    this.keep();
    const next = this.grid.querySelectorAll("button, input")[0];
    if (next && document.activeElement === document.body) next.focus();
  }

  keep() {
    this.draw();
    this.changed(this.photos.map(({ key, id, thumbnail }) => ({ key, id, thumbnail })));
  }

  draw() {
    const room = this.photos.length < MOST;
    put(this.grid, this.photos.map((photo, at) => this.tile(photo, at + 1)), room && this.adder());
  }

  tile(photo, n) {
    const tile = h("div", { class: `photo${photo.state === "bad" ? " photo--bad" : ""}`, "data-state": photo.state }, preview(photo, n));
    photo.label = h("span", { class: "photo__state" });
    tile.append(photo.label);
    this.mark(photo);
    const act = (name, label, click) => h("button", { type: "button", class: name, "aria-label": label, on: { click } });
    const failed = `${say("photo.number", { n })} ${photo.why || say("photo.bad")}`;
    if (photo.state === "bad") tile.append(act("photo__again", failed, () => this.send(photo)));
    const out = act("photo__out", say("photo.remove", { n }), () => this.remove(photo));
    out.append(icon("plus"));
    tile.append(out);
    return tile;
  }

  mark(photo) {
    const going = say("photo.going", { part: Math.round(photo.part * 100) });
    const words = { done: say("photo.done"), going, waiting: say("photo.waiting"), bad: photo.why || say("photo.bad") };
    photo.label.textContent = words[photo.state];
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

function preview(photo, n) {
  const source = photo.file ? (photo.shown = photo.shown || URL.createObjectURL(photo.file)) : photo.thumbnail;
  const none = () => h("span", { class: "photo__none" }, icon("camera"));
  if (!source) return none();
  const image = h("img", { src: source, alt: say("photo.number", { n }) });
  image.addEventListener("error", () => image.replaceWith(none()));
  return image;
}
