// Reading what older phones record: Opus packets in WebM (RFC 9559), as a live recorder writes it.

import { box, u16, u32 } from "./boxes.js";

const SEGMENT = 0x18538067, CLUSTER = 0x1f43b675, TRACKS = 0x1654ae6b, ENTRY = 0xae, GROUP = 0xa0;
const INSIDE = [SEGMENT, CLUSTER, TRACKS, ENTRY, GROUP];
const CODEC = 0x86, CODEC_PRIVATE = 0x63a2, SIMPLE_BLOCK = 0xa3, BLOCK = 0xa1;
const BLOCK_HEAD = 4;
/** Opus always counts 48,000 a second, whatever was recorded (RFC 7845). */
const SCALE = 48000;
const CELT_TICKS = [120, 240, 480, 960];
const HYBRID_TICKS = [480, 960];
const SILK_TICKS = [480, 960, 1920, 2880];

/** The sound of a recording as {scale, entry, samples: [{duration, bytes}]}. */
export function soundOfWebm(bytes) {
  let entry = null;
  let codec = "";
  const samples = [];
  for (const { id, at, end } of elements(bytes)) {
    if (id === CODEC) codec = String.fromCharCode(...bytes.subarray(at, end));
    else if (id === CODEC_PRIVATE) entry = opusEntry(bytes.subarray(at, end));
    else if (id === SIMPLE_BLOCK || id === BLOCK) {
      const packet = bytes.subarray(at + BLOCK_HEAD, end);
      if (packet.length) samples.push({ duration: ticksOf(packet), bytes: packet });
    }
  }
  if (codec !== "A_OPUS" || !entry) throw new Error("this is no sound we know");
  return { scale: SCALE, entry, samples };
}

/** Every element; those that hold others are gone into, so that one of unknown size needs no end. */
function* elements(bytes) {
  for (let start = 0; start < bytes.length; ) {
    const id = number(bytes, start, false);
    const size = id && number(bytes, start + id.length, true);
    if (!size) return;
    const at = start + id.length + size.length;
    if (INSIDE.includes(id.value)) {
      start = at;
      continue;
    }
    const end = at + size.value;
    if (end > bytes.length) return;
    yield { id: id.value, at, end };
    start = end;
  }
}

/** A number whose first byte tells its length; an id keeps the telling bit, a size does not. */
function number(bytes, at, isSize) {
  const length = Math.clz32(bytes[at]) - 23;
  if (!(length >= 1 && length <= 8) || at + length > bytes.length) return null;
  let value = isSize ? bytes[at] & (0xff >> length) : bytes[at];
  for (let n = 1; n < length; n += 1) value = value * 256 + bytes[at + n];
  return { value, length };
}

/** How long one packet lasts, told by its first bytes (RFC 6716, 3.1). */
function ticksOf(packet) {
  const config = packet[0] >> 3;
  const one = config >= 16 ? CELT_TICKS[config & 3] : config >= 12 ? HYBRID_TICKS[config & 1] : SILK_TICKS[config & 3];
  const code = packet[0] & 3;
  return one * (code === 0 ? 1 : code === 3 ? packet[1] & 63 : 2);
}

/** The sample entry of Opus in MP4, made of WebM's own head (`OpusHead`, low byte first). */
function opusEntry(head) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const channels = view.getUint8(9);
  const told = box("dOps", [0, channels], u16(view.getUint16(10, true)), u32(view.getUint32(12, true)), u16(view.getUint16(16, true)), [0]);
  return box("Opus", [0, 0, 0, 0, 0, 0], u16(1), u32(0, 0), u16(channels, 16, 0, 0), u32(SCALE * 65536), told);
}
