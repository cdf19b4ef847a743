//! Page views as MOPPR is trained and evaluated on them (MOPPR 4.3.1 and 5.1).

use std::ops::Range;

use super::queries::Queries;
use market::catalogue::ProductId;
use market::features::Moment;
use market::features::search::{ProductFeatures, SearchFeatures};
use market::features::split::day_of;
use market::log::{PageView, ShopperLog};

/// A product of a page view and its four labels, in the order of the objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which product.
    pub product: ProductId,
    /// Relevance, exposure, click, purchase.
    pub labels: [bool; 4],
}

/// One page view.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Whose it is.
    pub shopper: u32,
    /// Day of the market on which it was seen: no other products than those on sale then could
    /// have been.
    pub day: i32,
    /// What the user-query tower is fed.
    pub features: SearchFeatures,
    /// Number of the query in [`Queries`]; none on the feed.
    pub query: Option<u32>,
    /// Impressions, then under-impressions.
    pub candidates: Vec<Candidate>,
    /// Truth behind the impressions, for evaluation only: how probable it was that each is bought.
    pub chances: Vec<f32>,
}

impl Sample {
    /// Products with a label.
    pub fn positives(&self, objective: usize) -> Vec<ProductId> {
        let labelled = self.candidates.iter().filter(|c| c.labels[objective]);
        labelled.map(|candidate| candidate.product).collect()
    }
}

/// Which page views become samples, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Only views with at least this many clicks (MOPPR 5.1).
    pub clicks: usize,
    /// N, most impressions of a view; those with a click are kept first.
    pub impressions: usize,
    /// M, most under-impressions of a view.
    pub under_impressions: usize,
    /// Behaviour is read; without it the model knows query and profile only.
    pub behaviour: bool,
    /// Behaviour is filtered by the query's predicted categories.
    pub filter: bool,
    /// Pages of the feed are samples, too. What they show is relevant to nothing, and their behaviour
    /// is not filtered.
    pub feed: bool,
}

impl Options {
    /// The paper's, for training: searches with more than one click (MOPPR 4.3.1, 5.1 and 5.3).
    pub fn training() -> Self {
        Self {
            clicks: 2,
            impressions: 10,
            under_impressions: 10,
            behaviour: true,
            filter: true,
            feed: false,
        }
    }

    /// Of the playground: the paper's, and the feed's, which MOPPR answers there as well.
    pub fn playground() -> Self {
        Self { feed: true, ..Self::training() }
    }

    /// Every search view, whole, for evaluation.
    pub fn evaluation() -> Self {
        Self {
            clicks: 0,
            impressions: usize::MAX,
            under_impressions: usize::MAX,
            ..Self::training()
        }
    }
}

/// A shopper's page views of these days: searches, and the feed's where they are asked for.
pub fn samples(
    log: &ShopperLog,
    days: &Range<i32>,
    queries: &Queries,
    products: &ProductFeatures,
    options: &Options,
) -> Vec<Sample> {
    let wanted = |view: &&PageView| {
        let clicks = view.impressions.iter().filter(|i| i.clicked).count();
        days.contains(&day_of(view.time)) && clicks >= options.clicks
    };
    let sample = |view: &PageView| {
        let query = match view.query.as_deref() {
            Some(query) => Some(queries.number(query)?),
            None if options.feed => None,
            None => return None,
        };
        let features = query.map(|query| queries.features(query).clone()).unwrap_or_default();
        let before = if options.behaviour { view.events_before as usize } else { 0 };
        let moment = Moment {
            profile: &log.profile,
            events: &log.events[..before],
            query: view.query.as_deref(),
            now: view.time,
            device: view.device,
        };
        let features = SearchFeatures::new(&moment, features, products, options.filter);
        let (candidates, chances) = candidates(view, options);
        let (shopper, day) = (log.shopper, day_of(view.time));
        Some(Sample { shopper, day, features, query, candidates, chances })
    };
    log.views.iter().filter(wanted).filter_map(sample).collect()
}

