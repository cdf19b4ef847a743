//! What the weights of MOPPR's objectives promise, held against the market's truth.

use anyhow::{Context, Result, bail};
use futures::executor::block_on;

use super::turn::Shelf;
use crate::cli::cases::{QUERIES, SHOPPERS, TOP, asked_by_all, ranked};
use engine::pipeline::Funnel;
use engine::pipeline::assets::{AssetSource, Manifest};
use engine::pipeline::request::Request;
use engine::pipeline::views::HELD_OUT;
use lessons::order::PERSISTENCE;
use link::State;
use market::catalogue::ProductId;
use market::held_out::HeldOut;
use market::metrics::{dcg_at, rank_biased_overlap};
use market::relevance::Relevance;
use market::{MarketConfig, World};
use systems::knob::Control;
use systems::{Ranker, registry};

/// What the market knows of one shopper's query: of every product, by number.
struct Known {
    /// How much of what was asked it is: all of it, its type, what may be taken instead.
    relevance: Vec<f64>,
    /// Chance of a click where it is looked at.
    attraction: Vec<f64>,
    /// Chance of an order once it was clicked.
    conversion: Vec<f64>,
    /// The first page of the shop that wrote the log, where nothing is left to chance.
    production: Vec<ProductId>,
}

/// The truth of all cases, in the order of [`asked_by_all`].
pub struct Truth(Vec<Known>);

impl Truth {
    /// Of the market that the assets are of.
    ///
    /// # Errors
    /// Where a file cannot be read, or is of another market than the one that is generated here.
    pub fn gather<S: AssetSource>(funnel: &Funnel<S>, source: &S) -> Result<Self> {
        let stock = funnel.stock();
        let catalogue = &stock.catalogue;
        let world = World::generate(&MarketConfig::default());
        if world.catalogue != *catalogue {
            bail!("the assets are of another market");
        }
        let manifest = block_on(Manifest::fetch(source))?;
        let held_out: HeldOut = block_on(manifest.json(source, HELD_OUT))?;
        let number = |query: &str| world.query_number(query).context(query.to_owned());
        let numbers: Vec<u32> = QUERIES.iter().map(|query| number(query)).collect::<Result<_>>()?;
        let device = State::default().device();
        let mut pages = Vec::new();
        for key in SHOPPERS {
            let place = stock.shoppers.iter().position(|shopper| shopper.key == key);
            let played = place.and_then(|place| held_out.played.get(place)).context(key)?;
            pages.push(world.production_pages(played.0, &numbers, device).into_iter());
        }
        let mut all = Vec::new();
        for state in asked_by_all(&State::default()) {
            let place = SHOPPERS.iter().position(|key| *key == state.shopper);
            let page = place.and_then(|place| pages[place].next()).context("a page")?;
            let intent = world.intent(&state.query);
            let shopper = stock.shoppers.iter().position(|shopper| shopper.key == state.shopper);
            let (request, _) = Request::new(&state, &stock.shoppers, catalogue)
                .context("the shop knows no shopper")?;
            let past = (request.history.events.as_slice(), request.history.now);
            let shopper = shopper.context("the shopper is not in the cast")?;
            let truth = held_out.truth_of_played(catalogue, shopper, intent, past, device);
            let truth = truth.context("nothing is known of the shopper")?;
            let products = 0..catalogue.products.len() as ProductId;
            let relevance = products.clone().map(|product| match truth.relevance(product) {
                Some(Relevance::Exact) => 1.0,
                Some(Relevance::Partial) => 0.5,
                Some(Relevance::Related) => 0.25,
                Some(Relevance::Irrelevant) | None => 0.0,
            });
            let utilities = products.map(|product| truth.utility(product));
            let (attraction, conversion) =
                utilities.map(|u| (f64::from(u.attraction), f64::from(u.conversion()))).unzip();
            let production = page.top.into_iter().take(TOP).collect();
            all.push(Known { relevance: relevance.collect(), attraction, conversion, production });
        }
        Ok(Self(all))
    }
}

impl Known {
    /// How much a page has of what an objective promises; the upper places count more.
    fn kept(&self, objective: &str, top: &[ProductId]) -> f64 {
        let mean = |of: &[f64]| {
            let gains = top.iter().map(|product| of[*product as usize]);
            dcg_at(TOP, gains) / dcg_at(TOP, top.iter().map(|_| 1.0)).max(f64::MIN_POSITIVE)
        };
        match objective {
            "relevance" => mean(&self.relevance),
            "exposure" => rank_biased_overlap(PERSISTENCE, top, &self.production),
            "click" => mean(&self.attraction),
            "purchase" => mean(&self.conversion),
            // The market knows no truth of it.
            _ => f64::NAN,
        }
    }
}

/// What came of moving an objective's weight from its lower end to its upper, over all cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// Whose weight.
    pub objective: &'static str,
    /// Who ranks what is retrieved.
    pub ranker: &'static Ranker,
    /// Cases.
    pub cases: usize,
    /// Of them, those in which the first ten are not the same in the same order.
    pub changed: usize,
    /// Of the changed, those with more of what is promised, and with less.
    pub more: usize,
    /// See [`Self::more`].
    pub less: usize,
    /// What the page has of it at the lower end and at the upper, on average.
    pub means: [f64; 2],
}

impl Promise {
    /// Share of the cases in which the first ten change.
    pub fn changes(&self) -> f64 {
        self.changed as f64 / self.cases.max(1) as f64
    }

    /// Share of the changed that have more of what is promised.
    pub fn keeps(&self) -> f64 {
        self.more as f64 / self.changed.max(1) as f64
    }
}

/// Moves the weight of every objective, the other three as they come.
///
/// # Errors
/// Where a ranking fails.
pub fn promises<S: AssetSource>(
    funnel: &mut Funnel<S>,
    truth: &Truth,
    base: &State,
) -> Result<Vec<Promise>> {
    let mut promises = Vec::new();
    for ranker in registry::RANKERS {
        for objective in base.retriever().objectives {
            let knob = objective.weight;
            let Control::Number { min, max, .. } = knob.control else { bail!("{}", knob.key) };
            let mut promise = Promise {
                objective: objective.key,
                ranker,
                cases: 0,
                changed: 0,
                more: 0,
                less: 0,
                means: [0.0; 2],
            };
            let states = asked_by_all(&base.clone().ranked_by(ranker));
            for (state, known) in states.into_iter().zip(&truth.0) {
                let mut shelves = Vec::new();
                for end in [min, max] {
                    let state = state.clone().with(knob, end as f32);
                    shelves.push(Shelf::new(&ranked(funnel, &state)?, &state));
                }
                let kept: Vec<f64> =
                    shelves.iter().map(|shelf| known.kept(objective.key, shelf.top(TOP))).collect();
                promise.cases += 1;
                if shelves[0].top(TOP) != shelves[1].top(TOP) {
                    promise.changed += 1;
                    promise.more += usize::from(kept[1] > kept[0] + 1e-9);
                    promise.less += usize::from(kept[1] < kept[0] - 1e-9);
                }
                promise.means.iter_mut().zip(kept).for_each(|(mean, kept)| *mean += kept);
            }
            promise.means = promise.means.map(|sum| sum / promise.cases.max(1) as f64);
            promises.push(promise);
        }
    }
    Ok(promises)
}
