// Filing a complaint: one page, one solid button; everything is kept on the phone from the first letter on.

import { problemWords } from "../../common/api.js";
import { button, h, put } from "../../common/build.js";
import { sayWhenOffline } from "../../common/net.js";
import { remember } from "../../common/remember.js";
import { start } from "../../common/start.js";
import { spanWords } from "../../common/times.js";
import { say } from "../../common/words.js";
import { CategoryPicker } from "../parts/category-picker.js";
import { openDraft } from "../parts/draft.js";
import { EmergencyWatch, emergencyNumbers } from "../parts/emergency.js";
import { badField, clearBad, focusOn, placeErrors, problemNotice } from "../parts/fields.js";
import { PhotoPicker } from "../parts/photo-picker.js";
import { PlacePicker } from "../parts/place-picker.js";
import { Questions } from "../parts/questions.js";
import { Sender } from "../parts/sending.js";
import { drawSimilar } from "../parts/similar.js";
import { VoicePicker } from "../parts/voice-picker.js";
import { shortest, wordless } from "../parts/wordless.js";

const MOBILE = /^(\+?86)?1\d{10}$/;
const HURRY_MS = 600;
const GUESS_MS = 1200;
const WAY_BACK_MS = 1500;
const find = id => document.querySelector(`#${id}`);

start(async resident => new Filing(resident), { offline: "offline.writing" });

/** What is wrong with the person one speaks for; marks it. */
function badBehalf({ name, phone }) {
  const bad = [];
  if (!name.trim()) bad.push(badField(find("field-behalf-name"), say("behalf.name.missing")));
  if (MOBILE.test(phone.replace(/[\s-]/g, ""))) return bad;
  return [...bad, badField(find("field-behalf-phone"), say("behalf.phone.bad", { n: phone.replace(/\D/g, "").length }))];
}

class Filing {
  constructor(resident) {
    this.draft = openDraft(resident);
    this.timers = {};
    put(find("emergency"), emergencyNumbers());
    this.hurry = new EmergencyWatch(find("hurry"), Boolean(this.draft.kept.hurry), () => this.draft.set({ hurry: true }));
    this.startText();
    this.startPickers(resident);
    this.startWho();
    this.startBehalf();
    this.startSending();
  }

