// Photos and voice that are already kept by the product: small pictures that open large.

import { h } from "../../common/build.js";
import { say } from "../../common/words.js";
import { listenTo } from "./listening.js";

/** The media of a complaint, an event or a result; nothing when there is none. */
export function pictures(media) {
  if (!media || !media.length) return null;
  const voices = media.filter(one => one.kind === "voice");
  const photos = media.filter(one => one.kind !== "voice");
  return h("div", { class: "tight media" }, voices.map(one => listenTo(one.url)),
    photos.length > 0 && h("div", { class: "photos shown" }, photos.map((one, at) => picture(one, at + 1))));
}

function picture(one, n) {
  return h("a", { class: "photo", href: one.url }, h("img", { src: one.thumbnail_url || one.url, alt: say("photo.open", { n }), loading: "lazy" }));
}
