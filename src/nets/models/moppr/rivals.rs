//! The user-query sides of MOPPR's baselines (MOPPR 5.2), over the same inputs, under the same
//! towers.
//!
//! - MGDSPR (Li et al., KDD 2021): a multi-granular query semantic unit, and behaviours that
//!   attend to each other before the query attends to them. There are no characters below word
//!   pieces here and no query history among the inputs, so its granularities are pieces, pairs of
//!   neighbouring pieces, pieces in their context, and the mix of the three. Its units are fused
//!   by the tower, as MOPPR's are.
//! - alpha-DNN (Covington et al., RecSys 2016): means of embeddings, and no attention.

use burn::tensor::Tensor;

use super::input::UserQuery;
use super::{Embeddings, UserQueryOutput, attend, mean_pooling, self_attention};
use market::features::windows;

/// The windows of MGDSPR's real-time and short-term behaviour, in which behaviours attend to each
/// other; what is older is attended to as it is.
const RECENT: usize = windows::BY_SPAN.len() - 1;

impl Embeddings {
    /// MGDSPR: what MOPPR's equations 3 to 9 and 11 are in it.
    pub(super) fn multi_granular(&self, inputs: &UserQuery, table: &Tensor<2>) -> UserQueryOutput {
        let e_u = self.user(&inputs.profile);
        let e_q = self.query_side(inputs);

        let mask = &inputs.token_mask;
        let terms = self.terms(&inputs.tokens, mask);
        let pieces = mean_pooling(&terms, mask);
        let pairs = self.pairs(&terms, mask);
        let in_context = mean_pooling(&self_attention(&terms, mask), mask);
        let mix = pieces.clone() + pairs.clone() + in_context.clone();
        let query = Tensor::cat(vec![pieces, pairs, in_context, mix], 1);

        let q = Tensor::cat(vec![query.clone(), e_q.clone(), e_u.clone()], 1);
        let mut histories = Vec::with_capacity(self.query_attention.len());
        let mut behaviour_attention = Vec::with_capacity(self.query_attention.len());
        let windows = self.query_attention.iter().zip(&inputs.behaviours);
        for (window, (linear, sequence)) in windows.enumerate() {
            let mut behaviours = self.behaviours(sequence, table);
            if window < RECENT {
                behaviours = self_attention(&behaviours, &sequence.mask);
            }
            let (h, attention) = attend(linear.forward(q.clone()), &behaviours, &sequence.mask);
            histories.push(h);
            behaviour_attention.push(attention);
        }
        let history = Tensor::cat(histories, 1);
        UserQueryOutput {
            input: Tensor::cat(vec![e_u, e_q, query.clone(), history.clone()], 1),
            query,
            history,
            personal_attention: mask.zeros_like(),
            behaviour_attention,
        }
    }

    /// Mean over neighbouring pieces, `[B, L, d]` to `[B, d]`; zeros for fewer than two.
    fn pairs(&self, terms: &Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        let [batch, length, size] = terms.dims();
        let Some(pair) = self.pair.as_ref().filter(|_| length > 1) else {
            return Tensor::zeros([batch, size], &terms.device());
        };
        let [first, second] = [0, 1].map(|start| terms.clone().narrow(1, start, length - 1));
        let present = mask.clone().narrow(1, 0, length - 1) * mask.clone().narrow(1, 1, length - 1);
        mean_pooling(&pair.forward(Tensor::cat(vec![first, second], 2)), &present)
    }

    /// alpha-DNN: the mean over the pieces, and the mean over each window.
    pub(super) fn averaged(&self, inputs: &UserQuery, table: &Tensor<2>) -> UserQueryOutput {
        let e_u = self.user(&inputs.profile);
        let e_q = self.query_side(inputs);
        let terms = self.terms(&inputs.tokens, &inputs.token_mask);
        let query = mean_pooling(&terms, &inputs.token_mask);
        let windows = inputs.behaviours.iter();
        let means = windows
            .clone()
            .map(|sequence| mean_pooling(&self.behaviours(sequence, table), &sequence.mask));
        let history = Tensor::cat(means.collect(), 1);
        let share = |mask: &Tensor<2>| mask.clone() / mask.clone().sum_dim(1).clamp_min(1.0);
        UserQueryOutput {
            input: Tensor::cat(vec![e_u, e_q, query.clone(), history.clone()], 1),
            query,
            history,
            personal_attention: inputs.token_mask.zeros_like(),
            behaviour_attention: windows.map(|sequence| share(&sequence.mask)).collect(),
        }
    }
}
