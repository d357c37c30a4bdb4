// Sets theme, text size and language of <html> before the first paint: from the address, else from what this phone remembers.
// It is also the only script that is surely there when the others did not arrive: then it says so, in its own few words.
(function () {
  "use strict";
  var root = document.documentElement;
  var asked = new URLSearchParams(location.search);
  function remembered(name) {
    try { return localStorage.getItem("linli." + name); } catch (error) { return null; }
  }
  var theme = asked.get("theme");
  var text = asked.get("text") || remembered("text");
  var language = asked.get("lang") || remembered("language");
  if (theme) root.dataset.theme = theme;
  if (text && text !== "normal") root.dataset.text = text;
  if (language) root.lang = language;
  if (/miniProgram/i.test(navigator.userAgent) || window.__wxjs_environment === "miniprogram") root.dataset.inside = "miniprogram";

  var WORDS = {
    "zh-Hans": ["网不好，这一页没有打开全。", "再试一次"],
    "zh-Hant": ["網不好，這一頁沒有打開全。", "再試一次"],
    en: ["The network is poor. This page did not open completely.", "Try again"]
  };
  function again() { location.reload(); }
  function notOpened() {
    var body = document.body;
    var main = document.querySelector(".main");
    if (!body || !main || body.dataset.waiting === undefined) return;
    var words = WORDS[root.lang] || WORDS["zh-Hans"];
    var box = document.createElement("div");
    var said = document.createElement("p");
    var way = document.createElement("button");
    box.className = "empty";
    box.setAttribute("role", "alert");
    way.className = "btn";
    way.type = "button";
    said.textContent = words[0];
    way.textContent = words[1];
    way.addEventListener("click", again);
    box.append(said, way);
    main.replaceChildren(box);
    delete body.dataset.waiting;
    window.addEventListener("online", again);
  }
  window.addEventListener("error", function (event) {
    if (event.target && event.target.tagName === "SCRIPT") notOpened();
  }, true);
  window.addEventListener("unhandledrejection", notOpened);
})();
