// Listening to a voice message: one large button that plays and stops. The phone's own file is played without a network.

import { button } from "../../common/build.js";
import { toast } from "../../common/toast.js";
import { say, sayCount } from "../../common/words.js";

let playing = null;

/** A button that plays what `open(ended)` gives as {stop}; pressed again, or when another one plays, it stops. */
function player(open, seconds) {
  const idle = seconds ? say("voice.listen.for", { span: sayCount("span.seconds", seconds) }) : say("voice.listen");
  const own = { stop: () => {} };
  const show = words => {
    element.querySelector("span").textContent = words;
  };
  const ended = () => {
    if (playing === own) playing = null;
    show(idle);
  };
  const element = button(idle, async () => {
    const before = playing;
    if (before) before.stop();
    if (before === own) return;
    try {
      const sound = await open(ended);
      own.stop = () => (sound.stop(), ended());
      playing = own;
      show(say("voice.stop"));
    } catch (error) {
      toast(say("voice.unplayable"));
    }
  }, { kind: "btn--edge btn--wide", symbol: "sound" });
  return element;
}

/** For a file on the phone: decoded here, as a page may not play files by address. */
export function listenToFile(file, seconds) {
  return player(async ended => {
    const Ears = window.AudioContext || window.webkitAudioContext;
    const ears = new Ears();
    const bytes = await file.arrayBuffer();
    const source = ears.createBufferSource();
    source.buffer = await new Promise((resolve, reject) => ears.decodeAudioData(bytes, resolve, reject));
    source.connect(ears.destination);
    source.onended = () => {
      ears.close();
      ended();
    };
    source.start();
    return { stop: () => source.stop() };
  }, seconds);
}

/** For one the product keeps. */
export function listenTo(url) {
  return player(async ended => {
    const sound = new Audio(url);
    sound.onended = ended;
    await sound.play();
    return { stop: () => sound.pause() };
  });
}
