// Writing the boxes of ISO 14496-12, which sound files are made of: sizes, four-letter kinds, numbers with the high byte first.

/** A box that begins with version 0 and flags, told as {flags} before its content. */
export function full(kind, ...content) {
  const { flags = 0 } = content[0] && content[0].flags ? content.shift() : {};
  return box(kind, u32(flags), ...content);
}

/** A box: its size, its four-letter kind, its content. */
export function box(kind, ...content) {
  const rows = [kind, ...content].map(piece => (typeof piece === "string" ? new TextEncoder().encode(piece) : Uint8Array.from(piece)));
  const size = rows.reduce((sum, row) => sum + row.length, 4);
  const whole = new Uint8Array(size);
  whole.set(u32(size));
  rows.reduce((at, row) => (whole.set(row, at), at + row.length), 4);
  return whole;
}

/** Numbers of four bytes, the high one first. */
export function u32(...numbers) {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, at) => view.setUint32(4 * at, number));
  return new Uint8Array(view.buffer);
}

/** Numbers of two bytes, the high one first. */
export function u16(...numbers) {
  return Uint8Array.from(numbers.flatMap(number => [(number >> 8) & 255, number & 255]));
}
