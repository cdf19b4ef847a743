// When a visit has something to show: the shelf that was prepared with the page, then the tab's own ranking.

/** Products of a first page that is full. */
const FULL = 20;

/** Has a page note when what arrives is painted. Before it is opened. */
export const watchArrivals = (page) =>
  page.addInitScript((full) => {
    window.arrived = new Promise((resolve) => {
      let prepared = null;
      // What a frame finds in the document it paints; the timer comes after that.
      const look = () => {
        const count = document.querySelectorAll('[data-testid="product"][data-score]').length;
        const isPrepared = document.querySelector('[data-testid="prepared"]:not([hidden])') !== null;
        if (count > 0 && !isPrepared) {
          setTimeout(() => resolve({ prepared, ranking: performance.now() }));
          return;
        }
        if (count >= full) setTimeout(() => (prepared ??= performance.now()));
        requestAnimationFrame(look);
      };
      look();
    });
  }, FULL);

/**
 * Milliseconds from the start of the navigation to the frame that shows the prepared shelf, all of it, and to that
 * which shows the first ranking of the tab's own engine; of the shelf none where nothing was prepared, or the engine
 * was sooner.
 * @returns {Promise<{ prepared: number | null, ranking: number }>}
 */
export const arrivals = (page) => page.evaluate(() => window.arrived);
