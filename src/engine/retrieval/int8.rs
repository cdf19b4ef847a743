//! Vectors in one byte a value.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// Values in a 32-bit word. WebGPU has no smaller integer; the CPU's engine, which has, goes without
/// the code for words, for Burn's shifts are a tenth of it.
#[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
const LANES: usize = 4;
/// Largest magnitude of an int8 in use; -128 is left out to keep the range symmetric.
const LARGEST: f32 = 127.0;

/// Vectors quantised symmetrically, each with a scale of its own: `x ~ scale * q`, `q` in
/// -127..=127.
pub struct Int8Vectors {
    values: Values,
    /// [1, N].
    scales: Tensor<2>,
}

enum Values {
    /// [N, D], i8, for devices that have it.
    Bytes(Tensor<2, Int>),
    /// [N, W], i32, for those that have not. Lane `l` of word `j` holds value `l * W + j`, W being
    /// the words a vector has: a lane of all words is then a contiguous slice of the query.
    #[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
    Words(Tensor<2, Int>),
}

impl Int8Vectors {
    /// Quantises vectors of D values each, one after another. Half a step, `max |x| / 254`, is
    /// the most that a value is off.
    ///
    /// A plain loop on the host: as operations on tensors it is a dozen passes over all values,
    /// and took longer than the towers that make them.
    pub fn quantise(vectors: &[f32], dimensions: usize, device: &Device) -> Self {
        let bytes = device.supports_dtype(DType::I8);
        Self::quantise_as(vectors, dimensions, device, bytes)
    }

    #[cfg_attr(
        not(any(feature = "webgpu", not(target_family = "wasm"))),
        allow(unused_variables, reason = "it has no words")
    )]
    fn quantise_as(vectors: &[f32], dimensions: usize, device: &Device, bytes: bool) -> Self {
        let len = vectors.len().checked_div(dimensions).unwrap_or(0);
        let mut values = Vec::with_capacity(vectors.len());
        let mut scales = Vec::with_capacity(len);
        for vector in vectors.chunks_exact(dimensions.max(1)) {
            let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            // A vector of zeros has any scale; 0 / 0 is none.
            let scale = if largest == 0.0 { 1.0 } else { largest / LARGEST };
            scales.push(scale);
            // At most 127 by the choice of the scale.
            values.extend(vector.iter().map(|value| (value / scale).round() as i8));
        }
        let scales = Tensor::from_data(TensorData::new(scales, [1, len]), device);
        #[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
        if !bytes {
            let width = dimensions.div_ceil(LANES);
            let words: Vec<i32> =
                values.chunks_exact(dimensions.max(1)).flat_map(|v| packed(v, width)).collect();
            let data = TensorData::new(words, [len, width]);
            let values = Values::Words(Tensor::from_data(data, (device, DType::I32)));
            return Self { values, scales };
        }
        let data = TensorData::new(values, [len, dimensions]);
        Self { values: Values::Bytes(Tensor::from_data(data, (device, DType::I8))), scales }
    }

    /// Inner products [B, N] with queries [B, D], which stay in f32.
    pub fn inner_products(&self, queries: Tensor<2>) -> Tensor<2> {
        let products = match &self.values {
            Values::Bytes(bytes) => queries.matmul(bytes.clone().float().transpose()),
            #[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
            Values::Words(words) => {
                let [_, width] = words.dims();
                let [batch, _] = queries.dims();
                let queries = pad(queries, width * LANES);
                (0..LANES)
                    .map(|lane| {
                        let columns = lane * width..(lane + 1) * width;
                        let query = queries.clone().slice([0..batch, columns]);
                        query.matmul(unpacked(words, lane).transpose())
                    })
                    .reduce(|sum, part| sum + part)
                    .expect("there are lanes")
            }
        };
        products * self.scales.clone()
    }
}

/// The words of one vector; behind its values there are zeros.
#[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
fn packed(values: &[i8], width: usize) -> impl Iterator<Item = i32> {
    (0..width).map(move |word| {
        let lane = |lane: usize| values.get(lane * width + word).map_or(0, |v| v.cast_unsigned());
        i32::from_le_bytes(std::array::from_fn(lane))
    })
}

/// Values [N, W] of a lane: shifted to the top, where the sign belongs, and back.
#[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
fn unpacked(words: &Tensor<2, Int>, lane: usize) -> Tensor<2> {
    let above = 8 * (LANES - 1 - lane) as i32;
    let top = words.clone().bitwise_left_shift_scalar(above);
    top.bitwise_right_shift_scalar(8 * (LANES as i32 - 1)).float()
}

/// Zeros put behind the values of each row.
#[cfg(any(feature = "webgpu", not(target_family = "wasm")))]
fn pad(rows: Tensor<2>, width: usize) -> Tensor<2> {
    let [len, dimensions] = rows.dims();
    if dimensions == width {
        return rows;
    }
    let zeros = Tensor::zeros([len, width - dimensions], &rows.device());
    Tensor::cat(vec![rows, zeros], 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_hold_what_bytes_hold(
            (vectors, query) in (1..9_usize).prop_flat_map(|dimensions| {
                let values = |n: usize| prop::collection::vec(-1.0..1.0_f32, n);
                (values(7 * dimensions), values(dimensions))
            }),
        ) {
            let device = Device::flex();
            let dimensions = query.len();
            let query = Tensor::from_data(TensorData::new(query, [1, dimensions]), &device);
            let products = |bytes| -> Vec<f32> {
                let vectors = Int8Vectors::quantise_as(&vectors, dimensions, &device, bytes);
                vectors.inner_products(query.clone()).try_into_vec_as().unwrap()
            };
            for (bytes, words) in products(true).into_iter().zip(products(false)) {
                prop_assert!((bytes - words).abs() < 1e-5, "{bytes} {words}");
            }
        }
    }
}
