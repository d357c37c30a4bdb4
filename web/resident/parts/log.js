// What happened to a complaint, newest first, like a parcel's log; pressing letters are drawn as the letters they are.

import { h, icon } from "../../common/build.js";
import { keepFresh } from "../../common/fresh.js";
import { agoWords } from "../../common/times.js";
import { say } from "../../common/words.js";
import { pictures } from "./pictures.js";

const LETTERS = { urging_letter: "late", reminder_letter: "wait", supervision_letter: "late", special_report: "late" };
const TONES = {
  answered: "met", closed: "met", returned: "wait", waiting_for_resident: "pause", resumed: "run", extension_requested: "wait",
  extension_granted: "wait", not_accepted: "pause", supervised: "late", redone: "late",
};

/** Events a reader may see, newest first: by their own time, then by number. */
export function newestFirst(events) {
  return events.filter(readable).sort((one, other) => Date.parse(other.at) - Date.parse(one.at) || other.seq - one.seq);
}

/** A note without words is something this reader may not see. */
export function readable(event) {
  return event.type !== "note" || Boolean(event.text) || Boolean(event.media && event.media.length);
}

function letter(event) {
  const tone = LETTERS[event.type];
  return h("div", { class: event.type === "supervision_letter" || event.type === "special_report" ? "letter letter--double" : "letter", "data-tone": tone },
    h("div", { class: "letter__head" }, h("span", {}, icon("letter"), " ", say(`letter.${event.type}`))),
    event.unit && h("p", { class: "strong" }, event.unit),
    event.text && h("p", { class: "words" }, event.text));
}

function entry(event, complaint) {
  const tone = LETTERS[event.type] || TONES[event.type] || null;
  const line = h("li", { "data-tone": tone, "data-seq": event.seq },
    keepFresh(h("time", { datetime: event.at }), () => agoWords(event.at)), h("h3", {}, event.title || say("log.news")));
  if (event.type === "submitted") line.append(...ownWords(event, complaint));
  else if (LETTERS[event.type]) line.append(letter(event));
  else if (event.text) line.append(h("p", { class: "words" }, event.text));
  if (namesAnother(event, complaint)) line.append(h("p", { class: "sm" }, event.unit));
  const photos = event.type === "submitted" ? null : pictures(event.media);
  if (photos) line.append(photos);
  return line;
}

/** Whether the unit is worth its own line: not the one that answers anyway, not named in the title already. */
function namesAnother({ type, unit, title }, { responsible }) {
  return Boolean(unit) && !LETTERS[type] && !(title || "").includes(unit) && !(responsible && responsible.unit === unit);
}

function ownWords(event, complaint) {
  const words = event.text || complaint.text;
  const media = event.media && event.media.length ? event.media : complaint.media;
  return [words && h("p", { class: "quote words" }, words), pictures(media)].filter(Boolean);
}

/** Bring the log up to date: new lines go to their place, those that stand there stay untouched. */
export function drawLog(list, events, complaint) {
  newestFirst(events).forEach((event, at) => {
    const standing = list.querySelector(`[data-seq="${event.seq}"]`);
    const line = standing || entry(event, complaint);
    if (list.children[at] !== line) list.insertBefore(line, list.children[at] || null);
    line.toggleAttribute("data-now", at === 0);
  });
}

/** The newest event in words, for the live region. */
export function newsWords(event) {
  return [event.title, event.text].filter(Boolean).join(" ");
}
