// @ts-check
// What the page does before its program has arrived: it settles the theme and what a frame shows, sends
// for the words and for the CPU engine, and keeps a file that is dropped. The build puts it into
// index.html (write-words.mjs), so that no line is waited for before the first paint.
(() => {
  const root = document.documentElement;
  root.dataset.engine = "loading";

  /**
   * A file of this very version, where the build gave it one.
   * @param {string} name
   */
  const versioned = (name) => (root.dataset.version ? `${name}?build=${root.dataset.version}` : name);

  // Before the first paint: the theme that was chosen here, else the system's.
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  try {
    root.dataset.theme = localStorage.getItem("vitrine-theme") ?? root.dataset.theme;
  } catch {
    // A browser that forbids storage is told of on the page.
  }

  /**
   * The parts of a link, key and value, read as src/link/arrived.rs reads them; of a key the last counts.
   * @param {string} link
   * @param {number} deepest how often what is escaped as a whole is read again
   * @returns {string[][]}
   */
  const parts = (link, deepest = 3) => {
    const ampersand = /&(amp|AMP|#0?38|#x26);/g;
    while (link.search(ampersand) >= 0) link = link.replace(ampersand, "&");
    const [, before = "", behind = ""] = /^([^?#]*)([^]*)$/.exec(link) ?? [];
    const address = before.includes("://");
    const [query, ...rest] = behind.split("#");
    // Where there is no address before them, these signs stand in a value.
    const whole = !address && (!behind || before.includes("="));
    const places = whole ? [link] : [query.replace(/^\?+/, ""), rest.join("#")];
    return places.flatMap((place) => place.split("&")).flatMap((part) => {
      if (part.includes("=") || !deepest || !/%(25){0,2}3d/i.test(part)) return [...new URLSearchParams(part)];
      return parts(new URLSearchParams(`_=${part.replace(/\+/g, "%2B")}`).get("_") ?? "", deepest - 1);
    });
  };

  /** What the link asks for, before the program is there that reads all of it. */
  const link = parts(location.search + location.hash);

  /**
   * @param {string} key
   * @returns {string | undefined}
   */
  const asked = (key) => link.filter(([of]) => of === key).at(-1)?.[1];

  // Within another page only the parts that the link asks for are shown.
  const embed = asked("embed");
  if (embed !== undefined) {
    const PARTS = ["query", "shopper", "funnel", "knobs", "shelf", "insides", "machine"];
    // Without what others append to it, and the signs of the text around it.
    const names = embed.split("?")[0].split(",").map((name) => /^[a-z]*/.exec(name)?.[0] ?? "");
    const shown = names.filter((name) => PARTS.includes(name));
    root.dataset.embed = (shown.length ? shown : ["shelf"]).join(" ");
    // What the studio draws is sent for by the page, once the frame has been in sight.
    if (shown.includes("machine")) {
      new IntersectionObserver((sights, watch) => {
        if (!sights.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        root.dataset.seen = "machine";
        document.dispatchEvent(new CustomEvent("vitrine-seen", { detail: "" }));
      }).observe(root);
    }
  }

  /**
   * Hashes of the words by the names of their files, and of the prepared shelf: the build fills them in.
   * @type {Record<string, string>}
   */
  const HASHES = JSON.parse("@HASHES@");
  /** The languages that there are words of. */
  const LANGUAGES = Object.keys(HASHES).filter((name) => /^\w+$/.test(name));

  /**
   * Has the browser hold a file against its hash: the host may have a newer version's by now, and where a
   * developer works it may change at any moment.
   * @param {string} name
   */
  const held = (name) => (root.dataset.version ? { integrity: HASHES[name] } : {});

  /** @param {string | undefined} tag */
  const known = (tag) => LANGUAGES.find((name) => name === tag?.split("-")[0]);
  const preferred = navigator.languages.map(known).find(Boolean) ?? LANGUAGES[0];
  root.dataset.language = preferred;

  /**
   * Files of words, as they were sent for.
   * @type {Record<string, Promise<Record<string, string>>>}
   */
  const files = {};

  /**
   * Keys and their words.
   * @param {string} name
   */
  const fetched = (name) =>
    (files[name] ??= fetch(versioned(`languages/${name}.json`), held(name))
      .then((response) => (response.ok ? response.json() : Promise.reject(response.status)))
      .catch((error) => {
        // Whoever asks again has it fetched again.
        delete files[name];
        throw error;
      }));

  /** Whether the words that no first ranking shows are wanted, too. */
  let more = false;
  /** The language that was asked for last. */
  let wanted = "";

  /**
   * Tells page and studio of words as one text: the language, then a line for each key and one for its
   * words, in the order of keys. What was told last stays, for a program that comes later.
   * @param {string} language
   * @param {Record<string, string>} words
   */
  const tell = (language, words) => {
    const shown = root.lang;
    const lines = Object.entries(words).sort(([a], [b]) => (a < b ? -1 : 1)).flat();
    const detail = [language, ...lines].join("\n");
    Object.assign(window, { "vitrine-words": detail });
    // The page is built again: what is unfolded, scrolled and focused stays as it is.
    const places = () => [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("#page :is(details, .side, .strip)"))];
    const before = places().map(({ open, scrollLeft, scrollTop }) => ({ open, scrollLeft, scrollTop }));
    const [across, down] = [scrollX, scrollY];
    const focused = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest("#page [data-testid]"));
    const focus = focused?.dataset.testid;
    document.dispatchEvent(new CustomEvent("vitrine-words", { detail }));
    if (root.lang === shown) return;
    requestAnimationFrame(() => {
      places().forEach((place, i) => Object.assign(place, before[i]));
      scrollTo(across, down);
      if (focus) /** @type {HTMLElement | null} */ (document.querySelector(`#page [data-testid="${focus}"]`))?.focus();
    });
  };

  /**
   * Fetches a language and tells of it; any other is better than none.
   * @param {string} language
   */
  const speak = async (language) => {
    wanted = language;
    let shown = language;
    /** @type {Record<string, string>} */
    let words = {};
    root.dataset.words = "missing";
    for (const name of [language, ...LANGUAGES]) {
      try {
        [shown, words] = [name, { ...(await fetched(name)) }];
        if (more) Object.assign(words, await fetched(`${name}-more`));
        if (name === language) root.dataset.words = more ? "all" : "first";
        break;
      } catch {
        if (Object.keys(words).length) break;
      }
    }
    if (language === wanted) tell(shown, words);
  };

  addEventListener("vitrine-speak", (event) => {
    const { detail } = /** @type {CustomEvent<string>} */ (event);
    if (detail !== "more") {
      if ((detail || preferred) !== wanted) speak(detail || preferred);
    } else if (!more) {
      more = true;
      speak(wanted);
    }
  }, true);
  root.lang = known(asked("lang")?.match(/[a-z-]*/)?.[0]) ?? preferred;
  speak(root.lang);

  // The engine and its assets take longest to arrive, so they are sent for before the page's own
  // program, which takes the worker over with what was heard from it until then.
  try {
    const worker = new Worker(versioned("engine-cpu-loader.js"), { type: "module", name: "engine-cpu" });
    /** @type {Event[]} */
    const heard = [];
    const hear = (/** @type {Event} */ event) => void heard.push(event);
    worker.onmessage = hear;
    worker.onerror = hear;
    Object.assign(window, { vitrineEngine: { worker, heard } });
  } catch {
    // The page starts one itself, and says what is wrong.
  }

  // What the page shows until its engine has answered, where a link asks for nothing else: a language is
  // no question.
  const asks = `${location.search}${location.hash}`.replace(/[?#&]lang=[a-z-]*/, "").includes("=");
  if (!asks) {
    const prepared = "assets/prepared.json";
    const vitrinePrepared = fetch(versioned(prepared), held(prepared)).then((response) => response.json());
    // Without it the shelf is empty until the engine has answered.
    vitrinePrepared.catch(() => {});
    Object.assign(window, { vitrinePrepared });
  }

  // A file that is dropped on the page would replace it: it is kept for the studio to read, and the
  // studio is opened.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const vitrineDropped = event.dataTransfer?.files[0];
    Object.assign(window, { vitrineDropped });
    if (!vitrineDropped) return;
    const detail = vitrineDropped.name.endsWith(".safetensors") ? "learn" : "share";
    document.dispatchEvent(new CustomEvent("vitrine-open", { detail }));
    document.dispatchEvent(new Event("vitrine-dropped"));
  });
})();
