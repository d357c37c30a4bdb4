// Photos and voice that are already kept by the product: small pictures that open large.

import { h } from "../../common/build.js";
import { say } from "../../common/words.js";

/** The media of a complaint, an event or a result; nothing when there is none. */
export function pictures(media) {
  if (!media || !media.length) return null;
  return h("div", { class: "photos shown" }, media.map((one, at) => (one.kind === "voice" ? voice(one) : picture(one, at + 1))));
}

function picture(one, n) {
  return h("a", { class: "photo", href: one.url }, h("img", { src: one.thumbnail_url || one.url, alt: say("photo.open", { n }), loading: "lazy" }));
}

function voice(one) {
  return h("audio", { controls: true, preload: "none", src: one.url });
}
