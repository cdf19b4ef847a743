//! Who takes part in an online test, and the running of it: one shopper's life at a time on each
//! core, so that a test of any size is lived in the memory of a few.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

use super::arm::{Arm, Front, On, Weights, said};
use super::difference::{Design, Difference, Sample, between};
use super::measures::{Counted, Counts, MEASURES, Measure, Tally};
use crate::native::Folder;
use crate::tables::significance::{LEVEL, holm};
use engine::pipeline::Funnel;
use market::history::DAY;
use market::random::{Purpose, Random};
use market::{MarketConfig, Trial, World};

/// What is tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What answers in arm A, and in arm B.
    pub arms: [Arm; 2],
    /// Folders of their assets.
    pub assets: [Folder; 2],
    /// Learned weights that they rank with in place of those in the folders, if they were brought any.
    pub weights: [Option<Weights>; 2],
    /// Where they answer.
    pub on: On,
    /// Days before the test, on which the production shop answers all: those of the log.
    pub before: u16,
    /// Days of the test.
    pub days: u16,
    /// Shoppers who take part: none that a model was trained on.
    pub shoppers: u32,
    /// Who is in which arm.
    pub design: Design,
    /// Seed of who is in which arm, and of what happens in the test.
    pub seed: u64,
    /// Lives that are lived at once.
    pub threads: usize,
}

/// A shopper's part in a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Lived {
    /// Who.
    pub shopper: u32,
    /// In which arm.
    pub arm: usize,
    /// What was counted.
    pub counted: Counted,
}

impl Plan {
    /// The market on which the test takes place: that of a configuration, lived on until the test ends.
    pub fn world(&self, config: &MarketConfig) -> World {
        World::generate(&MarketConfig { days: self.before + self.days, ..config.clone() })
    }

    /// Who lives in which arm, in the order in which that is done: whenever one stops, as many are in
    /// one arm as in the other.
    fn lives(&self, world: &World) -> Vec<(u32, usize)> {
        let mut shoppers: Vec<u32> = world.fresh_shoppers(self.shoppers).collect();
        Random::new(self.seed, Purpose::Trial, 0).shuffle(&mut shoppers);
        match self.design {
            Design::Split => shoppers.into_iter().zip([0, 1].into_iter().cycle()).collect(),
            Design::Twins => shoppers.into_iter().flat_map(|who| [(who, 0), (who, 1)]).collect(),
        }
    }

    /// Lives the test. `on_lived` is given all that is known each time that a life has been lived.
    ///
    /// # Errors
    /// Where the assets cannot be read or are of another market, or a ranking fails.
    pub fn run(&self, world: &World, on_lived: impl Fn(&[Lived]) + Sync) -> Result<Vec<Lived>> {
        let lives = self.lives(world);
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let known = Mutex::new(Vec::with_capacity(lives.len()));
        let work = || -> Result<()> {
            let funnel = |arm: usize| {
                self.arms[arm].funnel(world, &self.assets[arm], self.weights[arm].as_ref())
            };
            let mut funnels = [funnel(0)?, funnel(1)?];
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(&(shopper, arm)) = lives.get(number) else { break };
                let lived = self.live(world, shopper, arm, funnels[arm].as_mut())?;
                if let Ok(mut known) = known.lock() {
                    known.push(lived);
                    on_lived(&known);
                }
            }
            Ok(())
        };
        let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.max(1))
                .map(|_| {
                    scope.spawn(|| {
                        let outcome = alone(work);
                        // Nobody goes on once one has failed.
                        stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
                        outcome
                    })
                })
                .collect();
            let failed = |_| Err(anyhow!("a thread died"));
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(failed)).collect()
        });
        outcomes.into_iter().collect::<Result<()>>()?;
        let mut all = known.into_inner().unwrap_or_default();
        all.sort_unstable_by_key(|lived: &Lived| (lived.shopper, lived.arm));
        Ok(all)
    }

    fn live(
        &self,
        world: &World,
        shopper: u32,
        arm: usize,
        funnel: Option<&mut Funnel<Folder>>,
    ) -> Result<Lived> {
        let from = i32::from(self.before);
        let until = from + i32::from(self.days);
        let front = Front::new(world, &self.arms[arm], funnel, self.on, from);
        let trial = Trial { from, seed: self.seed, arm: arm as u64 };
        let (log, front) = world.live_in(trial, shopper, front);
        if let Some(notice) = front.failed {
            return Err(said(notice));
        }
        debug_assert!(log.views.iter().all(|view| view.time < until * DAY));
        let counted = Counted::of(&world.catalogue, &log, &front.listed, (from, until), self.on);
        Ok(Lived { shopper, arm, counted })
    }
}

/// Runs work on this thread alone: what it computes in parallel is done one after another, so that it
/// neither waits for other threads' work nor takes it on in the middle of its own.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// What came of a measure, as it came and as the truth expected it.
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// What was measured.
    pub measure: &'static Measure,
    /// As it came.
    pub came: Option<Difference>,
    /// As it was expected.
    pub expected: Option<Difference>,
    /// That the difference as expected is none of chance, all measures considered (Holm).
    pub is_sure: bool,
}

