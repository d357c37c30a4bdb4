// A place in words: the plate people know from their own wall, and what it lies in.

/** Names from the district down to the place itself. */
function names(place) {
  const path = place.path || [];
  const own = path.length && path[path.length - 1].id === place.id ? [] : [place];
  return [...path, ...own].map(step => step.name).filter(Boolean);
}

/** The same without base grids, which mean nothing to residents. */
function known(place) {
  return names(place).filter(name => !/网格|網格|grid/i.test(name));
}

/** The door plate: community and building. */
export function plateWords(place) {
  return known(place).slice(-2).join(" ");
}

/** All of it, for choosing among places with one name. */
export function pathWords(place) {
  return known(place).join(" · ");
}

/** What the place lies in: "民治街道 · 红山社区". */
export function aroundWords(place) {
  return known(place).slice(0, -1).slice(-2).join(" · ");
}
