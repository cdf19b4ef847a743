// What people put between themselves and the page: a translator in the browser, a screen reader.

/** Puts each text into elements of the translator's own, in capitals, as the browsers' translators do. */
export const translate = (page) =>
  page.evaluate(() => {
    const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (all.nextNode()) {
      const { parentElement, data } = all.currentNode;
      if (data.trim() && !parentElement.closest('[translate="no"], script, style, svg, textarea, option')) {
        texts.push(all.currentNode);
      }
    }
    for (const text of texts) {
      const [outer, inner] = [document.createElement("font"), document.createElement("font")];
      inner.textContent = text.data.toUpperCase();
      outer.append(inner);
      text.replaceWith(outer);
    }
    return texts.length;
  });

/** Notes from now on what a screen reader would say by itself; `spoken` takes the notes. */
export const listen = (page) =>
  page.evaluate(() => {
    window.spoken = [];
    const live = '[role="status"], [role="alert"], [aria-live="polite"], [aria-live="assertive"], output';
    const heard = ({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest(live);
    new MutationObserver((all) => {
      for (const region of new Set(all.map(heard))) {
        // Nobody is read what is folded away.
        if (region?.checkVisibility() && region.getAttribute("aria-live") !== "off") {
          window.spoken.push(region.textContent);
        }
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });

/** What was said since the last time, without what was only taken away. */
export const spoken = (page) => page.evaluate(() => window.spoken.splice(0).filter((text) => text.trim()));

/**
 * What has come to rest is told after so many milliseconds (src/page/spoken.rs), and a little. By the page's
 * own clock: a timer of the page's that rings later than another is heard behind it, however busy the machine.
 */
const REST = 850;

/** Waits until nothing has changed for so long that all that rests has been told. */
export const allTold = (page) =>
  page.evaluate(
    (rest) =>
      new Promise((wake) => {
        let timer = 0;
        const again = () => {
          clearTimeout(timer);
          timer = setTimeout(done, rest);
        };
        const watch = new MutationObserver(again);
        const done = () => {
          watch.disconnect();
          wake();
        };
        watch.observe(document.body, { subtree: true, childList: true, characterData: true });
        again();
      }),
    REST,
  );
