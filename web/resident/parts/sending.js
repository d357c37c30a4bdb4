// Handing a complaint in so that a double tap, a lost answer and a retry make exactly one of it.

import { post } from "../../common/api.js";
import { remember } from "../../common/remember.js";

const FIRST_WAIT_MS = 4000;
const LONGEST_WAIT_MS = 60000;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Send the draft once. Answers the complaint; throws a Problem. Every form that was sent is kept until an answer came. */
export async function sendOnce(draft) {
  const body = draft.body();
  const earlier = (draft.kept.sent || []).filter(form => !same(form, body));
  draft.set({ sent: [...earlier, body] });
  try {
    const complaint = await post("/complaints", body, { key: draft.kept.key });
    // Words written while the answer was under way are not in it: they are offered as an addition.
    if (draft.body().text !== body.text) carryOver(complaint, draft.body().text);
    draft.drop();
    return complaint;
  } catch (problem) {
    // Refused means: not made. Only an unknown outcome has to be remembered.
    if (!problem.passing) draft.set({ sent: earlier });
    if (problem.status === 409 && earlier.length) return sentBefore(draft, earlier, body, problem);
    throw problem;
  }
}

/** Words that came too late for the complaint wait on its page as an addition. */
function carryOver(complaint, text) {
  remember(`more.${complaint.id}`, text);
  remember(`carried.${complaint.id}`, true);
}

/** The key is taken: an earlier form of this draft did arrive. Fetch its answer; the newer words are offered as an addition. */
async function sentBefore(draft, earlier, body, problem) {
  for (const form of earlier) {
    try {
      const complaint = await post("/complaints", form, { key: draft.kept.key });
      if (body.text !== form.text) carryOver(complaint, body.text);
      draft.drop();
      return complaint;
    } catch (other) {
      if (other.passing) throw other;
    }
  }
  throw problem;
}

/** Try until it is answered; `told` hears each passing trouble. Answers the complaint, or throws what will not pass. */
export class Sender {
  constructor(draft, told) {
    this.draft = draft;
    this.told = told;
    this.stopped = false;
    this.wakeUp = () => {};
  }

  async send() {
    for (let wait = FIRST_WAIT_MS; !this.stopped; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        return await sendOnce(this.draft);
      } catch (problem) {
        if (!problem.passing) throw problem;
        this.draft.set({ queued: true });
        this.told(problem);
        await this.pause(problem.retryAfter ? problem.retryAfter * 1000 : wait);
      }
    }
    return null;
  }

  /** Wait, but no longer than until the network is back. */
  pause(milliseconds) {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      window.addEventListener("online", this.wakeUp, { once: true });
    });
  }

  /** The person wants to change something first. */
  stop() {
    this.stopped = true;
    this.draft.set({ queued: false });
    this.wakeUp();
  }
}
