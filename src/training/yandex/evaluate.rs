//! How the similarity alone orders the feed's page views of the held-out days, and recall over the
//! all that was on sale. What the paper measures, the similarity as a feature of a tree ranker (4.1), is
//! in `ranker`.

use crate::device::device;
use crate::slices::{end_slice, whole};
use anyhow::Result;

use super::batch::Users;
use super::data::Corpus;
use super::samples::{Impression, ShopperDay};
use engine::retrieval::top_k;
use market::catalogue::ProductId;
use market::metrics::{Blocks, Figure, graded_ndcg_at, recall_at};
use nets::models::yandex::retriever::Retriever;
use nets::models::yandex::similarity;

/// Shopper-days whose scores are held at once.
const BATCH: usize = 256;
/// K of nDCG: a whole page.
pub(super) const PAGE: usize = 10;
/// The shorter K of recall.
const SHORT: usize = 20;
/// The longer K.
const LONG: usize = 100;

/// Which products of a page view count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// All of them.
    Retargeting,
    /// Those that the shopper had never done anything with.
    Discovery,
}

/// The scenarios, in the order of the metrics.
pub const SCENARIOS: [Scenario; 2] = [Scenario::Retargeting, Scenario::Discovery];

impl Scenario {
    /// Name as the paper has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retargeting => "retargeting",
            Self::Discovery => "discovery",
        }
    }

    /// Whether a product of a page view counts.
    pub fn counts(self, impression: &Impression) -> bool {
        self == Self::Retargeting || impression.new
    }
}

/// Metrics in one scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfScenario {
    /// nDCG@10 of a page view, the gain of a product being the number of its strongest signal:
    /// click 1, favourite 2, cart 3, order 4.
    pub graded: Blocks,
    /// nDCG@10 with a gain of 1 for a click.
    pub clicks: Blocks,
    /// nDCG@10 with a gain of 1 for an order, over the page views that have one.
    pub orders: Blocks,
    /// recall@20 over all that was on sale of what a shopper clicked on the feed that day.
    pub recall_short: Blocks,
    /// recall@100.
    pub recall_long: Blocks,
}

/// Metrics of a model, each for the whole day and for 20 blocks of shoppers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// In the order of [`SCENARIOS`].
    pub scenarios: [OfScenario; SCENARIOS.len()],
}

impl OfScenario {
    fn named(&self) -> [(&'static str, &Blocks); 5] {
        [
            ("nDCG@10", &self.graded),
            ("nDCG@10 of clicks", &self.clicks),
            ("nDCG@10 of orders", &self.orders),
            ("recall@20", &self.recall_short),
            ("recall@100", &self.recall_long),
        ]
    }
}

impl Metrics {
    /// Of a model on the test days of a corpus.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn of(retriever: &Retriever, corpus: &Corpus) -> Result<Self> {
        whole(Self::of_days(retriever, corpus, &corpus.samples.test, BATCH))
    }

