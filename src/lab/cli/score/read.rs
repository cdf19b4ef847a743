//! Fields of a JSON input as tensors, each of the shape and in the range that a model takes.

use std::ops::RangeInclusive;

use anyhow::{Result, anyhow, bail};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::{Map, Value};

/// Of what models read, beyond which squares and exponentials leave f32.
const FEATURE: Range = -1e6..=1e6;
/// How often something happened.
const COUNT: Range = 0.0..=1e6;
/// Shares and probabilities.
const SHARE: Range = 0.0..=1.0;
/// What the input of a softmax is divided by.
pub const TEMPERATURE: Range = 1e-6..=1e6;
/// What a loss is multiplied by.
pub const WEIGHT: Range = 0.0..=1e6;
/// What a loss is divided by.
pub const SCALE: Range = 1e-6..=1e9;
/// ln sigma^2, which is exponentiated.
pub const LOG_VARIANCE: Range = -30.0..=30.0;

/// What a number may be.
pub type Range = RangeInclusive<f64>;

/// A JSON object, and where it stands in the input.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

/// Length of each axis, where it is known before the array is read.
pub type Shape<const D: usize> = [Option<usize>; D];

impl<'a> Fields<'a> {
    /// The whole input.
    pub fn new(input: &'a Value) -> Result<Self> {
        match input {
            Value::Object(fields) => Ok(Self { path: String::new(), fields }),
            _ => bail!("the input is no JSON object"),
        }
    }

    /// Refuses all fields but these: one that is misspelt would be left out in silence.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                bail!("{}: there is no such field; there are {}", self.at(name), known.join(", "))
            }
            None => Ok(()),
        }
    }

    /// Whether there is a field.
    pub fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// A field that is an object.
    pub fn object(&self, name: &str) -> Result<Fields<'a>> {
        within(self.value(name)?, self.at(name))
    }

    /// A field that is an object, if it is there.
    pub fn optional(&self, name: &str) -> Result<Option<Fields<'a>>> {
        self.has(name).then(|| self.object(name)).transpose()
    }

    /// A field that is an array of `count` objects.
    pub fn objects(&self, name: &str, count: usize) -> Result<Vec<Fields<'a>>> {
        match self.value(name)? {
            Value::Array(values) if values.len() == count => {
                let numbered = values.iter().enumerate();
                numbered
                    .map(|(n, value)| within(value, format!("{}[{n}]", self.at(name))))
                    .collect()
            }
            _ => bail!("{}: not an array of {count} objects", self.at(name)),
        }
    }

    /// Features of a shape.
    pub fn floats<const D: usize>(&self, name: &str, shape: Shape<D>) -> Result<Tensor<D>> {
        self.read(name, shape, FEATURE)
    }

    /// Shares of a shape, from 0 to 1.
    pub fn shares<const D: usize>(&self, name: &str, shape: Shape<D>) -> Result<Tensor<D>> {
        self.read(name, shape, SHARE)
    }

    /// Features of `[batch, length, width]`, of which padding may be anything that f32 holds.
    pub fn floats_where(
        &self,
        name: &str,
        width: Option<usize>,
        present: &Tensor<2>,
    ) -> Result<Tensor<3>> {
        let [batch, length] = present.dims();
        let shape = [Some(batch), Some(length), width];
        let (numbers, shape) = self.array(name, shape, |_| Ok(()))?;
        let present = present.clone().try_into_vec_as::<f32>();
        let present = present.map_err(|error| anyhow!("{name} could not be read: {error}"))?;
        let rows = numbers.chunks(shape[2]).zip(present).enumerate();
        for (n, (row, _)) in rows.filter(|(_, (_, present))| *present > 0.0) {
            if let Some(at) = row.iter().position(|number| !FEATURE.contains(&f64::from(*number))) {
                let place = format!("[{}][{}][{at}]", n / length, n % length);
                bail!("{}{place}: {} {}", self.at(name), row[at], outside(&FEATURE));
            }
        }
        Ok(Tensor::from_data(TensorData::new(numbers, shape), &Device::flex()))
    }

    fn read<const D: usize>(&self, name: &str, shape: Shape<D>, range: Range) -> Result<Tensor<D>> {
        let (numbers, shape) = self.array(name, shape, is_in(range))?;
        Ok(Tensor::from_data(TensorData::new(numbers, shape), &Device::flex()))
    }

    /// Ones and zeros of a shape.
    pub fn mask<const D: usize>(&self, name: &str, shape: Shape<D>) -> Result<Tensor<D>> {
        let (numbers, shape) = self.array(name, shape, |number| match number {
            0.0 | 1.0 => Ok(()),
            _ => Err("is neither 0 nor 1".into()),
        })?;
        Ok(Tensor::from_data(TensorData::new(numbers, shape), &Device::flex()))
    }

    /// Counts of a shape, which are at least 0.
    pub fn counts<const D: usize>(&self, name: &str, shape: Shape<D>) -> Result<Tensor<D>> {
        self.read(name, shape, COUNT)
    }

    /// Whole numbers of a shape from 0 to `below`, which it leaves out.
    pub fn ids<const D: usize>(
        &self,
        name: &str,
        shape: Shape<D>,
        below: usize,
    ) -> Result<Tensor<D, Int>> {
        let (ids, shape) = self.id_list(name, shape, below)?;
        Ok(Tensor::from_data(TensorData::new(ids, shape), &Device::flex()))
    }

    /// The same as plain numbers, the last axis fastest, and the shape that they have.
    pub fn id_list<const D: usize>(
        &self,
        name: &str,
        shape: Shape<D>,
        below: usize,
    ) -> Result<(Vec<i32>, [usize; D])> {
        let (numbers, shape) = self.array(name, shape, |number| {
            if number.fract() != 0.0 || !(0.0..below as f64).contains(&number) {
                return Err(format!("is not a whole number below {below}"));
            }
            Ok(())
        })?;
        Ok((numbers.into_iter().map(|number| number as i32).collect(), shape))
    }

    /// As many numbers as there are in `default`, which stands in where the field is missing.
    pub fn numbers<const N: usize>(
        &self,
        name: &str,
        default: [f32; N],
        range: Range,
    ) -> Result<[f32; N]> {
        if !self.has(name) {
            return Ok(default);
        }
        let (numbers, _) = self.array(name, [Some(N)], is_in(range))?;
        Ok(std::array::from_fn(|n| numbers[n]))
    }

    /// A number; `default` where the field is missing.
    pub fn number(&self, name: &str, default: f32, range: Range) -> Result<f32> {
        if !self.has(name) {
            return Ok(default);
        }
        let (numbers, _) = self.array(name, [], is_in(range))?;
        Ok(numbers[0])
    }

    /// True or false; `default` where the field is missing.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => bail!("{}: neither true nor false", self.at(name)),
        }
    }

    fn value(&self, name: &str) -> Result<&'a Value> {
        match self.fields.get(name) {
            Some(value) => Ok(value),
            None => bail!("{}: missing", self.at(name)),
        }
    }

    fn at(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    fn array<const D: usize>(
        &self,
        name: &str,
        mut shape: Shape<D>,
        check: impl Fn(f64) -> Result<(), String>,
    ) -> Result<(Vec<f32>, [usize; D])> {
        let mut numbers = Vec::new();
        if let Err(fault) = flatten(self.value(name)?, &mut shape, &check, &mut numbers) {
            let place: String = fault.at.iter().rev().map(|n| format!("[{n}]")).collect();
            bail!("{}{place}: {}", self.at(name), fault.what);
        }
        Ok((numbers, shape.map(Option::unwrap_or_default)))
    }
}

