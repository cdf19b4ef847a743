//! What DMT is measured by (DMT 5.3), and how near it comes to the truth.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::batch::{Batch, RowBatch};
use super::samples::Samples;

use crate::balance::ByDepartment;
use crate::device::device;
use crate::learning::department;
use crate::read;
use crate::slices::{end_slice, whole};
use market::catalogue::Catalogue;
use market::examination;
use market::features::places::NEIGHBOURHOOD;
use market::log::ImpressionTruth;
use market::metrics::{
    BLOCKS, ExpectedPage, Figure, Mean, auc, block_of, expected_auc, expected_page, mrr_at,
    precision_at, spearman,
};
use nets::models::dmt::input::Place;
use nets::models::dmt::ranker::Ranker;
use nets::models::dmt::{Dmt, TASKS};

/// Page views that are ranked at once: a slice of a look, so few that whoever waits does not notice.
const BATCH: usize = 64;

/// Metrics of one task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskMetrics {
    /// Area under the ROC curve over all impressions.
    pub auc: f64,
    /// Precision@4, mean over page views that have a positive.
    pub precision: f64,
    /// MRR@4, mean over page views that have a positive.
    pub mrr: f64,
}

/// Metrics of a model on held-out page views.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Click and order.
    pub tasks: [TaskMetrics; TASKS.len()],
    /// Spearman correlation of u_click with the true attraction, mean over page views.
    pub attraction: f64,
    /// Spearman correlation of u_order with the truth, attraction times conversion, mean over
    /// page views.
    pub purchase: f64,
    /// Pairs of products of one page view that u_click puts in the order of their true
    /// attraction, of all such pairs: an AUC against the truth.
    pub attraction_auc: f64,
    /// What the bias network learned, beside the truth.
    pub bias: BiasMetrics,
}

/// How near the bias network comes to what places truly do. Empty where it does not read them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BiasMetrics {
    /// Learned examination by index, relative to the first.
    pub learned: Vec<f32>,
    /// True examination by index, mean over impressions, relative to the first.
    pub truth: Vec<f32>,
    /// Spearman correlation of the two.
    pub examination: Option<f64>,
    /// Learned effect of six neighbours of the product's own type in place of six of others:
    /// the mean of exp of the difference in y_b.
    pub competition: Option<f64>,
}

/// Places on one page of the log.
const PAGE: usize = 10;
/// An index shown less often says too little of the truth.
const SHOWN_ENOUGH: u32 = 500;
/// Neighbourhoods that a learned curve is averaged over.
const NEIGHBOURHOODS: usize = 200;

impl BiasMetrics {
    /// Compares a ranker's bias network with the truth behind `samples`.
    pub fn of(ranker: &Ranker, samples: &Samples, catalogue: &Catalogue) -> Self {
        let mut metrics = Self::default();
        let mut places = Vec::with_capacity(samples.impressions());
        let mut examination: Vec<(f32, u32)> = Vec::new();
        for view in 0..samples.len() {
            let impressions = samples.impressions_of(view);
            let (first_index, _) = samples.place_of(view);
            places.extend(samples.places(view, catalogue));
            for (place, truth) in samples.truth(impressions).iter().enumerate() {
                let index = first_index + place;
                examination.resize(examination.len().max(index + 1), (0.0, 0));
                examination[index].0 += truth.examination;
                examination[index].1 += 1;
            }
        }
        examination.truncate(
            examination.iter().position(|(_, n)| *n < SHOWN_ENOUGH).unwrap_or(examination.len()),
        );
        let mean: Vec<f32> = examination.iter().map(|(sum, n)| sum / *n as f32).collect();
        let step = (places.len() / NEIGHBOURHOODS).max(1);
        let among: Vec<Place> = places.iter().step_by(step).copied().collect();
        if let Some(learned) = ranker.examination_among(&among, mean.len(), PAGE) {
            metrics.learned = read(learned);
            metrics.truth = mean.iter().map(|value| value / mean[0]).collect();
            metrics.examination = spearman(&metrics.learned, &metrics.truth);
        }
        metrics.competition = competition(ranker, &among);
        metrics
    }
}

