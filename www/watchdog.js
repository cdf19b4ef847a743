// @ts-check
// Says why nothing starts: without a program, without words that are fetched, and in a script that
// any browser reads. The build puts it into the page, with its words in every language
// (write-words.mjs); what it says is taken back once the page is there.
(function () {
  /**
   * Of each language, its words.
   * @type {Record<string, Record<string, string>>}
   */
  var WORDS = JSON.parse("@WORDS@");
  /** @type {HTMLElement | null} */
  var box = null;
  var stays = false;

  function started() {
    return document.getElementById("page") !== null;
  }

  /**
   * Shows a text in every language, with what stands for its placeholders.
   * @param {string} key
   * @param {Record<string, string>} [values]
   */
  function say(key, values) {
    if (!document.body) {
      document.addEventListener("DOMContentLoaded", function () {
        say(key, values);
      });
      return;
    }
    // What was said first is the cause.
    if (box || (started() && !stays)) return;
    box = document.createElement("div");
    box.className = "watchdog";
    box.setAttribute("role", "alert");
    box.setAttribute("data-testid", "watchdog");
    box.setAttribute("data-key", key);
    for (var tag in WORDS) {
      var text = document.createElement("p");
      text.lang = tag;
      text.textContent = WORDS[tag][key].replace(/\{(\w+)\}/g, function (all, name) {
        return values && values[name] !== undefined ? values[name] : all;
      });
      box.appendChild(text);
    }
    var again = document.createElement("button");
    again.type = "button";
    again.className = "solid";
    again.textContent = Object.keys(WORDS).map(function (tag) {
      return WORDS[tag]["start.again"];
    }).join(" · ");
    again.onclick = function () {
      location.reload();
    };
    box.appendChild(again);
    document.body.appendChild(box);
  }

  /**
   * Shows it for good: there is nothing to wait for.
   * @param {string} key
   * @param {Record<string, string>} [values]
   */
  function take(key, values) {
    stays = true;
    say(key, values);
  }

  /** Whether workers may be modules: a browser that knows of it looks at what is asked for. */
  function modules() {
    var looked = false;
    try {
      new Worker("http://:", {
        /** @returns {WorkerType} */
        get type() {
          looked = true;
          return "module";
        },
      });
    } catch (error) {
      // There is no such address.
    }
    return looked;
  }

  /** What forbids the smallest program of all; nothing if it is allowed. */
  function refusal() {
    try {
      new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      return null;
    } catch (error) {
      return String(/** @type {Error} */ (error).message || error);
    }
  }

  /** Vectors in WebAssembly: every program here uses them. */
  function vectors() {
    return WebAssembly.validate(
      new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11])
    );
  }

  /** @type {string | null} */
  var refused = null;
  if (location.protocol === "file:") take("start.file");
  else if (window.origin === "null") take("start.sandboxed", { address: location.href });
  else if (typeof WebAssembly !== "object") take("start.no-wasm");
  else if ((refused = refusal())) take("start.refused", { why: refused });
  else if (!vectors()) take("start.old", { lacks: "WebAssembly SIMD" });
  else if (!window.Worker || !modules()) take("start.old", { lacks: "module workers" });
  if (stays) return;

  /** @param {string} why */
  function failed(why) {
    if (started()) return;
    // A page that is only late is given a moment.
    setTimeout(function () {
      if (started()) return;
      if (navigator.onLine === false) say("start.no-line");
      else say("start.failed", { why: why });
    }, 1000);
  }

  window.addEventListener("error", function (event) {
    var target = /** @type {HTMLScriptElement | null} */ (event.target);
    if (event.message) failed(event.message);
    // The page's own script stands in it; what it imports did not come.
    else if (target && target.tagName === "SCRIPT" && !target.src) failed("app.js");
  }, true);
  window.addEventListener("unhandledrejection", function (event) {
    failed(String((event.reason && event.reason.message) || event.reason));
  });
  setTimeout(function () {
    if (!started()) say("start.slow");
  }, 20000);
  var look = setInterval(function () {
    if (!started()) return;
    clearInterval(look);
    if (box && box.parentNode) box.parentNode.removeChild(box);
    box = null;
  }, 250);
})();
