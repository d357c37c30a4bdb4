// Reading what a recorder writes as MP4: a description first, then the sound in fragments (ISO 14496-12, moof and mdat).

const INSIDE = ["moov", "trak", "mdia", "minf", "stbl", "mvex", "moof", "traf"];

/** The sound of a recording as {scale, entry, samples: [{duration, bytes}]}; null when the file is whole already. */
export function soundOfFragments(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const told = { scale: 0, entry: null, defaults: {}, samples: [] };
  let fragments = 0;
  let moof = 0;
  let part = null;
  for (const { kind, start, at, end } of walk(view, 0, bytes.length)) {
    if (kind === "hdlr" && word(view, at + 8) !== "soun") throw new Error("there is more in it than sound");
    else if (kind === "mdhd") told.scale = view.getUint32(at + (view.getUint8(at) === 1 ? 20 : 12));
    else if (kind === "stsd") told.entry = bytes.slice(at + 8, end);
    else if (kind === "trex") told.defaults = { duration: view.getUint32(at + 12), size: view.getUint32(at + 16) };
    else if (kind === "moof") [moof, fragments] = [start, fragments + 1];
    else if (kind === "tfhd") part = fragmentHead(view, at, moof, told.defaults);
    else if (kind === "trun") part.at = run(view, at, part, (duration, from, size) => told.samples.push({ duration, bytes: bytes.subarray(from, from + size) }));
  }
  if (!told.scale || !told.entry) throw new Error("this is no recording");
  return fragments ? told : null;
}

/** Every box, and those inside the ones that hold others; a cut-off last one is left out. */
function* walk(view, from, to) {
  for (let start = from; start + 8 <= to; ) {
    let size = view.getUint32(start);
    let at = start + 8;
    if (size === 1) [size, at] = [Number(view.getBigUint64(start + 8)), start + 16];
    if (size === 0) size = to - start;
    const end = start + size;
    if (end < at || end > to) return;
    const kind = word(view, start + 4);
    yield { kind, start, at, end };
    if (INSIDE.includes(kind)) yield* walk(view, at, end);
    start = end;
  }
}

function word(view, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map(n => view.getUint8(at + n)));
}

/** What holds for all samples of a fragment, and where its sound is counted from. */
function fragmentHead(view, at, moof, defaults) {
  const flags = view.getUint32(at) & 0xffffff;
  const told = { base: moof, at: moof, ...defaults };
  let next = at + 8;
  if (flags & 0x01) [told.base, next] = [Number(view.getBigUint64(next)), next + 8];
  if (flags & 0x02) next += 4;
  if (flags & 0x08) [told.duration, next] = [view.getUint32(next), next + 4];
  if (flags & 0x10) told.size = view.getUint32(next);
  return told;
}

/** One run of samples; answers where its sound ends. */
function run(view, at, part, each) {
  const flags = view.getUint32(at) & 0xffffff;
  const count = view.getUint32(at + 4);
  let next = at + 8;
  let from = part.at;
  if (flags & 0x001) [from, next] = [part.base + view.getInt32(next), next + 4];
  if (flags & 0x004) next += 4;
  for (let n = 0; n < count; n += 1) {
    let { duration, size } = part;
    if (flags & 0x100) [duration, next] = [view.getUint32(next), next + 4];
    if (flags & 0x200) [size, next] = [view.getUint32(next), next + 4];
    if (flags & 0x400) next += 4;
    if (flags & 0x800) next += 4;
    each(duration, from, size);
    from += size;
  }
  return from;
}
