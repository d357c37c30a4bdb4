// One M4A file of recorded sound: what a recorder writes in fragments, or as WebM, becomes the plain file every player and our door take.
//
// Nothing is encoded anew: the packets stay as the phone made them, only the boxes around them (ISO 14496-12) are written here.
// Start at `asM4a`.

import { box, full, u16, u32 } from "./boxes.js";
import { soundOfFragments } from "./mp4-fragments.js";
import { soundOfWebm } from "./webm-sound.js";

const LONGEST_SECONDS = 60;
const MOVIE_SCALE = 1000;
const MATRIX = [0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000];

/** The recording as a file the door takes; throws when it is no sound we know. */
export async function asM4a(recording) {
  const bytes = new Uint8Array(await recording.arrayBuffer());
  const isWebm = bytes.length > 4 && bytes[0] === 0x1a && bytes[1] === 0x45;
  const sound = isWebm ? soundOfWebm(bytes) : soundOfFragments(bytes);
  // A recorder that writes plain files needs no help.
  if (sound === null) return new File([bytes], "voice.m4a", { type: "audio/mp4" });
  if (!sound.samples.length) throw new Error("nothing was recorded");
  return new File([write(shortened(sound))], "voice.m4a", { type: "audio/mp4" });
}

/** A timer stops a recorder a little late: what is beyond the minute is left out. */
function shortened({ scale, entry, samples }) {
  let ticks = 0;
  const kept = samples.filter(({ duration }) => (ticks += duration) <= LONGEST_SECONDS * scale);
  return { scale, entry, samples: kept };
}

/** The whole file: kind, description, sound. `entry` is the sample entry, ready made; a sample is {duration, bytes}. */
function write({ scale, entry, samples }) {
  const ticks = samples.reduce((sum, { duration }) => sum + duration, 0);
  const sound = samples.map(({ bytes }) => bytes);
  const size = sound.reduce((sum, bytes) => sum + bytes.length, 0);
  const kind = box("ftyp", "M4A ", u32(0), "M4A mp42isom");
  const describe = start => box("moov", movieHead(ticks, scale), track({ ticks, scale, entry, samples, start }));
  const start = kind.length + describe(0).length + 8;
  return new Blob([kind, describe(start), u32(size + 8), new TextEncoder().encode("mdat"), ...sound]);
}

function movieHead(ticks, scale) {
  const duration = Math.round((ticks * MOVIE_SCALE) / scale);
  return full("mvhd", u32(0, 0, MOVIE_SCALE, duration, 0x00010000), u16(0x0100, 0), u32(0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, 2));
}

function track({ ticks, scale, entry, samples, start }) {
  const duration = Math.round((ticks * MOVIE_SCALE) / scale);
  const head = full("tkhd", { flags: 3 }, u32(0, 0, 1, 0, duration, 0, 0), u16(0, 0, 0x0100, 0), u32(...MATRIX, 0, 0));
  const handler = full("hdlr", u32(0), "soun", u32(0, 0, 0), [0]);
  const where = box("dinf", full("dref", u32(1), full("url ", { flags: 1 })));
  const tables = box("stbl", full("stsd", u32(1), entry), durations(samples), full("stsc", u32(1, 1, samples.length, 1)),
    full("stsz", u32(0, samples.length, ...samples.map(({ bytes }) => bytes.length))), full("stco", u32(1, start)));
  const media = box("mdia", full("mdhd", u32(0, 0, scale, ticks), u16(0x55c4, 0)), handler,
    box("minf", full("smhd", u16(0, 0)), where, tables));
  return box("trak", head, media);
}

/** How long each sample lasts, told in runs of equal ones. */
function durations(samples) {
  const runs = [];
  for (const { duration } of samples) {
    const last = runs[runs.length - 1];
    if (last && last[1] === duration) last[0] += 1;
    else runs.push([1, duration]);
  }
  return full("stts", u32(runs.length, ...runs.flat()));
}
