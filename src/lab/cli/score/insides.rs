//! Named tensors as JSON.

use std::fmt;

use anyhow::{Result, anyhow, bail};
use burn::tensor::Tensor;
use serde_json::{Number, Value};

/// The insides of a forward pass, in the order in which they were computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Insides(Vec<(String, Value)>);

impl Insides {
    /// Adds a tensor as nested arrays.
    ///
    /// # Errors
    /// Where it holds a number that is not finite, or the device does not give it back.
    pub fn add<const D: usize>(
        &mut self,
        name: impl Into<String>,
        tensor: Tensor<D>,
    ) -> Result<()> {
        let name = name.into();
        let shape = tensor.dims();
        let numbers = tensor
            .try_into_vec_as::<f32>()
            .map_err(|error| anyhow!("{name} could not be read: {error}"))?;
        if numbers.iter().any(|number| !number.is_finite()) {
            bail!("{name} holds a number that is not finite");
        }
        self.0.push((name, nested(&numbers, &shape)));
        Ok(())
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// A JSON object, a name a line.
impl fmt::Display for Insides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "{";
        for (name, value) in &self.0 {
            write!(f, "{before}\n  {}: {value}", Value::from(name.as_str()))?;
            before = ",";
        }
        writeln!(f, "\n}}")
    }
}

fn nested(numbers: &[f32], shape: &[usize]) -> Value {
    match shape {
        [] => numbers.first().map_or(Value::Null, |&number| short(number)),
        [_, rest @ ..] => {
            let length = rest.iter().product::<usize>().max(1);
            Value::Array(numbers.chunks(length).map(|row| nested(row, rest)).collect())
        }
    }
}

/// The number with no more digits than tell it from its neighbours.
fn short(number: f32) -> Value {
    let number = number.to_string().parse().unwrap_or(f64::from(number));
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
