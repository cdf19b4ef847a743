//! How much each expert weighs in each task of the DMT that ships (DMT figure 3).
//!
//! Which expert both tasks share most, and which one is most a task's own, is chosen on one half of the
//! pages and weighed on the other: the extremes of a choice are not taken for what there is.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;

use crate::cli::market::{Market, read};
use crate::tables::study::Study;
use market::catalogue::{Catalogue, ProductId};
use market::fingerprint::hash;
use market::metrics::{Blocks, Figure};
use nets::models::dmt::ranker::{Ranker, file_name};
use nets::models::dmt::{SEQUENCES, Sequence, TASKS};
use nets::models::query_category::CategoryPredictor;
use systems::dmt::{BiasFeatures, MultiTask};
use training::device::device;
use training::dmt::data::{Data, Pages};
use training::dmt::samples::Samples;
use training::people::People;

/// The study.
pub static STUDY: Study = Study {
    name: "dmt-gates",
    says: "mean weight of each expert in each task of the DMT that ships",
    figures: &FIGURES,
    of: |market| {
        Ok(format!("{:?} {VIEWS} pages {}", market.config(), hash(&read(&weights(market))?)))
    },
    run: |market| figures(&pages(market)?),
};

/// Page views that are looked into, spread over the held-out day.
const VIEWS: usize = 4_000;

/// Experts, as the paper's figure has them.
const EXPERTS: usize = 4;

/// Names of the figures.
const FIGURES: [&str; 11] = [
    "click, expert 1",
    "click, expert 2",
    "click, expert 3",
    "click, expert 4",
    "order, expert 1",
    "order, expert 2",
    "order, expert 3",
    "order, expert 4",
    "the most shared expert, in the task that it weighs less in",
    "the expert that is most a task's own, in that task",
    "the expert that is most a task's own, in the other task",
];

/// Weights by task and expert, mean over a page's candidates.
type Gates = [[f64; EXPERTS]; TASKS.len()];

fn weights(market: &Market) -> PathBuf {
    market.assets.join(file_name(MultiTask::Mmoe, BiasFeatures::SHIPPED))
}

/// Whose page it was and its gates, of pages that are spread over the held-out day.
fn pages(market: &Market) -> Result<Vec<(u32, Gates)>> {
    let (world, words) = (market.world(), market.words()?);
    let types = world.catalogue.product_types.len();
    let predictor = CategoryPredictor::load(&market.predictor()?, types, &Device::flex())?;
    let pages = Pages { cold_start: 0.0, cold: false, ..Pages::PLAYGROUND };
    let people = People::of_log(&world);
    let samples = Data::gather(&world, &words, &predictor, pages, &people, || ())?.test;
    let ranker = Ranker::load(&read(&weights(market))?, &world.catalogue, &device())?;
    let step = (samples.len() / VIEWS).max(1);
    let views = (0..samples.len()).step_by(step).take(VIEWS);
    views
        .map(|view| {
            let gates = of_page(&ranker, &samples, &world.catalogue, view);
            gates.map(|gates| (samples.shopper(view), gates))
        })
        .collect()
}

fn of_page(
    ranker: &Ranker,
    samples: &Samples,
    catalogue: &Catalogue,
    view: usize,
) -> Result<Gates> {
    let of_sequence = |sequence: usize| {
        let history: &[ProductId] = samples.history(view, sequence);
        Sequence::new(catalogue, std::iter::once(history), &device())
    };
    let sequences: Vec<Sequence> = (0..SEQUENCES).map(of_sequence).collect();
    let shown = samples.impressions_of(view);
    let shown = shown.start..shown.start + samples.shown(view);
    let (products, dense) = (samples.products(shown.clone()), samples.dense(shown));
    let encoded = ranker.model().encode(&sequences);
    let gates = ranker.rank(catalogue, &encoded, products, dense, 1.0).gates;
    let gates = gates.context("the DMT that ships has no gates")?;
    let [_, candidates, tasks, experts] = gates.dims();
    ensure!((tasks, experts) == (TASKS.len(), EXPERTS), "{experts} experts for {tasks} tasks");
    let mut mean = Gates::default();
    for (number, weight) in training::read(gates).into_iter().enumerate() {
        mean[number / EXPERTS % TASKS.len()][number % EXPERTS] +=
            f64::from(weight) / candidates as f64;
    }
    Ok(mean)
}

