"""What a page must hold to whatever its words: nothing runs out sideways, nothing to press is under 44 px."""

FAULTS = """() => {
  const width = document.documentElement.clientWidth;
  const faults = [];
  if (document.documentElement.scrollWidth > width) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const named = (element, box) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} `
    + `${Math.round(box.width)}x${Math.round(box.height)} "${(element.textContent || "").trim().slice(0, 24)}"`;
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(element).visibility === "hidden") continue;
    if (element.closest(".unseen, .skip, .tabs")) continue;
    if (box.right > width + 1 || box.left < -1) faults.push(`sideways: ${named(element, box)}`);
    const bare = element.matches("input[type=radio], input[type=checkbox]");
    if (element.matches("button, a, select, textarea, input, summary, label.choice, label.chip") && !bare
        && Math.min(box.width, box.height) < 43.5) faults.push(`small: ${named(element, box)}`);
  }
  return faults;
}"""

NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, textarea, img, audio")]
  .filter(one => one.offsetParent && !(one.getAttribute("aria-label") || one.getAttribute("alt") || one.textContent.trim()
    || one.querySelector("img[alt]") || (one.labels && [...one.labels].some(label => label.textContent.trim()))))
  .map(one => one.outerHTML)"""
"""What a screen reader could only call by its kind."""

NAMED_TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""
"""Ids that stand for two things at once."""

CUT = """() => [...document.querySelectorAll("body *")].filter(one => {
  const box = one.getBoundingClientRect();
  if (!box.width || !box.height || one.closest(".unseen, .skip, .tabs, .clamp, svg, input, textarea, select")) return false;
  const style = getComputedStyle(one);
  const hides = [style.overflowX, style.overflowY].some(how => how === "hidden" || how === "clip");
  const holds = hides || one.matches(".btn, .tag, .plate, .chip, .photo__state, .bar__title, .tabbar a");
  return holds && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2) && one.textContent.trim();
}).map(one => `cut: ${one.tagName.toLowerCase()}.${one.getAttribute("class")} ${one.scrollWidth}x${one.scrollHeight} in `
  + `${one.clientWidth}x${one.clientHeight} "${one.textContent.trim().slice(0, 24)}"`)"""
"""What does not fit into its box, so that words are cut or stand outside."""

WEAR = """look => {
  const worn = new URLSearchParams(look);
  for (const name of ["text", "theme"]) {
    if (worn.get(name)) document.documentElement.dataset[name] = worn.get(name);
    else delete document.documentElement.dataset[name];
  }
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
"""Show a page that is open in another look, as its address would ask for it."""
