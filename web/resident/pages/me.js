// About me: my phone (masked), my home, the language and size of words, what I agreed to, my data, and leaving.

import { call, problemWords } from "../../common/api.js";
import { button, h, icon, put } from "../../common/build.js";
import { chooseLarge } from "../../common/look.js";
import { plateWords } from "../../common/places.js";
import { remember, rememberLook } from "../../common/remember.js";
import { start } from "../../common/start.js";
import { toast } from "../../common/toast.js";
import { language, say } from "../../common/words.js";
import { badField, clearBad, problemNotice } from "../parts/fields.js";
import { leaveForGood, showConsents, takeAlong } from "../parts/my-data.js";
import { PlacePicker } from "../parts/place-picker.js";

const LANGUAGES = { "zh-Hans": "简体中文", "zh-Hant": "繁體中文", en: "English" };
const find = id => document.querySelector(`#${id}`);

function trouble(problem) {
  put(find("trouble"), problemNotice(problemWords(problem)));
}

/** The home as it stands, with the way to change it. */
function showHome(home) {
  const place = find("home-now");
  const change = button(say(home ? "me.home.change" : "me.home.say"), () => changeHome(home), { kind: "btn--edge" });
  if (!home) return void put(place, h("p", {}, say("me.home.none")), change);
  const plate = h("span", { class: "plate" }, icon("pin"), plateWords(home.place));
  const room = home.room && h("span", { class: "strong" }, say("me.room.is", { room: home.room }));
  put(place, h("div", { class: "stack" }, h("div", { class: "row" }, plate, room),
    h("p", { class: "sm dim" }, say(`me.home.${home.standing || "claimed"}`)), h("div", {}, change)));
}

function changeHome(home) {
  const box = find("home-now");
  const placeField = h("div", { class: "field" });
  const room = h("input", {
    class: "input", id: "room", maxlength: "20", autocomplete: "off", value: (home && home.room) || "", "data-hint": "room-hint", "aria-describedby": "room-hint",
  });
  const hint = h("p", { class: "hint", id: "room-hint" }, say("me.room.hint"));
  const roomField = h("div", { class: "field" }, h("label", { for: "room" }, say("me.room")), hint, room);
  put(box, h("div", { class: "stack" }));
  const stack = box.firstElementChild;
  stack.append(placeField, roomField);
  const picker = new PlacePicker(placeField, home ? { place: home.place } : null, () => clearBad(placeField), { here: false, kind: "building" });
  stack.append(button(say("me.home.save"), async () => {
    if (!picker.chosen) return void badField(placeField, say("me.home.missing"));
    return save(picker.chosen.place, room.value.trim(), placeField, roomField);
  }, { kind: "btn--solid btn--wide" }), button(say("sheet.leave"), () => showHome(home), { kind: "btn--plain btn--wide" }));
  stack.querySelector("input, button").focus();
}

async function save(place, room, placeField, roomField) {
  try {
    clearBad(placeField);
    clearBad(roomField);
    const me = await call("PUT", "/me/home", { body: { place_id: place.id, room } });
    showHome(me.home);
    toast(say("me.home.saved"));
    find("home-now").querySelector("button").focus();
  } catch (problem) {
    const field = problem.errors.some(error => error.pointer === "/room") ? roomField : placeField;
    badField(field, problem.errors.length ? problem.errors[0].message : problemWords(problem));
  }
}

function showLanguages() {
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const radio = h("input", { type: "radio", name: "language", value: tag, checked: tag === language() });
    radio.addEventListener("change", async () => {
      try {
        await call("PATCH", "/me", { body: { language: tag } });
        rememberLook("language", tag);
        location.replace(location.pathname);
      } catch (problem) {
        trouble(problem);
      }
    });
    find("languages").append(h("label", { class: "choice" }, radio, h("span", { lang: tag }, name)));
  }
}

function showSize(large) {
  find("large").checked = large;
  find("large").addEventListener("change", () => chooseLarge(find("large").checked).catch(trouble));
}

async function leave() {
  try {
    await call("DELETE", "/sessions/current");
  } catch (problem) {
    return trouble(problem);
  }
  return gone();
}

/** Nobody is signed in here any more. */
function gone() {
  remember("csrf", null, "sessionStorage");
  // The next person on this phone reads as they like.
  rememberLook("language", null);
  rememberLook("text", null);
  return location.replace("come-in.html");
}

start(async resident => {
  find("phone").textContent = resident.phone_masked || say("me.phone.none");
  showHome(resident.home);
  showLanguages();
  showSize(Boolean(resident.large_text));
  showConsents(find("consents-now"));
  put(find("leave"), h("div", { class: "stack" },
    button(say("me.export"), () => takeAlong(find("trouble")), { kind: "btn--edge btn--wide" }),
    button(say("me.leave"), leave, { kind: "btn--edge btn--wide" }),
    button(say("me.erase"), () => leaveForGood(gone), { kind: "btn--plain btn--wide" })));
  if (location.hash === "#home") {
    find("home").scrollIntoView();
    find("home-now").querySelector("button").focus();
  }
});
