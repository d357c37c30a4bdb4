// Sets theme, text size and language of <html> before the first paint: from the address, else from what this phone remembers.
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
})();
