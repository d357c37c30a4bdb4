// Without words: who only speaks or only takes a photo gets a sentence from us, as the text of a complaint must have some.

import { say } from "../../common/words.js";

/** The fewest characters a complaint may have. */
export const shortest = 5;

/** The most. */
export const longest = 4000;

/** The sentence for what is there and was not refused: a voice message, photos, both; nothing where neither is. */
export function wordless({ voice, photos }) {
  const spoken = Boolean(voice && !voice.refused);
  const shown = (photos || []).some(photo => !photo.refused);
  if (spoken && shown) return say("wordless.both");
  if (spoken) return say("wordless.voice");
  return shown ? say("wordless.photo") : "";
}
