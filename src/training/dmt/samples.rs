//! Page views as DMT is trained and evaluated on them.

use std::ops::Range;

use super::cold_start::Lost;
use crate::normalisation::moments;
use crate::queries::QueryMatcher;
use market::catalogue::{Catalogue, ProductId};
use market::features::Moment;
use market::features::dense::{self, DenseTables, QueryMatch};
use market::features::split::day_of;
use market::history::Event;
use market::log::{ImpressionTruth, PageView, ShopperLog};
use nets::models::dmt::SEQUENCES;
use nets::models::dmt::input::{Place, behaviours};

/// Truth behind a product that was not shown.
const NOT_LOOKED_AT: ImpressionTruth = ImpressionTruth {
    relevant: false,
    examination: 0.0,
    attraction: 0.0,
    competition: 1.0,
    conversion: 0.0,
};

/// Which page views become samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Those of searches too; the feed's always.
    pub searches: bool,
    /// Most products a search that were retrieved, that the judge finds irrelevant and that were
    /// not shown. They count as neither clicked nor ordered: the impressions alone, most of them
    /// relevant (`vitrine evaluate samples`), hardly teach that a shopper's favourite desk is no
    /// answer to "couch". Relevant products that were not shown stay out, for nobody knows whether
    /// they would have been clicked.
    pub irrelevant: usize,
}

/// Page views with everything that DMT reads of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    views: Vec<View>,
    /// Products of the histories, one after another.
    behaviours: Vec<ProductId>,
    products: Vec<ProductId>,
    dense: Vec<f32>,
    labels: Vec<[bool; 2]>,
    truth: Vec<ImpressionTruth>,
}

#[derive(Clone, Debug, PartialEq)]
struct View {
    shopper: u32,
    histories: [Range<u32>; SEQUENCES],
    /// Impressions, and behind them the products that were not shown.
    impressions: Range<u32>,
    shown: u16,
    first_index: u16,
    page: u16,
}

impl Samples {
    /// Page views of one shopper on certain days, with the features that the tables of the catalogue
    /// give. What `lost` takes of a view's history, asked for one view after another, nothing reads.
    pub fn of(
        log: &ShopperLog,
        days: &Range<i32>,
        kinds: Kinds,
        mut lost: impl FnMut() -> Lost,
        tables: (&Catalogue, &DenseTables),
        matcher: &impl QueryMatcher,
    ) -> Self {
        let mut samples = Self::default();
        for view in &log.views {
            let wanted = view.query.is_none() || kinds.searches;
            if wanted && days.contains(&day_of(view.time)) && !view.impressions.is_empty() {
                let events = lost().leave(&log.events[..view.events_before as usize]);
                samples.add(log, view, &events, kinds.irrelevant, tables, matcher);
            }
        }
        samples
    }

    fn add(
        &mut self,
        log: &ShopperLog,
        view: &PageView,
        events: &[Event],
        irrelevant: usize,
        (catalogue, tables): (&Catalogue, &DenseTables),
        matcher: &impl QueryMatcher,
    ) {
        let moment = Moment {
            profile: &log.profile,
            events,
            query: view.query.as_deref(),
            now: view.time,
            device: view.device,
        };
        let histories = behaviours(&moment).map(|positions| {
            let start = self.behaviours.len() as u32;
            self.behaviours.extend(positions.iter().map(|&p| moment.events[p].product));
            start..self.behaviours.len() as u32
        });
        let start = self.products.len();
        self.products.extend(view.impressions.iter().map(|impression| impression.product));
        let irrelevant = if view.query.is_some() { irrelevant } else { 0 };
        let unshown = view.under_impressions.iter().filter(|under| !under.judged_relevant);
        let unshown = unshown.take(irrelevant);
        self.products.extend(unshown.clone().map(|under_impression| under_impression.product));
        let candidates = &self.products[start..];
        let (cosine, product_types) = match moment.query {
            Some(query) => matcher.matching(query, candidates),
            None => Default::default(),
        };
        let query = QueryMatch { cosine: &cosine, product_types: &product_types };
        self.dense.extend(tables.request(catalogue, &moment, query, candidates));
        for impression in &view.impressions {
            self.labels.push([impression.clicked, impression.ordered]);
            self.truth.push(impression.truth);
        }
        for _ in unshown {
            self.labels.push([false; 2]);
            self.truth.push(NOT_LOOKED_AT);
        }
        self.views.push(View {
            shopper: log.shopper,
            histories,
            impressions: start as u32..self.products.len() as u32,
            shown: view.impressions.len() as u16,
            first_index: view.impressions[0].index,
            page: view.page,
        });
    }

