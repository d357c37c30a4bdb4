// The few questions a category has (since when, where from): each may be left open.

import { h, put } from "../../common/build.js";
import { categoryTree } from "./category-picker.js";

/** The leaf with this code, somewhere in the tree. */
function leaf(nodes, code) {
  for (const node of nodes) {
    const found = node.code === code ? node : leaf(node.children || [], code);
    if (found) return found;
  }
  return null;
}

/** Questions in `place`; `changed` hears all answers after each one. */
export class Questions {
  constructor(place, answers, changed) {
    Object.assign(this, { place, answers: answers || {}, changed });
  }

  /** Show the questions of a category; answers to another one's are dropped. */
  async show(code) {
    this.code = code;
    let asked = [];
    try {
      const found = code && leaf(await categoryTree(), code);
      asked = (found && found.questions) || [];
    } catch (problem) {
      // Questions only help; without them the complaint goes its way all the same.
    }
    if (this.code !== code) return;
    const kept = Object.entries(this.answers).filter(([name]) => asked.some(question => question.code === name));
    this.answers = Object.fromEntries(kept);
    put(this.place, asked.map(question => (question.choices.length ? this.choices(question) : this.box(question))));
    this.changed(this.answers);
  }

  answer(code, words) {
    if (words) this.answers[code] = words;
    else delete this.answers[code];
    this.changed(this.answers);
  }

  /** What is sent is the choice itself; what is read is its name in the reader's language. */
  choices({ code, text, choices, choice_names: names = choices }) {
    const chips = choices.map((words, at) => {
      const radio = h("input", { class: "unseen", type: "radio", name: `question-${code}`, value: words, checked: this.answers[code] === words });
      const chip = h("label", { class: "chip chip--answer", "data-on": this.answers[code] === words }, radio, names[at]);
      radio.addEventListener("change", () => {
        chips.forEach(one => one.toggleAttribute("data-on", one === chip));
        this.answer(code, words);
      });
      return chip;
    });
    return h("fieldset", { class: "field" }, h("legend", {}, text), h("div", { class: "chips" }, chips));
  }

  box({ code, text }) {
    const id = `question-${code}`;
    const box = h("input", { class: "input", id, maxlength: "200", value: this.answers[code] || "" });
    box.addEventListener("input", () => this.answer(code, box.value.trim()));
    return h("div", { class: "field" }, h("label", { for: id }, text), box);
  }
}