/// The differences of all measures, over some weeks.
pub fn findings(lived: &[Lived], design: Design, weeks: Option<usize>) -> Vec<Finding> {
    let mut found: Vec<Finding> = MEASURES
        .iter()
        .map(|measure| {
            let of =
                |counts: fn(&Tally) -> &Counts| difference(lived, design, weeks, measure, counts);
            let (came, expected) = (of(|tally| &tally.came), of(|tally| &tally.expected));
            Finding { measure, came, expected, is_sure: false }
        })
        .collect();
    let tested: Vec<f64> = found.iter().filter_map(|f| Some(f.expected?.p)).collect();
    let mut corrected = holm(&tested).into_iter();
    for finding in found.iter_mut().filter(|finding| finding.expected.is_some()) {
        finding.is_sure = corrected.next().is_some_and(|p| p < LEVEL);
    }
    found
}

/// The difference of one measure: over one week, or over all. Twins count once both have lived.
pub fn difference(
    lived: &[Lived],
    design: Design,
    week: Option<usize>,
    measure: &Measure,
    counts: fn(&Tally) -> &Counts,
) -> Option<Difference> {
    let pair = |tally: &Tally| [counts(tally).of(measure.of), counts(tally).of(measure.per)];
    let sample = |lived: &Lived| {
        let during = match week {
            None => lived.counted.all(),
            Some(week) => lived.counted.weeks[week],
        };
        Sample { during: pair(&during), before: pair(&lived.counted.before) }
    };
    let arm = |arm| -> Vec<(u32, Sample)> {
        let mut of_arm: Vec<_> = lived
            .iter()
            .filter(|one| one.arm == arm)
            .map(|one| (one.shopper, sample(one)))
            .collect();
        of_arm.sort_unstable_by_key(|(shopper, _)| *shopper);
        of_arm
    };
    let [mut a, mut b] = [arm(0), arm(1)];
    if design == Design::Twins {
        let has = |of: &[(u32, Sample)], who| of.binary_search_by_key(&who, |one| one.0).is_ok();
        let (all_a, all_b) = (a.clone(), b.clone());
        a.retain(|(who, _)| has(&all_b, *who));
        b.retain(|(who, _)| has(&all_a, *who));
    }
    let [a, b] = [a, b].map(|arm| arm.into_iter().map(|(_, sample)| sample).collect::<Vec<_>>());
    between(&a, &b, design, measure.scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shoppers: u32, design: Design) -> Plan {
        Plan {
            arms: [Arm::Shop, Arm::Shop],
            assets: [Folder("assets".into()), Folder("assets".into())],
            weights: [None, None],
            on: On::Both,
            before: 14,
            days: 14,
            shoppers,
            design,
            seed: 1,
            threads: 2,
        }
    }

    fn world(plan: &Plan) -> World {
        let config = MarketConfig { products: 1_500, shoppers: 10, ..MarketConfig::default() };
        plan.world(&config)
    }

    #[test]
    fn the_same_seed_gives_the_same_figures_on_any_number_of_threads() {
        let plan = plan(12, Design::Split);
        let world = world(&plan);
        let lived = plan.run(&world, |_| ()).unwrap();
        let alone = Plan { threads: 1, ..plan.clone() }.run(&world, |_| ()).unwrap();
        assert_eq!(lived, alone);
        let other = Plan { seed: 2, ..plan }.run(&world, |_| ()).unwrap();
        assert_ne!(lived, other);
    }

    #[test]
    fn shoppers_are_split_evenly_and_twins_are_in_both_arms() {
        let of = |design, arm| -> Vec<u32> {
            let plan = plan(11, design);
            let lived = plan.run(&world(&plan), |_| ()).unwrap();
            lived.iter().filter(|one| one.arm == arm).map(|one| one.shopper).collect()
        };
        let (a, b) = (of(Design::Split, 0), of(Design::Split, 1));
        assert_eq!((a.len(), b.len()), (6, 5));
        assert!(a.iter().all(|who| !b.contains(who)));
        let everyone: Vec<u32> = (10..21).collect();
        assert_eq!(of(Design::Twins, 0), everyone);
        assert_eq!(of(Design::Twins, 1), everyone);
    }

    /// The same shop in both arms: nothing is found, and not because nothing happens.
    #[test]
    fn a_shop_against_itself_is_undecided() {
        for design in [Design::Split, Design::Twins] {
            let plan = plan(160, design);
            let lived = plan.run(&world(&plan), |_| ()).unwrap();
            let found = findings(&lived, design, None);
            assert!(found.iter().all(|finding| !finding.is_sure), "{found:?}");
            let clicks = found.iter().find(|one| one.measure.name == "clicks").unwrap();
            let expected = clicks.expected.unwrap();
            let [low, high] = expected.interval;
            assert!(expected.p > 0.001 && high > low && high - low < 80.0, "{expected:?}");
            // What is expected leaves less to chance than what came.
            let orders = found[0];
            let length = |d: Difference| d.interval[1] - d.interval[0];
            assert!(length(orders.expected.unwrap()) < 0.9 * length(orders.came.unwrap()));
        }
    }
}
