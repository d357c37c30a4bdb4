// What a resident may still do about a complaint: add to it, urge, withdraw, have it redone, follow. The server says which (`can`).

import { call, post, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { freshKey, recall, remember } from "../../common/remember.js";
import { askOnSheet } from "../../common/sheet.js";
import { serverNow, whenWords } from "../../common/times.js";
import { toast } from "../../common/toast.js";
import { say } from "../../common/words.js";
import { badField, clearBad } from "./fields.js";
import { PhotoPicker } from "./photo-picker.js";
import { VoicePicker } from "./voice-picker.js";
import { wordless } from "./wordless.js";

/** Ask for words on a sheet and post them; the sheet stays open with the reason when that fails. */
async function tellOnSheet({ name, path, wordsNeeded, complaint, solid }) {
  const key = freshKey();
  const box = h("textarea", { class: "input", id: "sheet-text", rows: "3", maxlength: "500" });
  const field = h("div", { class: "field" }, h("label", { for: "sheet-text" }, say(`${name}.reason`)), box);
  const done = await askOnSheet({
    title: say(`${name}.title`), body: [h("p", {}, say(`${name}.line`)), field], yes: solid, act: async () => {
      clearBad(field);
      const reason = box.value.trim();
      if (wordsNeeded && !reason) {
        badField(field, say("reason.missing"));
        box.focus();
        return false;
      }
      return attempt(() => post(path(complaint), { reason: reason || say("withdraw.noreason") }, { key }), field);
    },
  });
  if (done) toast(say(`${name}.done`));
  return done;
}

async function attempt(act, field) {
  try {
    await act();
    return true;
  } catch (problem) {
    badField(field, problem.errors.length ? problem.errors[0].message : problemWords(problem));
    return false;
  }
}

async function urge(complaint) {
  const key = freshKey();
  const field = h("div", { class: "field" }, h("span", { class: "error-here" }));
  const done = await askOnSheet({
    title: say("urge.title"), body: [h("p", {}, say("urge.line")), field], yes: say("urge.yes"), no: say("urge.no"),
    act: () => attempt(() => post(`/complaints/${complaint.id}/urgings`, undefined, { key }), field),
  });
  if (done) toast(say("urge.done"));
  return done;
}

/** The urge button: ready, or saying when it will be. Null where urging makes no sense. */
function urgeButton(complaint, changed) {
  const early = complaint.urge_after && Date.parse(complaint.urge_after) > serverNow();
  if (complaint.can.includes("urge") && !early) return button(say("urge.open"), async () => (await urge(complaint)) && changed(), { symbol: "bell" });
  if (!early) return null;
  const words = h("span", {}, say("urge.later", { time: whenWords(complaint.urge_after) }));
  return h("button", { type: "button", class: "btn", "aria-disabled": "true" }, icon("bell"), words);
}

/** Adding words, a voice message, photos; what is typed is kept until it is sent. */
function supplementForm(complaint, changed, close) {
  const store = `more.${complaint.id}`;
  const key = freshKey();
  const given = { voice: null, photos: [] };
  const box = h("textarea", { class: "input", id: "more-text", rows: "4", maxlength: "4000", value: recall(store) || "" });
  const field = h("div", { class: "field" }, h("label", { for: "more-text" }, say("more.label")), box);
  const told = h("p", { class: "notice__line", role: "status" });
  const voiceField = h("div", { class: "field" });
  const photoField = h("div", { class: "field" });
  const showWordless = () => {
    const sentence = !box.value.trim() && wordless(given);
    told.textContent = sentence ? say("wordless.told", { sentence }) : "";
  };
  const take = change => {
    Object.assign(given, change);
    clearBad(field);
    showWordless();
  };
  const photos = new PhotoPicker(photoField, [], kept => take({ photos: kept }), { taken: () => (given.voice ? 1 : 0) });
  const voice = new VoicePicker(voiceField, null, kept => {
    take({ voice: kept });
    photos.draw();
  });
  box.addEventListener("input", () => {
    remember(store, box.value || null);
    showWordless();
  });
  const leave = () => {
    voice.leave();
    close();
  };
  const send = button(say("more.send"), async () => {
    clearBad(field);
    await voice.end();
    const text = box.value.trim() || wordless(given);
    if (!text) return void (badField(field, say("more.missing")), box.focus());
    if (!voice.complete()) return void badField(voiceField, say("voice.notyet"));
    if (!photos.complete()) return void badField(photoField, say("photos.notyet"));
    const body = { text, media_ids: [given.voice, ...given.photos].filter(Boolean).map(one => one.id) };
    const sent = await attempt(() => post(`/complaints/${complaint.id}/supplements`, body, { key }), field);
    if (!sent) return undefined;
    remember(store, null);
    toast(say("more.done"));
    leave();
    return changed();
  }, { kind: "btn--solid btn--wide" });
  const carried = recall(`carried.${complaint.id}`) && h("p", {}, say("more.carried"));
  const out = button(say("sheet.leave"), leave, { kind: "btn--plain btn--wide" });
  return h("section", { class: "card", id: "more" }, h("h2", {}, say("more.title")), carried, field, told, voiceField, photoField, send, out);
}

/** Draws the acts into `place` and the ways out into `out`; keeps an open form open while news arrive. `leaving` is called before the page is left. */
export class Acts {
  constructor(place, out, changed, leaving) {
    Object.assign(this, { place, out, changed, leaving, form: null, drawn: "" });
  }

  draw(complaint) {
    this.complaint = complaint;
    const { can, urge_after: later, followed, mine, status } = complaint;
    const early = Boolean(later) && Date.parse(later) > serverNow();
    const now = JSON.stringify([can, early, later, followed, mine, status, Boolean(this.form)]);
    if (now === this.drawn) return;
    this.drawn = now;
    if (!can.includes("supplement")) this.form = null;
    const add = can.includes("supplement") && !this.form && button(say("more.open"), () => this.openForm(), { symbol: "plus" });
    const acts = [add, urgeButton(complaint, this.changed), this.followButton()].filter(Boolean);
    put(this.place, this.form, acts.length > 0 && h("div", { class: "actions" }, acts));
    put(this.out, can.includes("reopen") && this.link("reopen"), can.includes("withdraw") && this.link("withdraw"));
    if (recall(`more.${complaint.id}`) && can.includes("supplement") && !this.form) this.openForm(false);
  }

  openForm(focus = true) {
    this.form = supplementForm(this.complaint, this.changed, () => this.closeForm());
    this.draw(this.complaint);
    if (focus) this.form.querySelector("textarea").focus();
  }

  closeForm() {
    remember(`more.${this.complaint.id}`, null);
    remember(`carried.${this.complaint.id}`, null);
    this.form = null;
    this.draw(this.complaint);
    this.place.querySelector("button")?.focus();
  }

  followButton() {
    const { id, mine, followed, can } = this.complaint;
    if (mine || !(followed || can.includes("follow"))) return null;
    if (followed) return button(say("follow.stop"), () => this.unfollow(), { symbol: "people" });
    return button(say("follow.start"), async () => {
      await call("PUT", `/complaints/${id}/follow`);
      toast(say("follow.started"));
      await this.changed();
    }, { symbol: "people" });
  }

  /** Whoever follows no longer may no longer look either: back to the list. */
  async unfollow() {
    this.leaving(); // or the feed, refused from now on, would load this page anew while the list is on its way
    try {
      await call("DELETE", `/complaints/${this.complaint.id}/follow`);
      location.replace("complaints.html?scope=followed");
    } catch (problem) {
      location.reload();
    }
  }

  link(name) {
    const paths = { withdraw: one => `/complaints/${one.id}/withdrawal`, reopen: one => `/complaints/${one.id}/reopening` };
    return h("button", { type: "button", class: "link", on: { click: async () => {
      const done = await tellOnSheet({ name, path: paths[name], wordsNeeded: name === "reopen", complaint: this.complaint, solid: say(`${name}.yes`) });
      if (done) await this.changed();
    } } }, say(`${name}.open`));
  }
}
