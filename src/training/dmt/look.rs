//! A look at a model while it learns.

use super::evaluate::{BiasMetrics, Metrics, utilities_and_gates};
use super::samples::Samples;
use crate::balance::ByDepartment;
use crate::learning::{Gated, Measured, Seen};
use crate::slices::end_slice;
use market::catalogue::Catalogue;
use market::metrics::auc;
use nets::models::dmt::TASKS;
use nets::models::dmt::ranker::Ranker;

/// What is seen of a model.
#[derive(Clone, Debug)]
pub struct Look {
    /// AUC of each task over some page views that it learns from.
    pub training: [f64; TASKS.len()],
    /// What is measured on those held out.
    pub held_out: Metrics,
    /// How the gates use their experts over those held out; nothing without gates.
    pub gates: ByDepartment,
}

impl Look {
    /// Looks at a ranker on the CPU, slice by slice; `learned` are few page views that it learns from.
    pub async fn at(
        ranker: &Ranker,
        learned: &Samples,
        held_out: &Samples,
        catalogue: &Catalogue,
    ) -> Self {
        let (of_learned, _) = utilities_and_gates(ranker.model(), learned, catalogue).await;
        let labels = learned.labels(0..learned.impressions());
        let training = std::array::from_fn(|task| {
            let scores: Vec<f32> = of_learned.iter().map(|utility| utility[task]).collect();
            let positives: Vec<bool> = labels.iter().map(|label| label[task]).collect();
            auc(&scores, &positives).unwrap_or(0.5)
        });
        let (utilities, gates) = utilities_and_gates(ranker.model(), held_out, catalogue).await;
        let metrics = Metrics::of(held_out, &utilities);
        end_slice().await;
        let bias = BiasMetrics::of(ranker, held_out, catalogue);
        Self { training, held_out: Metrics { bias, ..metrics }, gates }
    }

    /// The same as every system says it.
    pub fn seen(self) -> Seen {
        let Self { training: [click, order], held_out, gates } = self;
        let [of_click, of_order] = held_out.tasks.map(|task| task.auc);
        let bias = held_out.bias;
        let gated = TASKS.into_iter().enumerate();
        let gated = gated.filter_map(|(task, key)| Gated::of(key, &gates, task, TASKS.len()));
        Seen {
            measures: vec![
                Measured::both("auc-click", Some(click), Some(of_click)),
                Measured::both("auc-order", Some(order), Some(of_order)),
                Measured::held_out("truth-click", Some(held_out.attraction_auc)),
                // An order's truth is known of every product that was shown, and so says more than a few orders.
                Measured::held_out("truth-order", Some(held_out.purchase)),
            ],
            gates: gated.collect(),
            curves: match bias.learned.is_empty() {
                true => Vec::new(),
                false => vec![("examination", [bias.learned, bias.truth])],
            },
        }
    }
}