/// Candidates, and how probable it was that each impression among them is bought.
fn candidates(view: &PageView, options: &Options) -> (Vec<Candidate>, Vec<f32>) {
    let is_search = view.query.is_some();
    let mut shown: Vec<_> = view.impressions.iter().collect();
    if shown.len() > options.impressions {
        shown.sort_by_key(|impression| !impression.clicked);
        shown.truncate(options.impressions);
    }
    let chances = shown.iter().map(|impression| impression.truth.order()).collect();
    let shown = shown.into_iter().map(|impression| Candidate {
        product: impression.product,
        labels: [
            is_search && impression.judged_relevant,
            true,
            impression.clicked,
            impression.ordered,
        ],
    });
    let under = view.under_impressions.iter().take(options.under_impressions);
    let under = under.map(|under| Candidate {
        product: under.product,
        labels: [is_search && under.judged_relevant, false, false, false],
    });
    (shown.chain(under).collect(), chances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::features::search::{DenseScale, PRODUCT_DENSE};
    use market::history::{DAY, Event, EventKind, PageDevice, Profile};
    use market::log::{Impression, ImpressionTruth, UnderImpression};

    fn products() -> ProductFeatures {
        ProductFeatures {
            product_type: vec![0; 30],
            brand: vec![0; 30],
            shop: vec![0; 30],
            colour: vec![0; 30],
            price: vec![0; 30],
            dense: vec![[0.0; PRODUCT_DENSE.len()]; 30],
            scale: DenseScale::default(),
        }
    }

    fn impression(product: ProductId, clicked: bool) -> Impression {
        let truth = ImpressionTruth {
            relevant: true,
            examination: 1.0,
            attraction: 1.0,
            competition: 1.0,
            conversion: 1.0,
        };
        Impression {
            product,
            index: 0,
            judged_relevant: product.is_multiple_of(2),
            clicked,
            favourited: false,
            carted: false,
            ordered: clicked && product > 10,
            truth,
        }
    }

    fn view(day: i32, clicked: &[ProductId], query: Option<&str>) -> PageView {
        PageView {
            needs: Vec::new(),
            time: day * DAY + 600,
            events_before: 1,
            query: query.map(str::to_owned),
            page: 0,
            device: PageDevice::Phone,
            impressions: (0..15).map(|id| impression(id, clicked.contains(&id))).collect(),
            under_impressions: vec![UnderImpression { product: 20, judged_relevant: true }; 12],
        }
    }

    fn log(views: Vec<PageView>) -> ShopperLog {
        let event = |time| Event { kind: EventKind::Click, product: 3, time };
        ShopperLog {
            shopper: 0,
            profile: Profile {
                age_band: 0,
                gender: 0,
                purchase_power: 0,
                household: 0,
                town: 0,
                member_years: 0,
            },
            // The second one happens after the first page was asked for.
            events: vec![event(500), event(700)],
            web_searches: Vec::new(),
            views,
        }
    }

    const QUERY: Option<&str> = Some("couch");

    fn made(views: Vec<PageView>, options: &Options) -> Vec<Sample> {
        let queries = Queries::plain(&["couch"]);
        samples(&log(views), &(0..2), &queries, &products(), options)
    }

    #[test]
    fn labels_are_those_of_the_four_objectives() {
        let sample = &made(vec![view(0, &[4, 14], QUERY)], &Options::training())[0];
        assert_eq!(sample.candidates.len(), 20);
        let labels = |product: ProductId| {
            sample.candidates.iter().find(|c| c.product == product).map(|c| c.labels)
        };
        assert_eq!(labels(0), Some([true, true, false, false]));
        assert_eq!(labels(1), Some([false, true, false, false]));
        assert_eq!(labels(4), Some([true, true, true, false]));
        // Kept though it comes after the tenth, for it was clicked.
        assert_eq!(labels(14), Some([true, true, true, true]));
        assert_eq!(labels(20), Some([true, false, false, false]));
        assert_eq!(sample.positives(2), [4, 14]);
    }

    #[test]
    fn searches_with_more_than_one_click_are_trained_on() {
        let views = || {
            let of = |day, clicked: &[ProductId], query| view(day, clicked, query);
            vec![
                of(0, &[], QUERY),
                of(0, &[3], QUERY),
                of(1, &[2, 5], QUERY),
                // Another day, the feed, and a query that nobody reads.
                of(2, &[2, 5], QUERY),
                of(1, &[2, 5], None),
                of(1, &[2, 5], Some("sofa")),
            ]
        };
        let trained = made(views(), &Options::training());
        assert_eq!(trained.len(), 1);
        assert_eq!((trained[0].query, trained[0].positives(2)), (Some(0), vec![2, 5]));
        assert_eq!(trained[0].day, 1);
        assert_eq!(made(views(), &Options::evaluation()).len(), 3);
    }

    #[test]
    fn nothing_on_the_feed_is_relevant() {
        let made = made(vec![view(1, &[2, 5], None)], &Options::playground());
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].query, None);
        let of: Vec<usize> = (0..4).map(|objective| made[0].positives(objective).len()).collect();
        assert_eq!(of, [0, 10, 2, 0]);
    }

    #[test]
    fn behaviour_after_the_request_is_not_known() {
        let sample = &made(vec![view(0, &[2, 3], QUERY)], &Options::training())[0];
        assert_eq!(sample.features.behaviours.each_ref().map(Vec::len), [1, 0, 0]);
        let without = Options { behaviour: false, ..Options::training() };
        let sample = &made(vec![view(0, &[2, 3], QUERY)], &without)[0];
        assert_eq!(sample.features.behaviours.each_ref().map(Vec::len), [0, 0, 0]);
    }
}
