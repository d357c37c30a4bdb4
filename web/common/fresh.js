// Words that time makes old ("10 分钟前"): said anew as long as they stand on the page.

const EVERY_MS = 15000;
const kept = new Map();
let timer = 0;

/** Say `words()` in an element now, and again whenever they have become others. */
export function keepFresh(element, words) {
  element.textContent = words();
  kept.set(element, words);
  timer = timer || setInterval(refresh, EVERY_MS);
  return element;
}

/** Say all of them anew: time went by, or the server's clock was learned. What stands on no page any more is forgotten. */
export function refresh() {
  for (const [element, words] of kept) {
    const now = words();
    if (!element.isConnected) kept.delete(element);
    else if (element.textContent !== now) element.textContent = now;
  }
}
