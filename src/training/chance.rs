//! Chance that experts and gates meet while they learn: noise on the logits of gates, so that they try
//! experts that they would not choose (Shazeer et al., ICLR 2017, equation 4, with a deviation that is
//! set), and values of experts that are left out of a step (Srivastava et al., JMLR 2014).
//!
//! It is drawn from a generator of the training's own and handed to the network as data: the same seed
//! gives the same steps on every platform, and what is not asked for is not drawn.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use nets::nn::experts::Chance;

/// The streams of chance lie behind those that orders are drawn from.
const STREAM: u64 = 1 << 32;

/// The generator of an epoch, by its number.
pub fn generator(seed: u64, epoch: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(STREAM + epoch as u64);
    random
}

/// A number for each row, task and expert, or for each row, expert and value.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    numbers: Vec<f32>,
    sizes: [usize; 2],
}

impl Drawn {
    /// Noise of this deviation on the logits of gates, for so many rows, tasks and experts; none where
    /// there is to be none.
    pub fn noise(
        random: &mut ChaCha8Rng,
        deviation: f32,
        rows: usize,
        sizes: [usize; 2],
    ) -> Option<Self> {
        let count = rows * sizes[0] * sizes[1];
        let draw = || (0..count).map(|_| deviation * normal(random)).collect();
        (deviation > 0.0).then(draw).map(|numbers| Self { numbers, sizes })
    }

    /// What values of experts are multiplied by of which this share is left out, for so many rows, experts
    /// and values: those that stay grow, so that their mean stays what it was. None where all stay.
    pub fn kept(
        random: &mut ChaCha8Rng,
        share: f64,
        rows: usize,
        sizes: [usize; 2],
    ) -> Option<Self> {
        let count = rows * sizes[0] * sizes[1];
        let grown = (1.0 / (1.0 - share)) as f32;
        let least = share * 2.0_f64.powi(32);
        let draw = || {
            let value = |_| if f64::from(random.next_u32()) < least { 0.0 } else { grown };
            (0..count).map(value).collect()
        };
        (share > 0.0).then(draw).map(|numbers| Self { numbers, sizes })
    }

    /// As a tensor of the rows that were drawn, one after another, each of them whole: `[rows, a b]`.
    pub fn rows(self, device: &Device) -> Tensor<2> {
        let width: usize = self.sizes.iter().product();
        let rows = self.numbers.len() / width;
        Tensor::from_data(TensorData::new(self.numbers, [rows, width]), device)
    }

    /// As a tensor of `count` rows, each of those that were drawn at its place; nothing, 0, elsewhere.
    pub fn tensor(&self, places: &[usize], count: usize, device: &Device) -> Tensor<3> {
        let [a, b] = self.sizes;
        let mut numbers = vec![0.0; count * a * b];
        for (row, &place) in self.numbers.chunks_exact(a * b).zip(places) {
            numbers[place * a * b..][..a * b].copy_from_slice(row);
        }
        Tensor::from_data(TensorData::new(numbers, [count, a, b]), device)
    }
}

/// What a layer of experts meets, as it was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnChance {
    /// Noise on its gates.
    pub noise: Option<Drawn>,
    /// What is left of its experts' values.
    pub kept: Option<Drawn>,
}

impl DrawnChance {
    /// As the layer reads it: see [`Drawn::tensor`].
    pub fn tensors(&self, places: &[usize], count: usize, device: &Device) -> Chance {
        let tensor =
            |drawn: &Option<Drawn>| drawn.as_ref().map(|drawn| drawn.tensor(places, count, device));
        Chance { noise: tensor(&self.noise), kept: tensor(&self.kept) }
    }
}

/// Near a standard normal: four uniforms summed, within 3.47. Of whole numbers, for a logarithm is not
/// the same on every platform.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    let bits = random.next_u64();
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    // Each part has mean 32767.5 and deviation 65536 / sqrt(12); four of them twice that.
    (sum as f32 - 131_070.0) / 37_837.227
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 1000;
    const SIZES: [usize; 2] = [4, 8];

    fn moments(drawn: &Drawn) -> [f64; 2] {
        let count = drawn.numbers.len() as f64;
        let mean = drawn.numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let square = |&x: &f32| (f64::from(x) - mean) * (f64::from(x) - mean);
        [mean, drawn.numbers.iter().map(square).sum::<f64>() / count]
    }

    #[test]
    fn noise_has_its_deviation_and_what_is_kept_its_mean() {
        let mut random = generator(3, 0);
        let noise = Drawn::noise(&mut random, 0.5, ROWS, SIZES).unwrap();
        let [mean, variance] = moments(&noise);
        assert!(mean.abs() < 0.01 && (variance - 0.25).abs() < 0.01, "{mean} {variance}");
        let kept = Drawn::kept(&mut random, 0.2, ROWS, SIZES).unwrap();
        assert!(kept.numbers.iter().all(|&value| value == 0.0 || value == 1.25));
        let dropped = kept.numbers.iter().filter(|&&value| value == 0.0).count();
        let share = dropped as f64 / kept.numbers.len() as f64;
        assert!((share - 0.2).abs() < 0.01, "{share}");
    }

    #[test]
    fn what_is_not_asked_for_is_not_drawn() {
        let (mut random, mut untouched) = (generator(3, 1), generator(3, 1));
        assert_eq!(Drawn::noise(&mut random, 0.0, ROWS, SIZES), None);
        assert_eq!(Drawn::kept(&mut random, 0.0, ROWS, SIZES), None);
        assert_eq!(random.next_u64(), untouched.next_u64());
    }

    #[test]
    fn seed_and_epoch_decide_and_no_order_is_drawn_from_the_same_stream() {
        let draw = |mut random: ChaCha8Rng| Drawn::noise(&mut random, 1.0, 2, SIZES);
        let of = |seed, epoch| draw(generator(seed, epoch));
        assert_eq!(of(1, 0), of(1, 0));
        let order = |stream| {
            let mut random = ChaCha8Rng::seed_from_u64(1);
            random.set_stream(stream);
            draw(random)
        };
        for other in [of(2, 0), of(1, 1), order(0), order(1)] {
            assert_ne!(of(1, 0), other);
        }
    }

    #[test]
    fn rows_stand_at_their_places() {
        let drawn = Drawn { numbers: vec![1.0, 2.0, 3.0, 4.0], sizes: [1, 2] };
        let tensor = drawn.tensor(&[0, 2], 3, &Device::flex());
        assert_eq!(tensor.dims(), [3, 1, 2]);
        assert_eq!(crate::read(tensor), [1.0, 2.0, 0.0, 0.0, 3.0, 4.0]);
        let rows = drawn.rows(&Device::flex());
        assert_eq!((rows.dims(), crate::read(rows)), ([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    }
}