/// See [`BiasMetrics::competition`]: products and neighbours as they are found in `places`.
fn competition(ranker: &Ranker, places: &[Place]) -> Option<f64> {
    if !ranker.config().bias.neighbours {
        return None;
    }
    let (mut crowded, mut apart) = (Vec::new(), Vec::new());
    for (number, place) in places.iter().enumerate() {
        let own = place.types[0];
        let mut others = places[number..]
            .iter()
            .chain(&places[..number])
            .map(|p| p.types[0])
            .filter(|&t| t != own);
        let among = |neighbour: &mut dyn FnMut() -> Option<u16>| {
            let mut types = place.types;
            types[1..].fill_with(neighbour);
            Place { types, ..*place }
        };
        crowded.push(among(&mut || own));
        apart.push(among(&mut || others.next().flatten()));
    }
    let (crowded, apart) = (read(ranker.bias_at(&crowded)?), read(ranker.bias_at(&apart)?));
    let mut mean = Mean::default();
    for (crowded, apart) in crowded.iter().zip(apart) {
        mean.add(Some(f64::from((crowded - apart).exp())));
    }
    mean.value()
}

/// True effect of six neighbours of the product's own type, as [`BiasMetrics::competition`].
pub fn true_competition() -> f64 {
    f64::from(examination::competition(&[0; NEIGHBOURHOOD], NEIGHBOURHOOD / 2))
}

/// Clicks on products that have as many neighbours of their own type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Crowded {
    /// Impressions.
    pub impressions: u32,
    /// Share of them that was clicked.
    pub clicked: f64,
    /// Mean of sigmoid(u_click): what the ranker expects without its bias network.
    pub expected: f64,
    /// Mean of attraction times examination: what would be clicked without competition.
    pub alone: f64,
}

/// [`Crowded`] by the number of neighbours of the product's own type, none to six: shows what of
/// the competition a ranker's utilities have taken in, though they know no neighbour.
pub fn by_crowd(
    ranker: &Ranker,
    samples: &Samples,
    catalogue: &Catalogue,
) -> [Crowded; NEIGHBOURHOOD] {
    let utilities = utilities(ranker.model(), samples, catalogue);
    let mut crowds = [Crowded::default(); NEIGHBOURHOOD];
    for view in 0..samples.len() {
        let impressions = samples.impressions_of(view);
        let places = samples.places(view, catalogue);
        for (impression, place) in impressions.zip(places) {
            let own = place.types[1..].iter().filter(|&&other| other == place.types[0]).count();
            let truth = samples.truth(impression..impression + 1)[0];
            let crowd = &mut crowds[own];
            crowd.impressions += 1;
            crowd.clicked += f64::from(u8::from(samples.labels(impression..impression + 1)[0][0]));
            crowd.expected += 1.0 / (1.0 + f64::from(-utilities[impression][0]).exp());
            crowd.alone += f64::from(truth.attraction * truth.examination);
        }
    }
    for crowd in &mut crowds {
        let impressions = f64::from(crowd.impressions.max(1));
        crowd.clicked /= impressions;
        crowd.expected /= impressions;
        crowd.alone /= impressions;
    }
    crowds
}

/// What of one task was seen on some page views, and what the ranker expected at their places.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Area under the ROC curve of u_k.
    pub auc: f64,
    /// Share of the impressions that were clicked, or ordered.
    pub seen: f64,
    /// Mean of sigmoid(u_k + y_b), what the ranker is trained to make of that.
    pub expected: f64,
}