    /// Adds the views of another set.
    pub fn append(&mut self, mut other: Samples) {
        let (behaviours, products) = (self.behaviours.len() as u32, self.products.len() as u32);
        let moved = |range: &Range<u32>, by: u32| range.start + by..range.end + by;
        for view in &mut other.views {
            view.histories = view.histories.each_ref().map(|range| moved(range, behaviours));
            view.impressions = moved(&view.impressions, products);
        }
        self.views.append(&mut other.views);
        self.behaviours.append(&mut other.behaviours);
        self.products.append(&mut other.products);
        self.dense.append(&mut other.dense);
        self.labels.append(&mut other.labels);
        self.truth.append(&mut other.truth);
    }

    /// The first page views, so many at most.
    pub fn head(&self, count: usize) -> Self {
        let views = &self.views[..count.min(self.len())];
        // Views stand in the order of what they hold.
        let impressions = views.last().map_or(0, |view| view.impressions.end as usize);
        let behaviours = views.iter().flat_map(|view| &view.histories).map(|range| range.end);
        Self {
            views: views.to_vec(),
            behaviours: self.behaviours[..behaviours.max().unwrap_or(0) as usize].to_vec(),
            products: self.products[..impressions].to_vec(),
            dense: self.dense[..impressions * dense::COUNT].to_vec(),
            labels: self.labels[..impressions].to_vec(),
            truth: self.truth[..impressions].to_vec(),
        }
    }

    /// Number of page views.
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether there is no page view.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// Number of impressions.
    pub fn impressions(&self) -> usize {
        self.products.len()
    }

    /// The shopper of a view.
    pub fn shopper(&self, view: usize) -> u32 {
        self.views[view].shopper
    }

    /// One sequence of a view, newest first.
    pub fn history(&self, view: usize, sequence: usize) -> &[ProductId] {
        &self.behaviours[as_usize(&self.views[view].histories[sequence])]
    }

    /// Numbers of a view's impressions, for the functions below.
    pub fn impressions_of(&self, view: usize) -> Range<usize> {
        as_usize(&self.views[view].impressions)
    }

    /// Number of a view's impressions; those behind them were not shown.
    pub fn shown(&self, view: usize) -> usize {
        self.views[view].shown.into()
    }

    /// Index of a view's first impression on the list, and its page.
    pub fn place_of(&self, view: usize) -> (usize, usize) {
        let view = &self.views[view];
        (view.first_index.into(), view.page.into())
    }

    /// Where a view's impressions stood: those that were shown.
    pub fn places(&self, view: usize, catalogue: &Catalogue) -> Vec<Place> {
        let own = self.products(self.impressions_of(view));
        let (first_index, page) = self.place_of(view);
        Place::of_page(catalogue, &own[..self.shown(view)], first_index, page)
    }

    /// Products of impressions.
    pub fn products(&self, impressions: Range<usize>) -> &[ProductId] {
        &self.products[impressions]
    }

    /// Dense features of impressions, one after another.
    pub fn dense(&self, impressions: Range<usize>) -> &[f32] {
        &self.dense[impressions.start * dense::COUNT..impressions.end * dense::COUNT]
    }

    /// Whether impressions were clicked and ordered.
    pub fn labels(&self, impressions: Range<usize>) -> &[[bool; 2]] {
        &self.labels[impressions]
    }

    /// Truth behind impressions: for evaluation only.
    pub fn truth(&self, impressions: Range<usize>) -> &[ImpressionTruth] {
        &self.truth[impressions]
    }

    /// Log odds of a click and of an order over all impressions.
    pub fn base_log_odds(&self) -> [f32; 2] {
        [0, 1].map(|task| {
            let positive = self.labels.iter().filter(|label| label[task]).count() as f32;
            // Half of one more of each, so that a task without either has finite odds.
            ((positive + 0.5) / (self.labels.len() as f32 - positive + 0.5)).ln()
        })
    }

    /// Mean and standard deviation of each dense feature. A feature that never varies says
    /// nothing, and gets so large a deviation that it never will.
    pub fn normalisation(&self) -> (Vec<f32>, Vec<f32>) {
        moments(&self.dense, dense::COUNT)
    }
}

fn as_usize(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