fn figures(pages: &[(u32, Gates)]) -> Result<Vec<Figure>> {
    let (chosen_on, weighed_on): (Vec<_>, Vec<_>) =
        pages.iter().enumerate().partition(|(number, _)| number.is_multiple_of(2));
    let mut sum = Gates::default();
    for (_, (_, gates)) in &chosen_on {
        let all = sum.iter_mut().flatten().zip(gates.iter().flatten());
        all.for_each(|(sum, weight)| *sum += weight);
    }
    let [click, order] = sum;
    let least = |expert: usize| click[expert].min(order[expert]);
    let apart = |expert: usize| (click[expert] - order[expert]).abs();
    let most = |of: &dyn Fn(usize) -> f64| {
        (0..EXPERTS).max_by(|&a, &b| of(a).total_cmp(&of(b))).context("no expert")
    };
    let (shared, own) = (most(&least)?, most(&apart)?);
    // By task: 0 is the click, 1 the order.
    let less_in = usize::from(order[shared] < click[shared]);
    let own_of = usize::from(order[own] > click[own]);

    let mut blocks = [Blocks::default(); FIGURES.len()];
    for (shopper, gates) in pages {
        let weights = gates.iter().flatten();
        blocks.iter_mut().zip(weights).for_each(|(block, w)| block.add(*shopper, Some(*w)));
    }
    let [.., of_shared, of_own, of_other] = &mut blocks;
    for (_, (shopper, gates)) in weighed_on {
        of_shared.add(*shopper, Some(gates[less_in][shared]));
        of_own.add(*shopper, Some(gates[own_of][own]));
        of_other.add(*shopper, Some(gates[1 - own_of][own]));
    }
    Ok(blocks.iter().zip(FIGURES).map(|(block, name)| block.figure(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::report::Verdict;
    use crate::tables::study::{Contrast, verdicts};

    #[test]
    fn experts_are_chosen_on_half_of_the_pages_and_weighed_on_the_other() {
        // Expert 1 leads both, 4 is the orders' own; on the pages that are weighed it is less so.
        let chosen = [[0.5, 0.3, 0.1, 0.1], [0.4, 0.1, 0.1, 0.4]];
        let weighed = [[0.5, 0.2, 0.1, 0.2], [0.4, 0.2, 0.1, 0.3]];
        let pages: Vec<(u32, Gates)> =
            (0..80).map(|n| (n / 2, if n % 2 == 0 { chosen } else { weighed })).collect();
        let found = figures(&pages).unwrap();
        assert_eq!(found.iter().map(|figure| &*figure.name).collect::<Vec<_>>(), FIGURES);
        let whole: Vec<f64> = found.iter().map(|figure| figure.whole.unwrap()).collect();
        let expected = [0.5, 0.25, 0.1, 0.15, 0.4, 0.15, 0.1, 0.35, 0.4, 0.3, 0.2];
        for ((found, expected), name) in whole.iter().zip(expected).zip(FIGURES) {
            assert!((found - expected).abs() < 1e-9, "{name}: {found}");
        }
        let [.., shared, own, other] = FIGURES;
        let said = [Contrast::Over(shared, 0.25), Contrast::Above(own, other)];
        assert_eq!(verdicts(&said, &found), Some(vec![Verdict::ComesOut; 2]));
        // What no task has of its own is no difference.
        let alike = Contrast::Differ("click, expert 3", "order, expert 3");
        assert_eq!(verdicts(&[alike], &found), Some(vec![Verdict::NotSignificant]));
    }
}
