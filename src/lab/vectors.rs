//! Vectors as people have them in files: a matrix of NumPy, a tensor of safetensors, a list column of
//! Parquet. Which one it is, the file's name says.

mod npy;
mod parquet;

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

/// What is read.
pub const FORMATS: &str = ".npy, .safetensors and .parquet";

/// Vectors of one dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vectors {
    /// Values of a vector, D.
    pub dimension: usize,
    /// `[N, D]`, one vector after another.
    pub values: Vec<f32>,
}

impl Vectors {
    /// Reads a file; `name` says which of its tensors or columns, where there are several.
    ///
    /// # Errors
    /// If it cannot be read, is of another format, or holds no matrix of numbers; what to do, where that
    /// is known.
    pub fn read(path: &Path, name: Option<&str>) -> Result<Self> {
        let read = || {
            let format = path.extension().and_then(|format| format.to_str()).unwrap_or_default();
            match format {
                "npy" => npy::read(File::open(path)?),
                "safetensors" => safetensors(&fs::read(path)?, name),
                "parquet" => parquet::read(File::open(path)?, name),
                _ => bail!("vectors are read from {FORMATS} files"),
            }
        };
        let vectors = read().with_context(|| format!("{}", path.display()))?;
        ensure!(!vectors.is_empty(), "{}: it has no vectors", path.display());
        Ok(vectors)
    }

    /// Writes them as a matrix of NumPy.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let written = File::create(path).map_err(anyhow::Error::from);
        written
            .and_then(|file| npy::write(self, file))
            .with_context(|| format!("{}", path.display()))
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.dimension).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A vector, `[D]`.
    pub fn vector(&self, number: usize) -> &[f32] {
        &self.values[number * self.dimension..][..self.dimension]
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimension.max(1))
    }

    /// Brings each to length one, but for those of nothing.
    pub fn to_unit(&mut self) {
        for vector in self.values.chunks_exact_mut(self.dimension.max(1)) {
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            if length > 0.0 {
                vector.iter_mut().for_each(|value| *value /= length);
            }
        }
    }
}

/// How numbers are kept; the least significant byte first.
#[derive(Clone, Copy)]
enum Number {
    F64,
    F32,
    F16,
    Bf16,
    I8,
    U8,
}

impl Number {
    /// Bytes of one.
    fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// Adds the numbers that stand in these bytes.
    fn decode(self, bytes: &[u8], into: &mut Vec<f32>) {
        match self {
            Self::F64 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32));
            }
            Self::F32 => into.extend(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
            Self::F16 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()));
            }
            Self::Bf16 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()));
            }
            Self::I8 => into.extend(bytes.iter().map(|&byte| f32::from(byte as i8))),
            Self::U8 => into.extend(bytes.iter().map(|&byte| f32::from(byte))),
        }
    }
}

/// Values of a matrix of this shape.
fn matrix(shape: &[usize]) -> Result<[usize; 2]> {
    let &[len, dimension] = shape else {
        bail!("it is of {} dimensions; vectors are a matrix, one a row", shape.len());
    };
    ensure!(dimension > 0, "its rows have no values");
    ensure!(len.checked_mul(dimension).is_some(), "it says that it has {len} rows of {dimension}");
    Ok([len, dimension])
}

fn safetensors(bytes: &[u8], name: Option<&str>) -> Result<Vectors> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| anyhow!("it is no safetensors file, or damaged: {error}"))?;
    let matrices: Vec<&str> =
        file.iter().filter(|(_, tensor)| tensor.shape().len() == 2).map(|(name, _)| name).collect();
    let name = one_of(name, &matrices, "matrix")?;
    let tensor = file.tensor(name)?;
    let [len, dimension] = matrix(tensor.shape())?;
    let number = match tensor.dtype() {
        Dtype::F64 => Number::F64,
        Dtype::F32 => Number::F32,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::Bf16,
        Dtype::I8 => Number::I8,
        Dtype::U8 => Number::U8,
        other => bail!("{name} is of {other:?}; numbers are read as F64, F32, F16, BF16, I8 or U8"),
    };
    let mut values = Vec::with_capacity(len * dimension);
    number.decode(tensor.data(), &mut values);
    Ok(Vectors { dimension, values })
}

/// The one that was asked for, or the only one that there is.
fn one_of<'a>(name: Option<&str>, there: &[&'a str], what: &str) -> Result<&'a str> {
    match (name, there) {
        (None, [only]) => Ok(only),
        (_, []) => bail!("it has no {what} of numbers"),
        (None, several) => bail!("it has several: say which by --name, of {}", several.join(", ")),
        (Some(name), _) => {
            let found = there.iter().find(|there| **there == name);
            found
                .copied()
                .with_context(|| format!("it has no {what} {name}, only {}", there.join(", ")))
        }
    }
}
