// What this phone remembers between pages; a browser that forbids storage only forgets, it never fails.

/** Read one remembered thing, or null. */
export function recall(name, store = "localStorage") {
  try {
    const kept = window[store].getItem(`linli.${name}`);
    return kept === null ? null : JSON.parse(kept);
  } catch (error) {
    return null;
  }
}

/** Keep one thing; null forgets it. Answers whether it is really kept. */
export function remember(name, value, store = "localStorage") {
  try {
    if (value === null) window[store].removeItem(`linli.${name}`);
    else window[store].setItem(`linli.${name}`, JSON.stringify(value));
    return true;
  } catch (error) {
    return false;
  }
}

/** Keep a plain word that look.js reads before the modules are there. */
export function rememberLook(name, word) {
  try {
    if (word === null) localStorage.removeItem(`linli.${name}`);
    else localStorage.setItem(`linli.${name}`, word);
  } catch (error) {
    // Forgetting the look is harmless.
  }
}

/** A name nobody else makes, for Idempotency-Key: also where crypto.randomUUID is missing (plain http). */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
}
