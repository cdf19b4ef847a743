// Learning in the tab, as a person goes about it: steps, and what is waited for.

/** Shoppers learned from: the fewest that there may be. */
export const FEWEST = "shoppers:50";

/** A state of the panel, with what differs from the fewest shoppers. */
export const learnLink = (more = "") => `?v=1&backend=cpu&q=couch&panel=learn&learn=${FEWEST}${more}`;

/** Waits for what a run of the busiest machine brings. */
export const until = (vitrine, holds, argument) => vitrine.page.waitForFunction(holds, argument, { timeout: 120_000 });

/** Waits until so many steps are made. */
export const stands = (vitrine, number) =>
  until(
    vitrine,
    (number) => document.querySelector('[data-testid="learn-status"]').textContent.startsWith(`Step ${number} of`),
    number,
  );

/** What the newest run recorded: its losses, and after which steps it was looked at. */
export const run = (vitrine) =>
  vitrine.page.evaluate(() => JSON.parse(document.querySelector('[data-testid="learn"]').dataset.run));

/** Waits until the newest run was looked at so often. */
export const looks = (vitrine, count) =>
  until(
    vitrine,
    (count) => JSON.parse(document.querySelector('[data-testid="learn"]')?.dataset.run ?? '{"looks":[]}').looks.length >= count,
    count,
  );

/**
 * Pauses the newest run once it says that so many steps are made, or more. The page itself presses: for whoever
 * asks it from outside the run may be over by then, and what is pressed begins another.
 */
export const pause = (vitrine, least) =>
  until(
    vitrine,
    (least) => {
      const { losses } = JSON.parse(document.querySelector('[data-testid="learn"]')?.dataset.run ?? '{"losses":[]}');
      if (losses.length >= least) document.querySelector('[data-testid="learn-go"]').click();
      return losses.length >= least;
    },
    least,
  );

/** Makes so many steps, a power of two, one after another, until the model was looked at after the last. */
export async function learn(vitrine, steps) {
  for (let step = 1; step <= steps; step++) {
    await vitrine.get("learn-step").click();
    await stands(vitrine, step);
  }
  await until(
    vitrine,
    (steps) => JSON.parse(document.querySelector('[data-testid="learn"]').dataset.run).looks.includes(steps),
    steps,
  );
}

/** Waits until the page says that learned weights are at work, under this key, or no more. */
async function serves(vitrine, key, learned) {
  await until(
    vitrine,
    ([key, learned]) => (document.querySelector(`[data-testid="notice"][data-key="${key}"]`) !== null) === learned,
    [key, learned],
  );
  await vitrine.rest();
}

/** Waits until the shelf is ranked with learned weights, or no more. */
export const ranked = (vitrine, learned) => serves(vitrine, "learned", learned);

/** Waits until the shelf is retrieved with learned towers, or no more. */
export const retrieved = (vitrine, learned) => serves(vitrine, "towers", learned);
