// A question over the page: one question, one solid answer, one way out. Focus stays inside and returns to where it was.

import { problemWords } from "./api.js";
import { button, h, put } from "./build.js";
import { say } from "./words.js";

let count = 0;

/** Ask; `act` does the deed. It keeps the sheet open by answering false, or by throwing what the sheet then tells. Answers true when done, false when left. */
export function askOnSheet({ title, body, yes, no, act }) {
  const from = document.activeElement;
  const id = `sheet-${(count += 1)}`;
  return new Promise(resolve => {
    const sheet = h("dialog", { class: "sheet", "aria-labelledby": id });
    const leave = done => {
      sheet.remove();
      if (from && from.isConnected) from.focus();
      resolve(done);
    };
    const trouble = h("p", { class: "error", role: "alert" });
    const answer = button(yes, async () => {
      put(trouble);
      try {
        if ((await act()) !== false) leave(true);
      } catch (problem) {
        put(trouble, problemWords(problem));
      }
    }, { kind: "btn--solid btn--wide" });
    const out = button(no || say("sheet.leave"), () => leave(false), { kind: "btn--plain btn--wide" });
    sheet.append(h("h2", { id, tabindex: "-1" }, title), ...[body].flat(), trouble, answer, out);
    sheet.addEventListener("cancel", event => {
      event.preventDefault();
      leave(false);
    });
    document.body.append(sheet);
    if (sheet.showModal) sheet.showModal();
    else sheet.setAttribute("open", "");
    sheet.querySelector("textarea, h2").focus();
  });
}