    /// Of a model on some days of page views, so many of them a slice.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn of_days(
        retriever: &Retriever,
        corpus: &Corpus,
        days: &[ShopperDay],
        at_once: usize,
    ) -> Result<Self> {
        let mut metrics = Self::default();
        let days: Vec<&ShopperDay> = days.iter().collect();
        for days in days.chunks(at_once) {
            let users = Users::new(days, retriever.config(), corpus, &device());
            let scores =
                similarity(users.output(retriever.model()).vector, retriever.items.clone());
            let scores: Vec<f32> = scores.try_into_vec_as()?;
            for (day, scores) in days.iter().zip(scores.chunks(corpus.products)) {
                metrics.add_pages(day, corpus, |impression| scores[impression.product as usize]);
                metrics.add_retrieved(day, corpus, scores);
            }
            end_slice().await;
        }
        Ok(metrics)
    }

    /// Of the truth, as if the attraction itself were the score. Nothing is retrieved.
    pub fn of_truth(corpus: &Corpus) -> Self {
        let mut metrics = Self::default();
        for day in &corpus.samples.test {
            metrics.add_pages(day, corpus, |impression| impression.attraction);
        }
        metrics
    }

    /// Of scores that only chance has a part in.
    pub fn of_chance(corpus: &Corpus) -> Self {
        let mut metrics = Self::default();
        for day in &corpus.samples.test {
            // Scrambled so that it goes with nothing.
            let chance = |product: ProductId| {
                let mixed = (product ^ (day.of.start as u32) << 12).wrapping_mul(2_654_435_761);
                (mixed >> 8) as f32
            };
            metrics.add_pages(day, corpus, |impression| chance(impression.product));
        }
        metrics
    }

    fn add_pages(&mut self, day: &ShopperDay, corpus: &Corpus, score: impl Fn(&Impression) -> f32) {
        let shopper = corpus.samples.shoppers[day.shopper].number;
        for view in &corpus.samples.views[day.of.clone()] {
            let shown = corpus.samples.shown(view);
            for (scenario, metrics) in SCENARIOS.into_iter().zip(&mut self.scenarios) {
                let counted = || shown.iter().filter(|i| scenario.counts(i));
                let scores: Vec<f32> = counted().map(&score).collect();
                let ndcg = |gain: &dyn Fn(&Impression) -> f64| {
                    let gains: Vec<f64> = counted().map(gain).collect();
                    graded_ndcg_at(PAGE, &scores, &gains)
                };
                let is = |yes: bool| f64::from(u8::from(yes));
                metrics.graded.add(shopper, ndcg(&|i| f64::from(i.grade())));
                metrics.clicks.add(shopper, ndcg(&|i| is(i.labels[0])));
                metrics.orders.add(shopper, ndcg(&|i| is(i.labels[3])));
            }
        }
    }

    fn add_retrieved(&mut self, day: &ShopperDay, corpus: &Corpus, scores: &[f32]) {
        let shopper = corpus.samples.shoppers[day.shopper].number;
        let known = corpus.samples.behaviour(day);
        let views = &corpus.samples.views[day.of.clone()];
        let shown = || views.iter().flat_map(|view| corpus.samples.shown(view));
        for (scenario, metrics) in SCENARIOS.into_iter().zip(&mut self.scenarios) {
            let clicked = shown().filter(|i| i.labels[0] && scenario.counts(i));
            let targets: Vec<ProductId> = clicked.map(|i| i.product).collect();
            // To discover is to leave out what is known, of the retrieved as of the targets.
            let mut allowed: Vec<f32> = (scores.iter().zip(&corpus.sale_days))
                .map(|(&score, days)| if days.contains(&day.day) { score } else { f32::NAN })
                .collect();
            if scenario == Scenario::Discovery {
                for behaviour in known {
                    if let Some(score) = allowed.get_mut(behaviour.content as usize) {
                        *score = f32::NAN;
                    }
                }
            }
            let retrieved = top_k(&allowed, LONG);
            let retrieved: Vec<ProductId> = retrieved.iter().map(|hit| hit.product).collect();
            metrics.recall_short.add(shopper, recall_at(SHORT, &retrieved, &targets));
            metrics.recall_long.add(shopper, recall_at(LONG, &retrieved, &targets));
        }
    }

    /// Every metric by name, "retargeting nDCG@10" and so on.
    pub fn figures(&self) -> Vec<Figure> {
        let of = |(scenario, metrics): (Scenario, &OfScenario)| {
            metrics
                .named()
                .map(|(name, blocks)| blocks.figure(format!("{} {name}", scenario.name())))
        };
        SCENARIOS.into_iter().zip(&self.scenarios).flat_map(of).collect()
    }
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (scenario, metrics)) in SCENARIOS.iter().zip(&self.scenarios).enumerate() {
            let start = if number == 0 { "" } else { "; " };
            write!(f, "{start}{}", scenario.name())?;
            for (name, blocks) in metrics.named().into_iter().filter(|(_, b)| !b.is_empty()) {
                write!(f, " {name} {:.4}", blocks.whole())?;
            }
        }
        Ok(())
    }
}
