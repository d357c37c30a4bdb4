// What a browser tab without a ticket shows: how to come in; on a test ground also a way to the test phones.

import { h, put } from "../../common/build.js";
import { startForGuest } from "../../common/start.js";
import { say } from "../../common/words.js";

async function testPhones() {
  try {
    const answer = await fetch(new URL("../../settings.json", import.meta.url), { cache: "no-store" });
    return answer.ok ? (await answer.json()).come_in_url : null;
  } catch (error) {
    return null;
  }
}

startForGuest(async () => {
  const phones = await testPhones();
  if (phones) put(document.querySelector("#phones"), h("a", { class: "btn btn--solid", href: phones }, say("comein.phones")));
});