/// Refuses numbers that are not in the range.
fn is_in(range: Range) -> impl Fn(f64) -> Result<(), String> {
    move |number| match range.contains(&number) {
        true => Ok(()),
        false => Err(outside(&range)),
    }
}

fn outside(range: &Range) -> String {
    format!("is outside {} to {}", range.start(), range.end())
}

fn within(value: &Value, path: String) -> Result<Fields<'_>> {
    match value {
        Value::Object(fields) => Ok(Fields { path, fields }),
        _ => bail!("{path}: not a JSON object"),
    }
}

/// What is wrong with an array, and the indices that lead there, innermost first.
struct Fault {
    at: Vec<usize>,
    what: String,
}

/// The numbers of nested arrays, the last axis fastest. An axis of unknown length is as long as
/// the first array along it, and never empty, for no tensor is.
fn flatten(
    value: &Value,
    shape: &mut [Option<usize>],
    check: &impl Fn(f64) -> Result<(), String>,
    numbers: &mut Vec<f32>,
) -> Result<(), Fault> {
    let fault = |what: String| Fault { at: Vec::new(), what };
    let Some((length, rest)) = shape.split_first_mut() else {
        let number =
            value.as_f64().ok_or_else(|| fault(format!("{} is no number", brief(value))))?;
        if !(number as f32).is_finite() {
            return Err(fault(format!("{number} is too large")));
        }
        check(number).map_err(|what| fault(format!("{number} {what}")))?;
        numbers.push(number as f32);
        return Ok(());
    };
    let Value::Array(rows) = value else {
        return Err(fault(format!("{} is no array", brief(value))));
    };
    let expected = *length.get_or_insert(rows.len());
    if rows.len() != expected {
        return Err(fault(format!("{} entries in place of {expected}", rows.len())));
    }
    if rows.is_empty() {
        return Err(fault("an empty array".into()));
    }
    for (n, row) in rows.iter().enumerate() {
        flatten(row, rest, check, numbers).map_err(|mut fault| {
            fault.at.push(n);
            fault
        })?;
    }
    Ok(())
}

/// The kind of a value, in words.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        other => other.to_string(),
    }
}
