// One photo or voice message on its way up: it says its own state, goes a second time by itself, and then waits for a press.

import { dropFile, keepFile, keptFile } from "./file-store.js";
import { lighter, upload } from "./upload.js";

const AGAIN_MS = 2000;
const LONGEST_AGAIN_MS = 60000;

/** States: "waiting" (for a network), "going", "again" (in a moment, by itself), "bad" (`why` it was refused, or a press helps), "done". */
export class Medium {
  /** `kept` is what a draft remembers: {key, id, …}; `told` hears of every change, with true when only the part moved. */
  constructor(kept, told, { lasting = false } = {}) {
    const state = kept.id ? "done" : "waiting";
    const { key, id, thumbnail, seconds } = kept;
    Object.assign(this, { key, id, thumbnail, seconds, told, lasting, state, part: 0, why: "", failed: 0, patient: false });
  }

  /** Whether it was refused for good: trying again would not help. */
  get refused() {
    return this.state === "bad" && Boolean(this.why);
  }

  /** Keep the file on the phone until it is up. */
  keep() {
    return keepFile(this.key, this.file);
  }

  forget() {
    clearTimeout(this.timer);
    this.state = "gone";
    dropFile(this.key);
  }

  /** Take up what an earlier page or a dead network left. Answers false when the phone has lost the file. */
  async resume() {
    this.file = this.file || (await keptFile(this.key));
    if (this.state === "waiting" || (this.state === "bad" && !this.why)) {
      if (!this.file) return false;
      this.send();
    }
    return true;
  }

  /** A person pressed: begin anew. */
  press() {
    this.failed = 0;
    return this.send();
  }

  /** It is being handed in: go on by itself for as long as it takes. */
  setPatient(patient) {
    this.patient = patient;
    if (patient && this.state === "bad" && !this.why) this.press();
  }

  async send() {
    if (["going", "done", "gone"].includes(this.state)) return;
    clearTimeout(this.timer);
    Object.assign(this, { state: "going", part: 0, why: "" });
    this.told(this);
    try {
      this.light = this.light || (await this.lighten());
      const stored = await upload(this.light, this.key, part => {
        this.part = part;
        this.told(this, true);
      });
      if (this.state === "gone") return;
      Object.assign(this, { state: "done", id: stored.id, thumbnail: stored.thumbnail_url });
      // A photo is shown from the product from now on; a voice message is listened to from the phone until it is handed in.
      if (!this.lasting) dropFile(this.key);
    } catch (problem) {
      if (this.state === "gone") return;
      this.broke(problem);
    }
    this.told(this);
  }

  /** Make it smaller, and keep that instead: after a reload the same key goes with the same bytes. */
  async lighten() {
    const light = await lighter(this.file);
    if (light !== this.file && this.state !== "gone") await keepFile(this.key, light);
    return light;
  }

  broke(problem) {
    const passing = problem.passing || problem.status === 429;
    this.failed += 1;
    if (!passing) Object.assign(this, { state: "bad", why: problem.errors && problem.errors.length ? problem.errors[0].message : problem.title });
    else if (navigator.onLine === false) this.state = "waiting";
    else if (this.failed > 1 && !this.patient) this.state = "bad";
    else this.goAgain(problem.retryAfter ? problem.retryAfter * 1000 : AGAIN_MS * 2 ** (this.failed - 1));
  }

  goAgain(wait) {
    this.state = "again";
    this.timer = setTimeout(() => this.state === "again" && this.send(), Math.min(wait, LONGEST_AGAIN_MS));
  }
}
