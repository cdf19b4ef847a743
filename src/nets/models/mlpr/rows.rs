//! The domain BERT as it is trained on the CPU: over word pieces without padding, of which each
//! different one is projected once. It computes what [`Bert::hidden`] does.

use std::collections::HashMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::bert::{Bert, BertConfig, Text};
use crate::nn::fused::attention::{Segments, within};
use crate::nn::fused::embedding::embed;
use crate::nn::fused::segments::mean_rows;
use crate::nn::layer::{linear, norm};
use market::text::PieceId;

/// The different word pieces of some texts.
#[derive(Clone, Debug)]
pub struct Pieces {
    rows: HashMap<PieceId, i32>,
    /// Their token vectors, and zeros in the last row: what is masked, `[V + 1, token]`.
    vectors: Tensor<2>,
    /// Most word pieces of a text.
    length: usize,
}

impl Pieces {
    /// Of these texts. A piece without a vector counts as not there.
    pub fn new<'a>(
        texts: impl Iterator<Item = &'a Text>,
        config: &BertConfig,
        vector: impl Fn(PieceId) -> Option<Vec<f32>>,
        device: &Device,
    ) -> Self {
        let (mut rows, mut unknown, mut vectors) = (HashMap::new(), HashMap::new(), Vec::new());
        for &(piece, _) in texts.flat_map(|text| &text.0) {
            if rows.contains_key(&piece) || unknown.contains_key(&piece) {
                continue;
            }
            match vector(piece) {
                Some(vector) => {
                    rows.insert(piece, rows.len() as i32);
                    vectors.extend(vector);
                }
                None => {
                    unknown.insert(piece, ());
                }
            }
        }
        vectors.extend(std::iter::repeat_n(0.0, config.token));
        let shape = [rows.len() + 1, config.token];
        let vectors = Tensor::from_data(TensorData::new(vectors, shape), device);
        Self { rows, vectors, length: config.length }
    }

    /// Row of what is masked.
    pub fn masked(&self) -> i32 {
        self.rows.len() as i32
    }

    /// Some of the texts, one after another.
    pub fn texts(&self, texts: &[&Text]) -> TextRows {
        let (mut pieces, mut fields, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut lengths = Vec::with_capacity(texts.len());
        for text in texts {
            let start = pieces.len();
            let known = text
                .0
                .iter()
                .filter_map(|(piece, field)| Some((*self.rows.get(piece)?, *field as i32)));
            for (place, (piece, field)) in known.take(self.length).enumerate() {
                pieces.push(piece);
                fields.push(field);
                places.push(place as i32);
            }
            lengths.push(pieces.len() - start);
        }
        TextRows { pieces, fields: Arc::new(fields), places: Arc::new(places), lengths }
    }
}

/// Texts without padding, one after another.
#[derive(Clone, Debug)]
pub struct TextRows {
    /// Row of each word piece among [`Pieces`].
    pub pieces: Vec<i32>,
    fields: Arc<Vec<i32>>,
    places: Arc<Vec<i32>>,
    /// Number of pieces of each text.
    pub lengths: Vec<usize>,
}

impl Bert {
    /// Every word piece as its neighbours make it, `[n, width]`; none where this is not training on
    /// the CPU, or there is no piece.
    pub fn hidden_rows(&self, pieces: &Pieces, texts: &TextRows) -> Option<Tensor<2>> {
        if texts.pieces.is_empty() {
            return None;
        }
        // Each different piece is projected once.
        let table = linear(&self.token, pieces.vectors.clone());
        let ids = Arc::new(texts.pieces.clone());
        let embedded = embed([&table], [&ids])?
            + embed([&self.fields.val()], [&texts.fields])?
            + embed([&self.positions.val()], [&texts.places])?;
        let segments: Segments = within(&texts.lengths);
        self.blocks.iter().try_fold(norm(&self.norm, embedded), |hidden, block| {
            let memory = block.memorise_rows(hidden.clone());
            block.forward_rows(hidden, &memory, &segments)
        })
    }

    /// phi(q) of each query, `[B, output]`; none as for [`Bert::hidden_rows`].
    pub fn query_rows(&self, pieces: &Pieces, texts: &TextRows) -> Option<Tensor<2>> {
        let hidden = self.hidden_rows(pieces, texts)?;
        Some(linear(&self.query, mean_rows(&hidden, &texts.lengths)?))
    }

    /// psi(i) of each item, `[B, output]`; none as for [`Bert::hidden_rows`].
    pub fn item_rows(&self, pieces: &Pieces, texts: &TextRows) -> Option<Tensor<2>> {
        let hidden = self.hidden_rows(pieces, texts)?;
        Some(linear(&self.item, mean_rows(&hidden, &texts.lengths)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::mlpr::bert::Texts;
    use crate::models::mlpr::example;
    use crate::nn::fused::alike::assert_same_losses;
    use crate::nn::numbers::numbered;

    #[test]
    fn padding_changes_nothing() {
        let device = Device::flex().autodiff();
        device.seed(4);
        let words = example::words();
        let config = example::config(3, words.dimensions()).bert;
        // One is longer than what is read, and one has nothing to read.
        let texts = ["grey sofa", "a desk lamp and a couch for reading on and more", "", "shoes"];
        let texts: Vec<Text> = texts.iter().map(|text| Text::query(&words, text)).collect();
        let texts: Vec<&Text> = texts.iter().collect();
        let vector = |piece| words.vector(piece);
        let bert = numbered(config.init(&device));
        let pieces = Pieces::new(texts.iter().copied(), &config, vector, &device);
        let own = bert.query_rows(&pieces, &pieces.texts(&texts)).unwrap();
        let padded = bert.query(&Texts::new(&texts, &config, vector, &device));
        assert_same_losses(&bert, [own, padded].map(|output| output.square().mean()));
    }
}