  after(name, milliseconds, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, milliseconds);
  }

  startText() {
    const box = find("text");
    box.value = this.draft.kept.text;
    box.addEventListener("input", () => {
      this.draft.set({ text: box.value });
      clearBad(find("field-text"));
      this.sayWordless();
      this.listen();
    });
    this.sayWordless();
  }

  /** Who does not write is told beforehand what will stand there instead. */
  sayWordless() {
    const { text } = this.draft.kept;
    const sentence = text.trim().length < shortest && wordless(this.draft.kept);
    find("wordless").textContent = sentence ? say("wordless.told", { sentence }) : "";
  }

  /** The words changed: first whether someone is in danger, then what it may be about. */
  listen() {
    const text = this.draft.kept.text.trim();
    this.after("hurry", HURRY_MS, () => text.length > 1 && this.hurry.check(text));
    this.after("guess", GUESS_MS, () => this.guess());
  }

  guess() {
    const { text: written, where } = this.draft.kept;
    const text = written.trim();
    if (text.length < shortest) return;
    this.categories.suggest(text);
    drawSimilar(find("similar"), { text, placeId: where && where.place && where.place.id }, () => this.draft.kept.text.trim() === text);
  }

  startPickers(resident) {
    const { kept } = this.draft;
    this.photos = new PhotoPicker(find("field-photos"), kept.photos, photos => {
      this.draft.set({ photos });
      this.mediaMoved("field-photos");
    }, { taken: () => (this.draft.kept.voice ? 1 : 0) });
    this.voice = new VoicePicker(find("field-voice"), kept.voice, voice => {
      this.draft.set({ voice });
      this.photos.draw();
      this.mediaMoved("field-voice");
    });
    const where = kept.where === undefined && resident.home ? { place: resident.home.place } : kept.where || null;
    if (kept.where === undefined) this.draft.kept.where = where;
    new PlacePicker(find("field-place"), where, chosen => {
      this.draft.set({ where: chosen });
      clearBad(find("field-place"));
      this.guess();
    });
    this.categories = new CategoryPicker(find("field-category"), kept.category || null, category => {
      this.draft.set({ category });
      clearBad(find("field-category"));
      this.questions.show(category && category.code);
    });
    this.questions = new Questions(find("questions"), kept.answers, answers => this.draft.set({ answers }));
    if (kept.category) this.questions.show(kept.category.code);
    if (kept.text) this.listen();
  }

  startWho() {
    for (const radio of document.querySelectorAll("[name=who]")) {
      radio.checked = radio.value === this.draft.kept.who;
      radio.addEventListener("change", () => this.draft.set({ who: radio.value }));
    }
  }

  startBehalf() {
    const behalf = this.draft.kept.behalf || { on: false, name: "", phone: "" };
    const show = () => {
      find("behalf-fields").hidden = !find("behalf").checked;
    };
    const keep = () => this.draft.set({ behalf: { on: find("behalf").checked, name: find("behalf-name").value, phone: find("behalf-phone").value } });
    find("behalf").checked = behalf.on;
    find("behalf-name").value = behalf.name;
    find("behalf-phone").value = behalf.phone;
    show();
    find("behalf").addEventListener("change", () => (show(), keep()));
    for (const name of ["name", "phone"]) {
      find(`behalf-${name}`).addEventListener("input", () => {
        keep();
        clearBad(find(`field-behalf-${name}`));
      });
    }
  }

  startSending() {
    this.sendButton = button(say("file.send"), () => this.handIn(), { kind: "btn--solid btn--wide" });
    this.changeButton = button(say("file.change"), () => this.goBack(), { kind: "btn--plain btn--wide" });
    this.changeButton.hidden = true;
    put(find("send"), this.sendButton, this.changeButton);
    if (this.draft.kept.queued) this.sendButton.click();
  }

  /** What can be seen to be missing without asking; marks it and answers whether all is well. */
  ready() {
    const { where, behalf } = this.draft.kept;
    const bad = [];
    if (this.draft.words().length < shortest) bad.push(badField(find("field-text"), say("file.text.short", { n: shortest })));
    if (this.voice.refused()) bad.push(badField(find("field-voice"), say("voice.notyet")));
    if (this.photos.refused()) bad.push(badField(find("field-photos"), say("photos.notyet")));
    if (!where) bad.push(badField(find("field-place"), say("place.missing")));
    if (behalf && behalf.on) bad.push(...badBehalf(behalf));
    if (bad.length) focusOn(bad[0]);
    return bad.length === 0;
  }

  async handIn() {
    put(find("trouble"));
    await this.voice.end();
    if (!this.ready()) return;
    const written = this.draft.kept.text.trim();
    if (written.length > 1 && (await this.hurry.check(written))) return void this.hurry.show();
    this.hold(true);
    this.draft.set({ queued: true });
    try {
      await this.mediaUp();
      if (!this.held) return;
      if (this.voice.refused() || this.photos.refused()) return this.refusedMedium();
      this.sender = new Sender(this.draft, problem => this.sayWaiting(problem));
      const complaint = await this.sender.send();
      if (!complaint) return;
      remember("sent", complaint.id, "sessionStorage");
      location.replace(`progress.html?id=${encodeURIComponent(complaint.id)}`);
    } catch (problem) {
      this.refused(problem);
    }
  }

  /** While it is being handed in nothing may change, or what arrives would not be what is seen. */
  hold(on) {
    this.held = on;
    for (const box of document.querySelectorAll(".main input, .main textarea, .main select, .main button")) box.disabled = on;
    find("sending").textContent = on ? say("file.sending") : "";
    // Not at once: the second tap of a double tap must not land on the way back.
    clearTimeout(this.timers.wayBack);
    if (on) this.after("wayBack", WAY_BACK_MS, () => (this.changeButton.hidden = false));
    else this.changeButton.hidden = true;
    for (const picker of [this.voice, this.photos]) picker.setPatient(on);
    sayWhenOffline(on ? "offline.queued" : "offline.writing");
  }

  goBack() {
    if (this.sender) this.sender.stop();
    this.draft.set({ queued: false });
    this.hold(false);
    if (this.tellMedia) this.tellMedia();
    this.sendButton.focus();
  }

  /** A photo or the voice message came, went, or is up. */
  mediaMoved(field) {
    clearBad(find(field));
    clearBad(find("field-text"));
    this.sayWordless();
    if (this.held) for (const box of find(field).querySelectorAll("button:not(.photo__again), input")) box.disabled = true;
    if (this.tellMedia) this.tellMedia();
  }

  /** Wait until every photo and the voice message are up; one that is refused ends the waiting. */
  async mediaUp() {
    const pickers = [this.voice, this.photos];
    while (this.held && !pickers.every(one => one.complete()) && !pickers.some(one => one.refused())) {
      find("sending").textContent = say("file.sending.photos");
      await new Promise(resolve => {
        this.tellMedia = resolve;
      });
    }
    this.tellMedia = null;
    if (this.held) find("sending").textContent = say("file.sending");
  }

  sayWaiting(problem) {
    const at = problem.retryAfter ? say("file.waiting.at", { span: spanWords(problem.retryAfter * 1000) }) : "";
    find("sending").textContent = [say("file.waiting"), at].filter(Boolean).join(" ");
  }

  refusedMedium() {
    this.goBack();
    if (this.voice.refused()) focusOn(badField(find("field-voice"), say("voice.notyet")));
    else focusOn(badField(find("field-photos"), say("photos.notyet")));
  }

  refused(problem) {
    this.draft.set({ queued: false });
    this.hold(false);
    const homeless = placeErrors(problem, {
      "/text": find("field-text"), "/media_ids": find("field-photos"), "/place_id": find("field-place"), "/location": find("field-place"),
      "/category": find("field-category"), "/answers": find("field-category"),
      "/on_behalf_of/name": find("field-behalf-name"), "/on_behalf_of/phone": find("field-behalf-phone"),
      "/confidential": find("field-who"), "/anonymous": find("field-who"),
    });
    const words = homeless.length ? homeless.join(" ") : problem.errors.length ? "" : problemWords(problem);
    if (!words) return;
    const notice = problemNotice(words);
    put(find("trouble"), notice);
    notice.scrollIntoView({ block: "center" });
  }
}
