// Building elements safely: words always become text, never markup.

import { say, sayBroken } from "./words.js";

const SPRITE = new URL("../style/icons.svg", import.meta.url);
const SVG = "http://www.w3.org/2000/svg";

/** An element. Traits: `on` (listeners), `style` (properties), `true` = bare attribute, null or false = none. */
export function h(tag, traits = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) setTrait(element, name, value);
  element.append(...present(children));
  return element;
}

function setTrait(element, name, value) {
  if (name === "on") for (const [kind, act] of Object.entries(value)) element.addEventListener(kind, act);
  else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (name === "value") element.value = value;
  else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
}

function present(children) {
  return children.flat(3).filter(child => child !== null && child !== undefined && child !== false && child !== "");
}

/** Bring all drawings into the page at once, so that a drawing first needed without a network is there too. */
export async function loadIcons() {
  try {
    const text = await (await fetch(SPRITE)).text();
    const sprite = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    sprite.setAttribute("class", "unseen");
    sprite.setAttribute("aria-hidden", "true");
    document.body.append(sprite);
  } catch (error) {
    // Every drawing stands beside its words; without them the page still says everything.
  }
}

/** One drawing of the sprite; beside words, so hidden from screen readers. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  drawing.setAttribute("class", "i");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  drawing.append(use);
  return drawing;
}

/** Text whose `|` marks become places where a line may break. */
export function breaking(text) {
  return text.split("|").flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));
}

/** A heading's sentence by key, with its break places. */
export function heading(key, places) {
  return breaking(sayBroken(key, places));
}

/** Replace what an element holds. */
export function put(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

/** Fill the words and icons an HTML file asks for by data-say, data-say-label, data-icon. */
export function fillWords(root = document) {
  for (const element of root.querySelectorAll("[data-say]")) put(element, heading(element.dataset.say));
  for (const element of root.querySelectorAll("[data-say-label]")) element.setAttribute("aria-label", say(element.dataset.sayLabel));
  for (const element of root.querySelectorAll("[data-say-hint]")) element.setAttribute("placeholder", say(element.dataset.sayHint));
  for (const element of root.querySelectorAll("[data-icon]")) {
    if (!element.firstElementChild) element.append(icon(element.dataset.icon));
  }
}

/** A button that says how long it works: pressed twice, it acts once. */
export function button(words, act, { kind = "", symbol = null, ...traits } = {}) {
  const element = h("button", { type: "button", class: `btn ${kind}`.trim(), ...traits }, symbol && icon(symbol), h("span", {}, words));
  element.addEventListener("click", async event => {
    if (element.getAttribute("aria-disabled") === "true") return;
    element.setAttribute("aria-disabled", "true");
    try {
      await act(event);
    } finally {
      element.removeAttribute("aria-disabled");
    }
  });
  return element;
}
