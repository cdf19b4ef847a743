//! The user tower as it is trained on the CPU: over behaviours without padding. It computes what
//! [`Yandex::users`] does.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{Encoder, UserTower, Yandex};
use crate::nn::fused::attention::{Segments, between, within};
use crate::nn::fused::embedding::embed;
use crate::nn::layer::norm;
use crate::nn::tower::l2_norm;

/// A sequence of behaviours for each of B shoppers, newest first, one after another: n in all.
#[derive(Clone, Debug)]
pub struct SequenceRows {
    /// Row of each behaviour's text in the table of contents.
    content: Arc<Vec<i32>>,
    /// Type of each.
    kinds: Arc<Vec<i32>>,
    /// Position of each, from 0 for the newest.
    places: Arc<Vec<i32>>,
    /// For each shopper `[CLS]`, which is row n, and its behaviours.
    order: Arc<Vec<i32>>,
    /// Where each shopper's `[CLS]` stands in that order.
    first: Arc<Vec<i32>>,
    /// `[CLS]` and behaviours of one shopper.
    within: Segments,
    /// `[CLS]` of a shopper, and with it the behaviours.
    towards: Segments,
}

impl SequenceRows {
    /// From pairs of a row in the table of contents and a type.
    pub fn new(histories: &[Vec<(u32, u8)>]) -> Self {
        let all = histories.iter().flatten();
        let cls: i32 = histories.iter().map(|history| history.len() as i32).sum();
        let (mut order, mut first, mut next) = (Vec::new(), Vec::new(), 0);
        for history in histories {
            first.push(order.len() as i32);
            order.push(cls);
            order.extend(next..next + history.len() as i32);
            next += history.len() as i32;
        }
        let lengths: Vec<usize> = histories.iter().map(|history| history.len() + 1).collect();
        Self {
            content: Arc::new(all.clone().map(|(row, _)| row.cast_signed()).collect()),
            kinds: Arc::new(all.map(|(_, kind)| i32::from(*kind)).collect()),
            places: Arc::new(histories.iter().flat_map(|h| 0..h.len() as i32).collect()),
            order: Arc::new(order),
            first: Arc::new(first),
            within: within(&lengths),
            towards: between(&vec![1; lengths.len()], &lengths),
        }
    }
}

impl SequenceRows {
    /// For each shopper how many rows it has, with `[CLS]`.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.within.iter().map(|segment| segment.keys.len())
    }
}

/// What the user tower reads of B shoppers.
#[derive(Clone, Debug)]
pub struct HistoryRows {
    /// Behaviour in the shop, and web searches where they are fused with it.
    pub behaviour: SequenceRows,
    /// Web searches where they have a transformer of their own.
    pub web: Option<SequenceRows>,
}

impl Yandex {
    /// v_u of shoppers, `[B, d]`; none where this is not training on the CPU, or there is no
    /// behaviour at all. `content` holds the texts that the histories name, `[M, d]`.
    pub fn users_of_rows(&self, content: &Tensor<2>, rows: &HistoryRows) -> Option<Tensor<2>> {
        let UserTower { kinds, behaviour, web, scales } = &self.user;
        let kinds = kinds.weight.val();
        let shop = l2_norm(behaviour.of_rows(content, &kinds, &rows.behaviour)?);
        Some(match (web, scales, &rows.web) {
            (Some(encoder), Some(scales), Some(rows)) => {
                let web = l2_norm(encoder.of_rows(content, &kinds, rows)?);
                let scaled = |vectors: Tensor<2>, n: usize| {
                    vectors * scales.val().narrow(0, n, 1).unsqueeze_dim::<2>(0)
                };
                scaled(shop, 0) + scaled(web, 1)
            }
            _ => shop,
        })
    }
}

impl Encoder {
    /// `[CLS]` after the last layer, `[B, d]`.
    fn of_rows(
        &self,
        content: &Tensor<2>,
        kinds: &Tensor<2>,
        rows: &SequenceRows,
    ) -> Option<Tensor<2>> {
        if rows.content.is_empty() {
            return None;
        }
        let events = embed([content], [&rows.content])?
            + embed([kinds], [&rows.kinds])?
            + embed([&self.positions.val()], [&rows.places])?;
        let cls = self.cls.val().unsqueeze::<2>();
        let all = Tensor::cat(vec![norm(&self.norm, events), cls], 0);
        let mut x = embed([&all], [&rows.order])?;
        let last = self.blocks.len() - 1;
        for (number, block) in self.blocks.iter().enumerate() {
            let memory = block.memorise_rows(x.clone());
            // Of the last layer nothing but [CLS] is read.
            x = match number == last {
                true => {
                    let cls = embed([&x], [&rows.first])?;
                    block.forward_rows(cls, &memory, &rows.towards)?
                }
                false => block.forward_rows(x, &memory, &rows.within)?,
            };
        }
        Some(x)
    }
}