impl Expected {
    /// Of each task. Shows whether a ranker keeps its measure on histories that it has seldom or
    /// never seen.
    pub fn of(ranker: &Ranker, samples: &Samples, catalogue: &Catalogue) -> [Self; TASKS.len()] {
        let utilities = utilities(ranker.model(), samples, catalogue);
        let mut places = Vec::with_capacity(samples.impressions());
        for view in 0..samples.len() {
            places.extend(samples.places(view, catalogue));
        }
        let bias = ranker.bias_at(&places).map(read).unwrap_or_default();
        let labels = samples.labels(0..samples.impressions());
        std::array::from_fn(|task| {
            let scores: Vec<f32> = utilities.iter().map(|u| u[task]).collect();
            let positives: Vec<bool> = labels.iter().map(|label| label[task]).collect();
            let (mut seen, mut expected) = (Mean::default(), Mean::default());
            for (number, (&score, &positive)) in scores.iter().zip(&positives).enumerate() {
                let logit = f64::from(score + bias.get(number).copied().unwrap_or(0.0));
                seen.add(Some(f64::from(u8::from(positive))));
                expected.add(Some(1.0 / (1.0 + (-logit).exp())));
            }
            Self {
                auc: auc(&scores, &positives).unwrap_or(0.5),
                seen: seen.value().unwrap_or(0.0),
                expected: expected.value().unwrap_or(0.0),
            }
        })
    }
}

/// u_click and u_order of every impression, in their order.
pub fn utilities(model: &Dmt, samples: &Samples, catalogue: &Catalogue) -> Vec<[f32; 2]> {
    whole(utilities_and_gates(model, samples, catalogue)).0
}

