// What kind of thing it is: a few suggestions from the words, or the whole tree in three lists; nobody has to choose.

import { ask, get } from "../../common/api.js";
import { h, icon, put } from "../../common/build.js";
import { say } from "../../common/words.js";

const MOST_WORDS = 800;
const LEVELS = 3;

/** The last names of a path: enough to know it by. */
function shortName(path) {
  return path[path.length - 1];
}

/** A picker in `place`. `chosen` is {code, path} or null; `changed` hears every choice. */
export class CategoryPicker {
  constructor(place, chosen, changed) {
    Object.assign(this, { place, chosen, changed, offered: [] });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": say("category.label") });
    this.lists = h("div", { class: "stack", hidden: true });
    place.append(this.chips, this.lists);
    this.draw();
  }

  /** Ask what these words sound like. What was chosen by hand stays. */
  async suggest(text) {
    this.asked = text;
    try {
      const { items } = await get(ask("/complaint-categories/suggestion", { text: text.slice(0, MOST_WORDS) }));
      if (this.asked !== text) return;
      this.offered = items.slice(0, 3);
      this.draw();
    } catch (problem) {
      // Without suggestions the whole tree is still there.
    }
  }

  choose(chosen) {
    this.chosen = chosen;
    this.changed(chosen);
    this.draw();
  }

  draw() {
    const shown = [...this.offered];
    if (this.chosen && !shown.some(one => one.code === this.chosen.code)) shown.push(this.chosen);
    const focused = document.activeElement && document.activeElement.dataset.code;
    put(this.chips, shown.map(one => this.chip(one)), this.otherChip());
    if (focused) this.chips.querySelector(`[data-code="${CSS.escape(focused)}"]`)?.focus();
  }

  chip(one) {
    const pressed = Boolean(this.chosen && this.chosen.code === one.code);
    const choose = () => this.choose(pressed ? null : { code: one.code, path: one.path });
    const traits = { type: "button", class: "chip", "data-code": one.code, "aria-pressed": String(pressed), title: one.path.join(" · ") };
    return h("button", { ...traits, on: { click: choose } }, pressed && icon("check"), pressed && " ", shortName(one.path));
  }

  otherChip() {
    const open = !this.lists.hidden;
    const traits = { type: "button", class: "chip", "data-code": "-", "aria-expanded": String(open) };
    const words = say(this.offered.length ? "category.none" : "category.choose");
    return h("button", { ...traits, on: { click: () => this.openTree(!open) } }, words);
  }

  async openTree(open) {
    this.lists.hidden = !open;
    this.draw();
    if (!open) return;
    try {
      this.list(0, await categoryTree());
    } catch (problem) {
      put(this.lists, h("p", { class: "hint", role: "status" }, say("trouble.unreachable")));
    }
  }

  /** The list of one level; the lists of deeper levels follow the choice. */
  list(level, nodes, path = []) {
    [...this.lists.children].slice(level).forEach(element => element.remove());
    if (!nodes.length || level >= LEVELS) return;
    const id = `category-${level}`;
    const select = h("select", { class: "input", id }, h("option", { value: "" }, say("category.pick")),
      nodes.map((node, at) => h("option", { value: String(at) }, node.name)));
    select.addEventListener("change", () => {
      const node = nodes[Number(select.value)];
      if (select.value === "" || !node) return this.list(level + 1, []);
      const way = [...path, node.name];
      this.list(level + 1, node.children || [], way);
      if (!(node.children || []).length) this.choose({ code: node.code, path: way });
    });
    this.lists.append(h("div", { class: "tight" }, h("label", { for: id }, say(`category.level.${level}`)), select));
  }
}

let tree = null;

/** The whole tree, asked for once. */
export async function categoryTree() {
  tree = tree || get("/complaint-categories");
  try {
    return (await tree).items;
  } catch (problem) {
    tree = null;
    throw problem;
  }
}
