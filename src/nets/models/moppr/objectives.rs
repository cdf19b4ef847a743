//! Towers for any weighting of the four objectives, by averaging weights.
//!
//! From one common training, a copy of the towers is tuned to each objective. Networks tuned from
//! the same start can be averaged weight by weight ("model soups"): the towers for a setting of
//! the sliders are the copies' mean in the sliders' proportions.

use crate::models::weights::{Weights, WeightsError};

/// Number of objectives.
const N: usize = OBJECTIVES.len();

/// MOPPR's objectives, in the order of equation 18.
pub const OBJECTIVES: [&str; 4] = ["relevance", "exposure", "click", "purchase"];

/// The towers' weights for any setting of the sliders.
///
/// Kept as the plain mean of the copies, which serves where all sliders are equal, and what each
/// copy differs from it by. The mean alone answers until the differences have arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Objectives {
    mean: Weights,
    differences: Option<[Weights; N]>,
}

impl Objectives {
    /// The mean alone.
    pub fn new(mean: Weights) -> Self {
        Self { mean, differences: None }
    }

    /// From copies tuned to one objective each, in the order of [`OBJECTIVES`].
    ///
    /// # Errors
    /// Where the copies are not of one structure.
    pub fn of_copies(copies: &[Weights; N]) -> Result<Self, WeightsError> {
        let mut mean = copies[0].minus(&copies[0])?;
        for copy in copies {
            mean.add(copy, 1.0 / N as f32)?;
        }
        let differences = try_each(copies, |copy| copy.minus(&mean))?;
        Ok(Self { mean, differences: Some(differences) })
    }

    /// The mean.
    pub fn mean(&self) -> &Weights {
        &self.mean
    }

    /// What the copies differ from the mean by, once it is there.
    pub fn differences(&self) -> Option<&[Weights; N]> {
        self.differences.as_ref()
    }

    /// Takes in what the copies differ from the mean by.
    ///
    /// # Errors
    /// Where one is not of the mean's structure; then nothing changes.
    pub fn set_differences(&mut self, differences: [Weights; N]) -> Result<(), WeightsError> {
        for difference in &differences {
            self.mean.minus(difference)?;
        }
        self.differences = Some(differences);
        Ok(())
    }

    /// The towers' weights at these sliders, of which only the proportions matter. Without a
    /// difference, or where all sliders are 0, the mean.
    ///
    /// # Errors
    /// None where the parts are of one structure, which [`Objectives`] sees to.
    pub fn at(&self, sliders: [f32; N]) -> Result<Weights, WeightsError> {
        let mut weights = self.mean.clone();
        for (difference, share) in self.differences.iter().flatten().zip(proportions(sliders)) {
            // The differences sum to zero, so taking 1/4 off each share changes nothing but
            // their rounding; equal sliders then give the mean to the bit.
            let share = share - 1.0 / N as f32;
            if share != 0.0 {
                weights.add(difference, share)?;
            }
        }
        Ok(weights)
    }
}

/// The sliders' shares of their sum; equal shares where none is above 0. What is negative or not
/// a number counts as 0.
pub fn proportions(sliders: [f32; N]) -> [f32; N] {
    let sliders = sliders.map(|slider| if slider.is_finite() { slider.max(0.0) } else { 0.0 });
    let sum: f32 = sliders.iter().sum();
    if sum > 0.0 { sliders.map(|slider| slider / sum) } else { [1.0 / N as f32; N] }
}

fn try_each<T: std::fmt::Debug, E>(
    array: &[T; N],
    mut each: impl FnMut(&T) -> Result<T, E>,
) -> Result<[T; N], E> {
    let [a, b, c, d] = array;
    Ok([each(a)?, each(b)?, each(c)?, each(d)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::weights::{About, Array, FORMAT};
    use proptest::prelude::*;

    fn weights(values: &[f32]) -> Weights {
        let about = About {
            format: FORMAT,
            model: "towers".into(),
            market_seed: 0,
            command: String::new(),
            config: serde_json::Value::Null,
        };
        let array = Array { shape: vec![values.len()], values: values.to_vec() };
        Weights { about, arrays: [("w".to_owned(), array)].into() }
    }

    fn copies() -> [Weights; N] {
        [[4.0, 0.0], [0.0, 8.0], [0.0, 0.0], [0.0, 4.0]].map(|values| weights(&values))
    }

    fn values(weights: &Weights) -> &[f32] {
        &weights.arrays["w"].values
    }

    #[test]
    fn one_slider_alone_gives_its_copy_and_none_the_mean() {
        let objectives = Objectives::of_copies(&copies()).unwrap();
        for (n, copy) in copies().iter().enumerate() {
            let mut sliders = [0.0; N];
            sliders[n] = 0.3;
            assert_eq!(values(&objectives.at(sliders).unwrap()), values(copy));
        }
        for none in [[0.0; N], [0.7; N], [f32::NAN; N], [-1.0; N]] {
            assert_eq!(values(&objectives.at(none).unwrap()), [1.0, 3.0]);
        }
    }

    #[test]
    fn the_mean_serves_until_the_copies_are_there() {
        let whole = Objectives::of_copies(&copies()).unwrap();
        let mut early = Objectives::new(whole.mean().clone());
        assert_eq!(values(&early.at([1.0, 0.0, 0.0, 0.0]).unwrap()), [1.0, 3.0]);
        let other = [[0.0].as_slice(); N].map(weights);
        assert!(early.set_differences(other).is_err());
        early.set_differences(whole.differences().unwrap().clone()).unwrap();
        assert_eq!(early, whole);
    }

    proptest! {
        #[test]
        fn sliders_mix_the_copies_in_their_proportions(sliders in [0.0_f32..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0]) {
            let mixed = Objectives::of_copies(&copies()).unwrap().at(sliders).unwrap();
            let shares = proportions(sliders);
            prop_assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            for n in 0..2 {
                let expected: f32 =
                    copies().iter().zip(shares).map(|(copy, share)| values(copy)[n] * share).sum();
                prop_assert!((values(&mixed)[n] - expected).abs() < 1e-5);
            }
        }
    }
}