/// The same slice by slice, and how the gates use their experts; nothing of those without gates.
pub async fn utilities_and_gates(
    model: &Dmt,
    samples: &Samples,
    catalogue: &Catalogue,
) -> (Vec<[f32; 2]>, ByDepartment) {
    let device = device();
    // Rows are what is trained on, and faster. Nothing is differentiated here.
    let (of_rows, of_rows_on) = (model.clone().train().no_grad(), device.clone().autodiff());
    let views: Vec<usize> = (0..samples.len()).collect();
    let mut utilities = Vec::with_capacity(samples.impressions());
    let mut used = ByDepartment::default();
    for views in views.chunks(BATCH) {
        let of = (samples, views, catalogue);
        let answer = Answer::of_rows(&of_rows, of, &of_rows_on);
        let answer = answer.unwrap_or_else(|| Answer::of_padded(model, of, &device));
        utilities.extend(answer.utilities.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
        if let Some((gates, of_one)) = answer.gates {
            let own = |&view: &usize| samples.products(samples.impressions_of(view));
            let products = views.iter().flat_map(own);
            for (&product, gates) in products.zip(gates.chunks_exact(of_one)) {
                used.add(department(catalogue, product), gates);
            }
        }
        end_slice().await;
    }
    (utilities, used)
}

/// What a model makes of some page views, impression by impression.
struct Answer {
    /// u_click and u_order of each.
    utilities: Vec<f32>,
    /// The gates of each, task by expert, and how many numbers those are; none without gates.
    gates: Option<(Vec<f32>, usize)>,
}

impl Answer {
    /// Without padding; none of a model, or on a device, that is not trained so.
    fn of_rows(
        model: &Dmt,
        (samples, views, catalogue): (&Samples, &[usize], &Catalogue),
        device: &Device,
    ) -> Option<Self> {
        let batch = RowBatch::new(samples, views, catalogue, device);
        let (utilities, gates) = model.utilities(&batch.rows, &[])?;
        let gates = gates.map(|gates| {
            let [_, tasks, experts] = gates.dims();
            (read(gates.inner()), tasks * experts)
        });
        Some(Self { utilities: read(utilities.inner()), gates })
    }

    fn of_padded(
        model: &Dmt,
        (samples, views, catalogue): (&Samples, &[usize], &Catalogue),
        device: &Device,
    ) -> Self {
        let batch = Batch::new(samples, views, catalogue, device);
        let output = model.rank(&model.encode(&batch.sequences), &batch.candidates, 1.0);
        // Less what is padding.
        let own = |numbers: Vec<f32>, of_one: usize| -> Vec<f32> {
            let rows = numbers.chunks_exact(batch.width * of_one).zip(views);
            let own = rows.map(|(row, &view)| &row[..samples.impressions_of(view).len() * of_one]);
            own.collect::<Vec<_>>().concat()
        };
        let gates = output.gates.map(|gates| {
            let [_, _, tasks, experts] = gates.dims();
            (own(read(gates), tasks * experts), tasks * experts)
        });
        Self { utilities: own(read(output.utilities), TASKS.len()), gates }
    }
}

/// Names of what [`of_task`] measures.
const OF_TASK: [&str; 3] = ["AUC", "Precision@4", "MRR@4"];

/// AUC over the impressions of some page views; Precision@4 and MRR@4, means over those of them
/// that have a positive.
fn of_task(
    samples: &Samples,
    utilities: &[[f32; 2]],
    task: usize,
    views: &[usize],
) -> [Option<f64>; OF_TASK.len()] {
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    let (mut precision, mut mrr) = (Mean::default(), Mean::default());
    for &view in views {
        let view = samples.impressions_of(view);
        let start = scores.len();
        scores.extend(utilities[view.clone()].iter().map(|u| u[task]));
        labels.extend(samples.labels(view).iter().map(|l| l[task]));
        let (scores, labels) = (&scores[start..], &labels[start..]);
        if labels.contains(&true) {
            precision.add(precision_at(4, scores, labels));
            mrr.add(mrr_at(4, scores, labels));
        }
    }
    [auc(&scores, &labels), precision.value(), mrr.value()]
}

/// What [`of_task`] comes to on average over the draws of clicks and orders, which the truth of each
/// impression gives: orders are so rare that their draw hides what a day could tell.
fn expected_of_task(
    samples: &Samples,
    utilities: &[[f32; 2]],
    task: usize,
    views: &[usize],
) -> [Option<f64>; OF_TASK.len()] {
    let (mut scores, mut chances) = (Vec::new(), Vec::new());
    let mut whole = ExpectedPage::default();
    for &view in views {
        let view = samples.impressions_of(view);
        let start = scores.len();
        scores.extend(utilities[view.clone()].iter().map(|u| u[task]));
        chances.extend(samples.truth(view).iter().map(|truth| chances_of(truth)[task]));
        if let Some(page) = expected_page(4, &scores[start..], &chances[start..]) {
            whole.any += page.any;
            whole.precision += page.precision;
            whole.mrr += page.mrr;
        }
    }
    let mean = |sum: f64| (whole.any > 0.0).then(|| sum / whole.any);
    [expected_auc(&scores, &chances), mean(whole.precision), mean(whole.mrr)]
}

/// Probabilities of a click and of an order, place and neighbours included.
fn chances_of(truth: &ImpressionTruth) -> [f32; 2] {
    [truth.click(), truth.order()]
}

/// The metrics of each task over the held-out day and by block of shoppers, as they are expected
/// from the truth: "click AUC", "click Precision@4" and so on.
pub fn by_block(samples: &Samples, utilities: &[[f32; 2]]) -> Vec<Figure> {
    let mut blocks = vec![Vec::new(); BLOCKS];
    for view in 0..samples.len() {
        blocks[block_of(samples.shopper(view))].push(view);
    }
    let all: Vec<usize> = (0..samples.len()).collect();
    let mut figures = Vec::new();
    for (task, name) in TASKS.iter().enumerate() {
        let of = |views: &[usize]| expected_of_task(samples, utilities, task, views);
        let (whole, blocks): (_, Vec<_>) =
            (of(&all), blocks.iter().map(|views| of(views)).collect());
        figures.extend((0..OF_TASK.len()).map(|metric| Figure {
            name: format!("{name} {}", OF_TASK[metric]),
            whole: whole[metric],
            blocks: std::array::from_fn(|block| blocks[block][metric]),
        }));
    }
    figures
}

impl Metrics {
    /// Metrics of a ranker on the CPU.
    pub fn of_ranker(ranker: &Ranker, samples: &Samples, catalogue: &Catalogue) -> Self {
        Self {
            bias: BiasMetrics::of(ranker, samples, catalogue),
            ..Self::of(samples, &utilities(ranker.model(), samples, catalogue))
        }
    }

    /// Metrics that the truth itself would have: attraction, and attraction times conversion.
    pub fn of_truth(samples: &Samples) -> Self {
        let truth = samples.truth(0..samples.impressions());
        let utilities: Vec<[f32; 2]> =
            truth.iter().map(|t| [t.attraction, t.attraction * t.conversion]).collect();
        Self::of(samples, &utilities)
    }

    /// Metrics of the true probability of a click, place and neighbours included: what a ranker
    /// that is blind to bias learns at most, and so the most that bias can cost it.
    pub fn of_true_clicks(samples: &Samples) -> Self {
        let truth = samples.truth(0..samples.impressions());
        let utilities: Vec<[f32; 2]> = truth.iter().map(chances_of).collect();
        Self::of(samples, &utilities)
    }

    /// Metrics of scores, one pair for each impression.
    pub fn of(samples: &Samples, utilities: &[[f32; 2]]) -> Self {
        let all: Vec<usize> = (0..samples.len()).collect();
        let tasks = std::array::from_fn(|task| {
            let [auc, precision, mrr] = of_task(samples, utilities, task, &all);
            TaskMetrics {
                auc: auc.unwrap_or(0.5),
                precision: precision.unwrap_or(0.0),
                mrr: mrr.unwrap_or(0.0),
            }
        });
        let mut metrics = Self { tasks, ..Self::default() };
        let (mut attraction, mut purchase) = (Mean::default(), Mean::default());
        let mut pairs = Mean::default();
        for view in 0..samples.len() {
            let view = samples.impressions_of(view);
            let truth = samples.truth(view.clone());
            let utilities = &utilities[view];
            let clicks: Vec<f32> = utilities.iter().map(|u| u[0]).collect();
            let orders: Vec<f32> = utilities.iter().map(|u| u[1]).collect();
            let wanted: Vec<f32> = truth.iter().map(|t| t.attraction).collect();
            let bought: Vec<f32> = truth.iter().map(|t| t.attraction * t.conversion).collect();
            attraction.add(spearman(&clicks, &wanted));
            purchase.add(spearman(&orders, &bought));
            for one in 0..wanted.len() {
                for other in 0..one {
                    let (true_order, order) =
                        (wanted[one] - wanted[other], clicks[one] - clicks[other]);
                    if true_order != 0.0 {
                        pairs.add(Some(f64::from(u8::from(true_order * order > 0.0))));
                    }
                }
            }
        }
        metrics.attraction = attraction.value().unwrap_or(0.0);
        metrics.purchase = purchase.value().unwrap_or(0.0);
        metrics.attraction_auc = pairs.value().unwrap_or(0.5);
        metrics
    }
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, task) in TASKS.iter().zip(&self.tasks) {
            let TaskMetrics { auc, precision, mrr } = task;
            write!(f, "{name} AUC {auc:.4} Precision@4 {precision:.4} MRR@4 {mrr:.4}; ")?;
        }
        write!(
            f,
            "true attraction: Spearman {:.4}, AUC {:.4}",
            self.attraction, self.attraction_auc
        )?;
        if let Some(examination) = self.bias.examination {
            write!(f, "; true examination: Spearman {examination:.4}")?;
        }
        if let Some(competition) = self.bias.competition {
            write!(f, "; competition {competition:.4} (truth {:.4})", true_competition())?;
        }
        Ok(())
    }
}
