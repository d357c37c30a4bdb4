// The phone's microphone for at most a minute: begins, says how long it has listened, ends with a file our door takes.

import { asM4a } from "./m4a.js";

export const LONGEST_MS = 60000;
const KINDS = ["audio/mp4;codecs=mp4a.40.2", "audio/mp4", "audio/webm;codecs=opus", "audio/webm"];
const BITS_PER_SECOND = 32000;
const WISHES = { channelCount: 1, echoCancellation: true, noiseSuppression: true };

function kind() {
  return KINDS.find(one => window.MediaRecorder.isTypeSupported(one));
}

/** Whether this browser can record what we can take; a page over plain http has no microphone at all. */
export function canRecord() {
  return Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia && window.MediaRecorder && kind());
}

/** One recording. `ended` hears when the minute is over, or when the phone takes the microphone away. */
export class Recorder {
  constructor(ended) {
    this.ended = ended;
    this.pieces = [];
  }

  /** Ask for the microphone and listen; fails when the person or the phone does not give it. */
  async begin() {
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: WISHES });
    this.machine = new MediaRecorder(this.stream, { mimeType: kind(), audioBitsPerSecond: BITS_PER_SECOND });
    this.machine.ondataavailable = piece => this.pieces.push(piece.data);
    this.finished = new Promise(resolve => {
      this.machine.onstop = resolve;
    });
    this.machine.start();
    this.beganAt = performance.now();
    this.timer = setTimeout(() => this.ended(), LONGEST_MS);
    this.stream.getAudioTracks().forEach(track => track.addEventListener("ended", () => this.ended()));
  }

  /** For how long it has listened. */
  lasted() {
    return Math.min(LONGEST_MS, performance.now() - this.beganAt);
  }

  /** End, and give {file, seconds}. */
  async end() {
    const seconds = Math.max(1, Math.round(this.lasted() / 1000));
    await this.letGo();
    return { file: await asM4a(new Blob(this.pieces)), seconds };
  }

  /** Let the microphone go: the sign that somebody listens must leave the screen at once. */
  async letGo() {
    clearTimeout(this.timer);
    if (this.machine && this.machine.state !== "inactive") this.machine.stop();
    await this.finished;
    if (this.stream) this.stream.getTracks().forEach(track => track.stop());
  }
}
