// Saying it instead of writing it: press, speak, press. Where a page may not listen, the phone's own recorder is offered.

import { button, h, icon, put } from "../../common/build.js";
import { freshKey } from "../../common/remember.js";
import { say, sayCount } from "../../common/words.js";
import { listenToFile } from "./listening.js";
import { Medium } from "./medium.js";
import { stateWords } from "./photo-picker.js";
import { LONGEST_MS, Recorder, canRecord } from "./recorder.js";

const TICK_MS = 250;
const clock = milliseconds => `${Math.floor(milliseconds / 60000)}:${String(Math.floor(milliseconds / 1000) % 60).padStart(2, "0")}`;

/** One voice message in `place`. `kept` is what the draft remembers of it; `changed` hears that, or null, after every change. */
export class VoicePicker {
  constructor(place, kept, changed) {
    Object.assign(this, { changed, recorder: null, trouble: "" });
    this.status = h("p", { class: "unseen", role: "status" });
    this.frame = h("div", { class: "voice" });
    place.append(this.frame, this.status);
    this.medium = kept ? new Medium(kept, (_, part) => this.moved(part), { lasting: true }) : null;
    this.draw();
    this.resume();
    window.addEventListener("online", () => this.resume());
    window.addEventListener("pagehide", () => this.recorder && this.recorder.letGo());
  }

  refused() {
    return Boolean(this.medium && this.medium.refused);
  }

  complete() {
    return !this.medium || this.medium.state === "done";
  }

  setPatient(patient) {
    if (this.medium) this.medium.setPatient(patient);
  }

  async resume() {
    if (!this.medium || this.medium.file) return void (this.medium && this.medium.resume());
    const there = await this.medium.resume();
    if (!there && this.medium.state !== "done") this.remove();
    else this.draw();
  }

  moved(part) {
    if (part) this.label.textContent = stateWords(this.medium);
    else this.keep();
  }

  keep() {
    this.draw();
    this.changed(this.medium && { key: this.medium.key, id: this.medium.id, seconds: this.medium.seconds, refused: this.medium.refused });
  }

  async begin() {
    this.trouble = "";
    const recorder = new Recorder(() => this.end());
    try {
      await recorder.begin();
    } catch (error) {
      this.fail("voice.denied");
      return;
    }
    this.recorder = recorder;
    this.status.textContent = say("voice.begun");
    this.draw();
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.frame.querySelector("button").focus();
  }

  tick() {
    const lasted = this.recorder ? this.recorder.lasted() : 0;
    this.time.textContent = `${clock(lasted)} / ${clock(LONGEST_MS)}`;
    this.bar.style.setProperty("--p", `${Math.round((100 * lasted) / LONGEST_MS)}%`);
  }

  /** Done speaking: the message goes up at once. Handing in ends it too. */
  async end() {
    const { recorder } = this;
    if (!recorder) return;
    this.stopTicking();
    try {
      const { file, seconds } = await recorder.end();
      this.take(file, seconds);
    } catch (error) {
      this.fail("voice.broken");
    }
  }

  async giveUp() {
    const { recorder } = this;
    this.stopTicking();
    this.draw();
    await recorder.letGo();
    this.focus();
  }

  /** The form goes away: nobody listens any more. */
  leave() {
    if (this.recorder) this.recorder.letGo();
    this.stopTicking();
    if (this.medium) this.medium.forget();
  }

  stopTicking() {
    clearInterval(this.ticking);
    this.recorder = null;
  }

  fail(key) {
    this.trouble = say(key);
    this.status.textContent = this.trouble;
    this.draw();
    this.focus();
  }

  take(file, seconds) {
    const medium = new Medium({ key: freshKey(), seconds }, (_, part) => this.moved(part), { lasting: true });
    Object.assign(this, { medium, trouble: "" });
    medium.file = file;
    medium.keep();
    medium.send();
    this.status.textContent = seconds ? say("voice.ended", { span: sayCount("span.seconds", seconds) }) : stateWords(medium);
    this.keep();
    this.focus();
  }

  remove() {
    this.medium.forget();
    this.medium = null;
    this.keep();
    this.focus();
  }

  focus() {
    if (document.activeElement === document.body) this.frame.querySelector("button, input")?.focus();
  }

  draw() {
    const parts = this.recorder ? this.listening() : this.medium ? this.kept() : this.idle();
    put(this.frame, parts);
  }

  idle() {
    const speak = canRecord() && button(say("voice.speak"), () => this.begin(), { kind: "btn--wide", symbol: "mic" });
    const trouble = this.trouble && h("p", { class: "error" }, icon("alert"), " ", this.trouble);
    return [trouble, speak, speak && h("p", { class: "hint" }, say("voice.hint")), (!speak || this.trouble) && this.chooser()];
  }

  /** The phone's own recorder, where the page may not listen. */
  chooser() {
    const input = h("input", { class: "unseen", type: "file", accept: "audio/*", capture: true });
    input.addEventListener("change", () => input.files.length && this.take(input.files[0], null));
    return h("label", { class: "btn btn--wide chooser" }, icon("mic"), h("span", {}, say("voice.choose")), input);
  }

  listening() {
    this.time = h("span", { class: "voice__time", "aria-hidden": "true" });
    this.bar = h("div", { class: "voice__bar", "aria-hidden": "true" }, h("i"));
    this.tick();
    return h("div", { class: "voice__now" }, h("p", { class: "row apart" }, h("strong", {}, say("voice.listening")), this.time), this.bar,
      button(say("voice.end"), () => this.end(), { kind: "btn--solid btn--wide", symbol: "check" }),
      button(say("voice.giveup"), () => this.giveUp(), { kind: "btn--plain btn--wide" }));
  }

  kept() {
    const { medium } = this;
    this.label = h("span", { class: "sm", "data-state": medium.state }, stateWords(medium));
    const again = medium.state === "bad" && button(say("photo.bad"), () => medium.press(), { kind: "btn--wide", symbol: "again" });
    const out = button(say("voice.remove"), () => this.remove(), { kind: "btn--plain btn--small" });
    return [medium.file && listenToFile(medium.file, medium.seconds), medium.refused && h("p", { class: "error" }, icon("alert"), " ", medium.why),
      again, h("div", { class: "row apart" }, !medium.refused && this.label, out)];
  }
}
