//! Which products of page views are trained on (MOPPR 5.2, 5.5.3 and 7.1.2).

use std::collections::BTreeMap;
use std::ops::Range;

use super::samples::{Candidate, Sample};
use market::catalogue::ProductId;

/// What of a page view is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Non-clicked impressions (NCI).
    pub non_clicked: bool,
    /// Most under-impressions (UI).
    pub under_impressions: usize,
    /// Hard negatives: most products that were found irrelevant to the same query in other page
    /// views, where they were shown or ranked too low to be.
    pub irrelevant: usize,
    /// A sample for each clicked product, with it alone, as single-objective baselines are
    /// trained.
    pub single: bool,
}

impl Selection {
    /// The paper's page views (MOPPR 5.3).
    pub const PAPER: Self =
        Self { non_clicked: true, under_impressions: 10, irrelevant: 0, single: false };

    /// A sample for each click, as the baselines have it (MOPPR 5.2).
    pub const SINGLE: Self =
        Self { non_clicked: false, under_impressions: 0, irrelevant: 0, single: true };

    /// The views with what is selected of them; `sale_days` are those on which each product was on
    /// sale.
    pub fn of(&self, views: &[Sample], sale_days: &[Range<i32>]) -> Vec<Sample> {
        let irrelevant = if self.irrelevant > 0 { irrelevant(views) } else { BTreeMap::new() };
        let mut selected = Vec::with_capacity(views.len());
        for (number, view) in views.iter().enumerate() {
            let mut candidates = self.candidates(view);
            if let Some(known) = view.query.and_then(|query| irrelevant.get(&query)) {
                // Each view of a query begins elsewhere, so that all of them are seen.
                let from = (number * self.irrelevant) % known.len();
                let others = known[from..].iter().chain(&known[..from]);
                let on_sale = |p: ProductId| sale_days[p as usize].contains(&view.day);
                let others = others.filter(|&&p| on_sale(p));
                let others = others.filter(|&&p| view.candidates.iter().all(|c| c.product != p));
                let hard = others.take(self.irrelevant);
                candidates.extend(hard.map(|&product| Candidate { product, labels: [false; 4] }));
            }
            if self.single {
                selected.extend(
                    candidates
                        .into_iter()
                        .filter(|candidate| candidate.labels[2])
                        .map(|clicked| Sample { candidates: vec![clicked], ..view.clone() }),
                );
            } else {
                selected.push(Sample { candidates, ..view.clone() });
            }
        }
        selected
    }

    fn candidates(&self, view: &Sample) -> Vec<Candidate> {
        let mut under = 0;
        let kept = view.candidates.iter().filter(|candidate| {
            let [_, shown, clicked, _] = candidate.labels;
            if shown {
                clicked || self.non_clicked
            } else {
                under += 1;
                under <= self.under_impressions
            }
        });
        kept.copied().collect()
    }
}

/// Products that were found irrelevant to each query, by id.
fn irrelevant(views: &[Sample]) -> BTreeMap<u32, Vec<ProductId>> {
    let mut found: BTreeMap<u32, Vec<ProductId>> = BTreeMap::new();
    for view in views {
        let Some(query) = view.query else { continue };
        let products = view.candidates.iter().filter(|c| !c.labels[0]).map(|c| c.product);
        found.entry(query).or_default().extend(products);
    }
    for products in found.values_mut() {
        products.sort_unstable();
        products.dedup();
    }
    found.retain(|_, products| !products.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::features::search::SearchFeatures;

    const ALWAYS: [Range<i32>; 12] = [const { 0..9 }; 12];

    const fn candidate(product: ProductId, labels: [bool; 4]) -> Candidate {
        Candidate { product, labels }
    }

    fn view(query: impl Into<Option<u32>>, candidates: &[Candidate]) -> Sample {
        let features = SearchFeatures {
            profile: [0; 6],
            query: Default::default(),
            behaviours: Default::default(),
        };
        Sample {
            shopper: 3,
            day: 0,
            features,
            query: query.into(),
            candidates: candidates.into(),
            chances: Vec::new(),
        }
    }

    const SHOWN: Candidate = candidate(1, [true, true, false, false]);
    const CLICKED: Candidate = candidate(2, [true, true, true, false]);
    const BOUGHT: Candidate = candidate(3, [false, true, true, true]);
    const UNDER: Candidate = candidate(4, [true, false, false, false]);
    const WRONG: Candidate = candidate(5, [false; 4]);

    fn page() -> Sample {
        view(7, &[SHOWN, CLICKED, BOUGHT, UNDER, WRONG])
    }

    fn products(samples: &[Sample]) -> Vec<Vec<ProductId>> {
        let of = |s: &Sample| s.candidates.iter().map(|c| c.product).collect();
        samples.iter().map(of).collect()
    }

    #[test]
    fn the_papers_selection_takes_the_page_as_it_is() {
        assert_eq!(Selection::PAPER.of(&[page()], &ALWAYS), [page()]);
    }

    #[test]
    fn without_non_clicked_impressions_or_under_impressions() {
        let without = Selection { non_clicked: false, ..Selection::PAPER };
        assert_eq!(products(&without.of(&[page()], &ALWAYS)), [[2, 3, 4, 5]]);
        let one = Selection { under_impressions: 1, ..Selection::PAPER };
        assert_eq!(products(&one.of(&[page()], &ALWAYS)), [[1, 2, 3, 4]]);
        let neither = Selection { under_impressions: 0, ..without };
        assert_eq!(products(&neither.of(&[page()], &ALWAYS)), [[2, 3]]);
    }

    #[test]
    fn each_click_is_a_sample_of_its_own() {
        let samples = Selection::SINGLE.of(&[page(), view(6, &[SHOWN])], &ALWAYS);
        assert_eq!(products(&samples), [[2], [3]]);
        assert_eq!(samples[1].candidates[0].labels, BOUGHT.labels);
    }

    #[test]
    fn irrelevant_products_come_from_other_views_of_the_query() {
        let views = [
            page(),
            view(7, &[CLICKED, candidate(9, [false; 4]), candidate(8, [false; 4])]),
            view(6, &[CLICKED, candidate(11, [false; 4])]),
        ];
        let hard = Selection { irrelevant: 1, ..Selection::PAPER };
        let found = products(&hard.of(&views, &ALWAYS));
        // Known for query 7: 3, 5, 8, 9; what the view has of its own is not added again.
        assert_eq!(found[0][..5], [1, 2, 3, 4, 5]);
        assert_eq!(found[0][5..], [8]);
        assert_eq!(found[1], [2, 9, 8, 5]);
        assert_eq!(found[2], [2, 11]);
        let all = Selection { irrelevant: 9, ..Selection::PAPER };
        assert_eq!(all.of(&views, &ALWAYS)[0].candidates.len(), 7);
        let added = all.of(&views, &ALWAYS)[0].candidates[5];
        assert_eq!(added.labels, [false; 4]);
        // What had not come yet, or had sold out, was no alternative.
        let mut sale_days = ALWAYS;
        (sale_days[8], sale_days[9]) = (1..9, -9..0);
        assert_eq!(
            products(&all.of(&views, &sale_days)),
            [vec![1, 2, 3, 4, 5], vec![2, 9, 8, 5, 3], vec![2, 11]]
        );
    }
}
