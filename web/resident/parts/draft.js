// The draft of a complaint: kept on the phone from the first letter, with the key that makes it one complaint however often it is sent.

import { freshKey, recall, remember } from "../../common/remember.js";
import { say } from "../../common/words.js";
import { dropFile } from "./file-store.js";
import { longest, shortest, wordless } from "./wordless.js";

/** The draft of this person, or a new one. */
export function openDraft(resident) {
  const kept = recall(`draft.${resident.id}`);
  return new Draft(resident.id, kept || { key: freshKey(), text: "", photos: [], who: "named" });
}

class Draft {
  constructor(residentId, kept) {
    this.name = `draft.${residentId}`;
    this.kept = kept;
  }

  /** Change some of it and keep it. */
  set(change) {
    Object.assign(this.kept, change);
    remember(this.name, this.kept);
  }

  /** Sent, or given up: forget it. */
  drop() {
    remember(this.name, null);
    for (const { key } of this.media()) dropFile(key);
  }

  /** The voice message and the photos, in the order in which one would take them up. */
  media() {
    const { voice, photos } = this.kept;
    return [voice, ...photos].filter(Boolean);
  }

  /** What is sent as the words: those written; too few of them beside a voice message or photo are helped by a sentence. */
  words() {
    const written = this.kept.text.trim();
    if (written.length >= shortest) return written;
    return [written, wordless(this.kept)].filter(Boolean).join(" ");
  }

  /** What is sent as the words, with the estate's name where only its community could be chosen: the unit has to find it. */
  told() {
    const words = this.words();
    const { estate } = this.kept.where || {};
    if (!estate || words.includes(estate)) return words;
    const told = `${words}\n${say("place.estate.sentence", { name: estate })}`;
    return told.length > longest ? words : told;
  }

  /** The body to send, as it stands now. */
  body() {
    const { category, where, who, behalf, answers } = this.kept;
    const mediaIds = this.media().filter(medium => medium.id).map(medium => medium.id);
    const body = { text: this.told(), media_ids: mediaIds, confidential: who !== "named", anonymous: who === "nobody" };
    if (category) body.category = category.code;
    if (category && answers && Object.keys(answers).length) body.answers = answers;
    if (where && where.place) body.place_id = where.place.id;
    else if (where && where.location) body.location = where.location;
    if (behalf && behalf.on) body.on_behalf_of = { name: behalf.name.trim(), phone: behalf.phone.replace(/[\s-]/g, "") };
    return body;
  }
}
