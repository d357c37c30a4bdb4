// The words of the pages: which language a person gets, and a sentence by its key. The sentences live in web/words/.

const TAGS = ["zh-Hans", "zh-Hant", "en"];
let current = "zh-Hans";
let sentences = {};
let plural = new Intl.PluralRules("zh");

/** The language the page speaks now. */
export function language() {
  return current;
}

/** The nearest language we have for a tag like zh-TW, or null. */
export function nearest(tag) {
  if (!tag) return null;
  const low = tag.toLowerCase();
  if (/^zh\b.*(hant|tw|hk|mo)\b/.test(low)) return "zh-Hant";
  if (low.startsWith("zh")) return "zh-Hans";
  return low.startsWith("en") ? "en" : null;
}

/** What to speak: the address wins, then the person's own setting, then the browser's list. */
export function preferred(own) {
  const asked = new URLSearchParams(location.search).get("lang");
  const wishes = [asked, own, ...(navigator.languages || [navigator.language])];
  for (const wish of wishes) if (nearest(wish)) return nearest(wish);
  return TAGS[0];
}

/** Load the sentences of one language and tell the document. */
export async function speak(tag) {
  const words = await import(`../words/${tag}.js`);
  sentences = words.default;
  current = tag;
  plural = new Intl.PluralRules(tag);
  document.documentElement.lang = tag;
}

/** A blank stands between Chinese and figures or Latin letters, never between two Chinese characters. */
function close(sentence) {
  return current === "en" ? sentence : sentence.replace(/([\u4e00-\u9fff]) (?=[\u4e00-\u9fff])/g, "$1");
}

/** One sentence, with its places filled. `|` in a sentence marks where a heading may break. */
export function sayBroken(key, places = {}) {
  if (!(key in sentences)) throw new Error(`no words for "${key}"`);
  return close(sentences[key].replace(/\{(\w+)\}/g, (hole, name) => String(places[name] ?? "")));
}

/** One sentence, without break marks. */
export function say(key, places = {}) {
  return sayBroken(key, places).replaceAll("|", "");
}

/** A counted thing: `key.one` or `key.other`, as the language counts. */
export function sayCount(key, n, places = {}) {
  return say(`${key}.${plural.select(n) === "one" ? "one" : "other"}`, { n, ...places });
}
