//! Vectors in one byte a value, packed four to a word of the device.

use burn::tensor::{DType, Int, Tensor};

/// Values in a 32-bit word. WebGPU has no smaller integer.
const LANES: usize = 4;
/// Largest magnitude of an int8 in use; -128 is left out to keep the range symmetric.
const LARGEST: f32 = 127.0;

/// Vectors quantised symmetrically, each with a scale of its own: `x ~ scale * q`, `q` in
/// -127..=127.
///
/// Lane `l` of word `j` holds value `l * W + j`, W being the words a vector has: a lane of all
/// words is then a contiguous slice of the query.
pub struct Int8Vectors {
    /// [N, W], i32.
    words: Tensor<2, Int>,
    /// [1, N].
    scales: Tensor<2>,
}

impl Int8Vectors {
    /// Quantises vectors [N, D]. Half a step, `max |x| / 254`, is the most that a value is off.
    pub fn quantise(vectors: Tensor<2>) -> Self {
        let [len, dimensions] = vectors.dims();
        let words = dimensions.div_ceil(LANES);
        let vectors = pad(vectors, words * LANES);
        let largest = vectors.clone().max_abs_dim(1);
        // A vector of zeros has any scale; 0 / 0 is none.
        let scales = largest.clone().mask_fill(largest.equal_elem(0.0), LARGEST) / LARGEST;
        let values = (vectors / scales.clone()).round().int().cast(DType::I32);
        let words = (0..LANES)
            .map(|lane| {
                let values = values.clone().slice([0..len, lane * words..(lane + 1) * words]);
                values.bitwise_and_scalar(0xFF).bitwise_left_shift_scalar(8 * lane as i32)
            })
            .reduce(Tensor::bitwise_or)
            .expect("there are lanes");
        Self { words, scales: scales.transpose() }
    }

    /// Inner products [B, N] with queries [B, D], which stay in f32.
    pub fn inner_products(&self, queries: Tensor<2>) -> Tensor<2> {
        let words = self.words.dims()[1];
        let batch = queries.dims()[0];
        let queries = pad(queries, words * LANES);
        let sum = (0..LANES)
            .map(|lane| {
                let query = queries.clone().slice([0..batch, lane * words..(lane + 1) * words]);
                query.matmul(self.lane(lane).transpose())
            })
            .reduce(|sum, part| sum + part)
            .expect("there are lanes");
        sum * self.scales.clone()
    }

    /// Values [N, W] of a lane: shifted to the top, where the sign belongs, and back.
    fn lane(&self, lane: usize) -> Tensor<2> {
        let above = 8 * (LANES - 1 - lane) as i32;
        let top = self.words.clone().bitwise_left_shift_scalar(above);
        top.bitwise_right_shift_scalar(8 * (LANES as i32 - 1)).float()
    }
}

/// Zeros put behind the values of each row.
fn pad(rows: Tensor<2>, width: usize) -> Tensor<2> {
    let [len, dimensions] = rows.dims();
    if dimensions == width {
        return rows;
    }
    let zeros = Tensor::zeros([len, width - dimensions], &rows.device());
    Tensor::cat(vec![rows, zeros], 1)
}
