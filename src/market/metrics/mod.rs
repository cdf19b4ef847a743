//! Metrics of retrieval and ranking, each as its paper defines it.
//!
//! | metric | of | source |
//! | --- | --- | --- |
//! | [`recall_at`], [`ndcg_at`], [`p_good`] | one page view's retrieved list | MOPPR 19 to 21 |
//! | [`precision_at`], [`mrr_at`] | one page view's scores | DMT 5.3 |
//! | [`graded_ndcg_at`], [`dcg_at`] | one page view's scores, or gains in their order | Yandex 4.1 |
//! | [`auc`], [`rela_impr`] | all scores of a test set | DMT 5.3 |
//! | [`expected_auc`], [`expected_page`] | the same on average over the draws of the labels | |
//! | [`entropy`], [`effective_number`] | a distribution over candidates | |
//! | [`effective_number_of`] | what kinds of things a list holds | |
//! | [`kendall_tau`], [`spearman`], [`overlap_at`], [`rank_biased_overlap`] | two orders of the same things | |
//! | [`reliability`] | predictions and what came of them | |
//! | [`Figure`] | any of these, by blocks of shoppers | |
//!
//! Everything is computed in f64. `None` means that the metric does not exist there, for
//! example a recall without targets; [`Mean`] averages a metric over the page views that have it,
//! [`Blocks`] over those of blocks of shoppers too.

mod agreement;
mod blocks;
mod distribution;
mod expected;
mod mean;
pub mod measure;
mod ranking;
mod reliability;
mod retrieval;

pub use agreement::{kendall_tau, overlap_at, rank_biased_overlap, spearman};
pub use blocks::{BLOCKS, Blocks, Figure, block_of};
pub use distribution::{effective_number, effective_number_of, entropy};
pub use expected::{ExpectedPage, expected_auc, expected_page};
pub use mean::Mean;
pub use ranking::{auc, dcg_at, graded_ndcg_at, mrr_at, precision_at, rela_impr};
pub use reliability::{Bin, reliability};
pub use retrieval::{ndcg_at, p_good, recall_at};
