//! Weights of a model as plain numbers, and the safetensors files they travel in.
//!
//! A file names its tensors by their path in the module (`item.mlp.layers.0.linear.weight`) and
//! says in its metadata which model, market and command it comes from. Three precisions are
//! written: f32; f16; and int8 with an f32 scale a row, in a tensor of the same name with
//! [`SCALE`] behind it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

/// Version of the files. Raised when their meaning changes; other versions are refused.
pub const FORMAT: u32 = 1;

/// What is put behind a tensor's name to name the scales of its rows.
pub const SCALE: &str = ".scale";

/// Key of [`About`] in the metadata of a file. A single key keeps the bytes the same each time.
pub const ABOUT: &str = "vitrine";

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// [`FORMAT`] of the file.
    pub format: u32,
    /// Which module this is, for example "moppr".
    pub model: String,
    /// Seed of the market it was trained on.
    pub market_seed: u64,
    /// Command that trained it.
    pub command: String,
    /// The model's own settings: enough to build a module of the right shape.
    pub config: serde_json::Value,
}

impl About {
    /// Of a model with these settings, in the present format.
    ///
    /// # Errors
    /// Where the settings can't be said in JSON; plain data can.
    pub fn new(
        model: &str,
        market_seed: u64,
        command: impl Into<String>,
        config: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        let (model, command) = (model.into(), command.into());
        let config = serde_json::to_value(config)?;
        Ok(Self { format: FORMAT, model, market_seed, command, config })
    }
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As they are.
    F32,
    /// Half the size; three significant digits.
    F16,
    /// A quarter of the size: integers in -127..=127 times a scale for each row of a matrix;
    /// vectors, which are small and whose entries may be of any size, in half precision.
    Int8,
}

/// Why weights could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file is cut short or was never of this kind.
    #[error("the weights file is damaged: {0}")]
    Damaged(String),
    /// The file is of another version.
    #[error("the weights file is of version {found}, this program reads version {FORMAT}")]
    Version {
        /// Version of the file.
        found: u32,
    },
    /// The file belongs to another model.
    #[error("the weights file holds {found:?} in place of {expected:?}")]
    Model {
        /// What it holds.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// The weights were trained on another catalogue.
    #[error("the weights file is made for another catalogue: {found} in place of {expected}")]
    Catalogue {
        /// What the file is made for.
        found: String,
        /// What is on sale.
        expected: String,
    },
    /// The networks are not of the sizes that ship.
    #[error("the weights file holds networks of other sizes than the playground's")]
    Sizes,
    /// A tensor that the model has is not in the file.
    #[error("the weights file has no tensor {0:?}")]
    Missing(String),
    /// The file has a tensor that the model does not have.
    #[error("the weights file has a tensor {0:?} that the model does not know")]
    Unknown(String),
    /// A tensor has another shape than the model's.
    #[error("tensor {name:?} has shape {found:?} in place of {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape in the model.
        expected: Vec<usize>,
    },
    /// A tensor holds a number that is infinite or not a number.
    #[error("tensor {0:?} holds a number that is not finite")]
    NotFinite(String),
    /// The device did not give a tensor back.
    #[error("tensor {name:?} could not be read from the device: {reason}")]
    Device {
        /// Name of the tensor.
        name: String,
        /// What the device says.
        reason: String,
    },
}

/// One tensor in main memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Its numbers, the last axis fastest.
    pub values: Vec<f32>,
}

/// The weights of a module, or a difference of two such.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Where they come from.
    pub about: About,
    /// By path in the module.
    pub arrays: BTreeMap<String, Array>,
}

impl Weights {
    /// Reads the weights of a module. Blocks until the device has them: not for the browser.
    ///
    /// # Errors
    /// [`WeightsError::Device`] where the device fails.
    #[cfg(feature = "training")]
    pub fn of<M: Module>(module: &M, about: About) -> Result<Self, WeightsError> {
        let mut reader = Reader { path: Vec::new(), arrays: Ok(BTreeMap::new()) };
        module.visit(&mut reader);
        Ok(Self { about, arrays: reader.arrays? })
    }

    /// Puts the weights into a module of the same structure, on the module's device.
    ///
    /// # Errors
    /// [`WeightsError::Missing`], [`WeightsError::Unknown`], [`WeightsError::Shape`] unless names
    /// and shapes are exactly the module's.
    pub fn apply<M: Module>(&self, module: M) -> Result<M, WeightsError> {
        let mut writer = Writer { path: Vec::new(), arrays: &self.arrays, used: 0, error: None };
        let module = module.map(&mut writer);
        let (used, error) = (writer.used, writer.error);
        if let Some(error) = error {
            return Err(error);
        }
        if used < self.arrays.len() {
            let mut names = Names::default();
            module.visit(&mut names);
            let unknown = self.arrays.keys().find(|name| !names.found.contains(*name));
            return Err(WeightsError::Unknown(unknown.cloned().unwrap_or_default()));
        }
        Ok(module)
    }

    /// The weights of a part of the module, for example "towers", by their path in that part.
    pub fn part(&self, name: &str) -> Self {
        let within = |(path, array): (&String, &Array)| {
            let path = path.strip_prefix(name)?.strip_prefix('.')?;
            Some((path.to_owned(), array.clone()))
        };
        Self { about: self.about.clone(), arrays: self.arrays.iter().filter_map(within).collect() }
    }

    /// `self` - `base`, tensor by tensor.
    ///
    /// # Errors
    /// As [`Weights::apply`], where the two are of different structure.
    pub fn minus(&self, base: &Weights) -> Result<Self, WeightsError> {
        let mut difference = self.clone();
        difference.add(base, -1.0)?;
        Ok(difference)
    }

    /// Adds `factor` times `other`, tensor by tensor.
    ///
    /// # Errors
    /// As [`Weights::apply`], where the two are of different structure.
    pub fn add(&mut self, other: &Weights, factor: f32) -> Result<(), WeightsError> {
        if let Some(name) = other.arrays.keys().find(|name| !self.arrays.contains_key(*name)) {
            return Err(WeightsError::Unknown(name.clone()));
        }
        for (name, array) in &mut self.arrays {
            let other =
                other.arrays.get(name).ok_or_else(|| WeightsError::Missing(name.clone()))?;
            check_shape(name, &other.shape, &array.shape)?;
            for (value, change) in array.values.iter_mut().zip(&other.values) {
                *value += factor * change;
            }
        }
        Ok(())
    }

    /// Writes a safetensors file.
    ///
    /// # Errors
    /// [`WeightsError::NotFinite`] if a number cannot be kept at this precision.
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>, WeightsError> {
        let mut written: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (name, Array { shape, values }) in &self.arrays {
            let mut write = |name: String, dtype, shape, bytes| {
                written.push((name, dtype, shape, bytes));
            };
            let finite = match precision {
                Precision::F32 => {
                    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                    write(name.clone(), Dtype::F32, shape.clone(), bytes);
                    values.iter().all(|v| v.is_finite())
                }
                Precision::Int8 if shape.len() > 1 => {
                    let rows = shape[0];
                    let (scales, integers) = quantise(values, rows);
                    let bytes = scales.iter().flat_map(|v| v.to_le_bytes()).collect();
                    write(format!("{name}{SCALE}"), Dtype::F32, vec![rows], bytes);
                    let bytes = integers.iter().flat_map(|v| v.to_le_bytes()).collect();
                    write(name.clone(), Dtype::I8, shape.clone(), bytes);
                    values.iter().all(|v| v.is_finite())
                }
                Precision::F16 | Precision::Int8 => {
                    let values: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
                    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                    write(name.clone(), Dtype::F16, shape.clone(), bytes);
                    values.iter().all(|v| v.is_finite())
                }
            };
            if !finite {
                return Err(WeightsError::NotFinite(name.clone()));
            }
        }
        let views = written
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(damaged)?;
        let about = serde_json::to_string(&self.about).map_err(damaged)?;
        safetensors::serialize(views, Some(HashMap::from([(ABOUT.to_owned(), about)])))
            .map_err(damaged)
    }

    /// The model's own settings, as [`About::config`] has them.
    ///
    /// # Errors
    /// [`WeightsError::Damaged`] where they are not of this kind.
    pub fn config<C: serde::de::DeserializeOwned>(&self) -> Result<C, WeightsError> {
        serde_json::from_value(self.about.config.clone()).map_err(damaged)
    }

    /// Reads a safetensors file that holds `model`, whatever its precision.
    ///
    /// # Errors
    /// [`WeightsError::Damaged`], [`WeightsError::Version`], [`WeightsError::Model`],
    /// [`WeightsError::NotFinite`], [`WeightsError::Missing`] where scales are missing.
    pub fn from_bytes(bytes: &[u8], model: &str) -> Result<Self, WeightsError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let about = metadata
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get(ABOUT))
            .ok_or_else(|| WeightsError::Damaged("it says nothing about itself".into()))?;
        // The version is read on its own first: another version may have other fields.
        let version: Version = serde_json::from_str(about).map_err(damaged)?;
        if version.format != FORMAT {
            return Err(WeightsError::Version { found: version.format });
        }
        let about: About = serde_json::from_str(about).map_err(damaged)?;
        if about.model != model {
            return Err(WeightsError::Model { found: about.model, expected: model.into() });
        }

        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let mut arrays = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if name.ends_with(SCALE) {
                continue;
            }
            let shape = view.shape().to_vec();
            let values: Vec<f32> = match view.dtype() {
                Dtype::F32 => f32s(view.data()),
                Dtype::F16 => {
                    let halves = view.data().as_chunks::<2>().0;
                    halves.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect()
                }
                Dtype::I8 => {
                    let name = format!("{name}{SCALE}");
                    let scale =
                        tensors.tensor(&name).map_err(|_| WeightsError::Missing(name.clone()))?;
                    check_shape(&name, scale.shape(), &shape[..shape.len().min(1)])?;
                    dequantise(view.data(), &f32s(scale.data()))
                }
                other => {
                    return Err(WeightsError::Damaged(format!("{name:?} is of type {other:?}")));
                }
            };
            if values.iter().any(|value| !value.is_finite()) {
                return Err(WeightsError::NotFinite(name.into()));
            }
            arrays.insert(name.to_owned(), Array { shape, values });
        }
        Ok(Self { about, arrays })
    }
}

/// The part of [`About`] that every version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

fn damaged(error: impl std::fmt::Display) -> WeightsError {
    WeightsError::Damaged(error.to_string())
}

fn check_shape(name: &str, found: &[usize], expected: &[usize]) -> Result<(), WeightsError> {
    if found == expected {
        return Ok(());
    }
    Err(WeightsError::Shape {
        name: name.into(),
        found: found.to_vec(),
        expected: expected.to_vec(),
    })
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

/// Scale of each row and the values divided by it, rounded: symmetric, the largest maps to 127.
fn quantise(values: &[f32], rows: usize) -> (Vec<f32>, Vec<i8>) {
    let length = (values.len() / rows.max(1)).max(1);
    let mut scales = Vec::with_capacity(rows);
    let mut integers = Vec::with_capacity(values.len());
    for row in values.chunks(length) {
        let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        scales.push(scale);
        integers.extend(row.iter().map(|value| (value / scale).round() as i8));
    }
    scales.resize(rows, 1.0);
    (scales, integers)
}

fn dequantise(integers: &[u8], scales: &[f32]) -> Vec<f32> {
    let length = (integers.len() / scales.len().max(1)).max(1);
    integers
        .chunks(length)
        .zip(scales)
        .flat_map(|(row, scale)| row.iter().map(move |&i| f32::from(i.cast_signed()) * scale))
        .collect()
}

/// Collects every float parameter.
#[cfg(feature = "training")]
struct Reader {
    path: Vec<String>,
    arrays: Result<BTreeMap<String, Array>, WeightsError>,
}

#[cfg(feature = "training")]
impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let Ok(arrays) = &mut self.arrays else { return };
        match param.val().try_into_vec_as::<f32>() {
            Ok(values) => {
                arrays.insert(name, Array { shape: param.shape().to_vec(), values });
            }
            Err(error) => {
                self.arrays = Err(WeightsError::Device { name, reason: error.to_string() });
            }
        }
    }
}

/// Replaces every float parameter.
struct Writer<'a> {
    path: Vec<String>,
    arrays: &'a BTreeMap<String, Array>,
    used: usize,
    error: Option<WeightsError>,
}

impl ModuleMapper for Writer<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let name = self.path.join(".");
        let Some(array) = self.arrays.get(&name) else {
            self.error = Some(WeightsError::Missing(name));
            return param;
        };
        // The lazy shape: asking for the tensor would draw random numbers for nothing.
        if let Err(error) = check_shape(&name, &array.shape, &param.lazy_shape()) {
            self.error = Some(error);
            return param;
        }
        self.used += 1;
        let data = TensorData::new(array.values.clone(), array.shape.clone());
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// Collects the names of the float parameters.
#[derive(Default)]
struct Names {
    path: Vec<String>,
    found: std::collections::BTreeSet<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
        self.found.insert(self.path.join("."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Small {
        layers: Vec<Linear>,
        norm: LayerNorm,
    }

    fn small(seed: u64, hidden: usize) -> Small {
        let device = Device::flex();
        device.seed(seed);
        Small {
            layers: vec![
                LinearConfig::new(3, hidden).init(&device),
                LinearConfig::new(hidden, 2).with_bias(false).init(&device),
            ],
            norm: LayerNormConfig::new(2).init(&device),
        }
    }

    fn about() -> About {
        About {
            format: FORMAT,
            model: "small".into(),
            market_seed: 7,
            command: "vitrine train".into(),
            config: serde_json::json!({ "hidden": 5 }),
        }
    }

    fn weights(seed: u64) -> Weights {
        Weights::of(&small(seed, 5), about()).unwrap()
    }

    #[test]
    fn names_are_paths_in_the_module() {
        let names: Vec<String> = weights(1).arrays.into_keys().collect();
        assert_eq!(
            names,
            ["layers.0.bias", "layers.0.weight", "layers.1.weight", "norm.beta", "norm.gamma"]
        );
    }

    #[test]
    fn f32_files_give_back_the_same_numbers_and_bytes() {
        let weights = weights(1);
        let bytes = weights.to_bytes(Precision::F32).unwrap();
        let read = Weights::from_bytes(&bytes, "small").unwrap();
        assert_eq!(read, weights);
        assert_eq!(read.to_bytes(Precision::F32).unwrap(), bytes);
        let loaded = read.apply(small(2, 5)).unwrap();
        assert_eq!(Weights::of(&loaded, about()).unwrap(), weights);
    }

    #[test]
    fn smaller_precisions_stay_near() {
        let weights = weights(1);
        for (precision, tolerance) in [(Precision::F16, 1e-3), (Precision::Int8, 1.0 / 254.0)] {
            let bytes = weights.to_bytes(precision).unwrap();
            let read = Weights::from_bytes(&bytes, "small").unwrap();
            for (name, array) in &weights.arrays {
                assert_eq!(read.arrays[name].shape, array.shape);
                let largest = array.values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                for (a, b) in array.values.iter().zip(&read.arrays[name].values) {
                    assert!((a - b).abs() <= tolerance * largest + 1e-7, "{name}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_difference_leads_back() {
        let (base, copy) = (weights(1), weights(2));
        let mut there = base.clone();
        there.add(&copy.minus(&base).unwrap(), 1.0).unwrap();
        for (name, array) in &copy.arrays {
            for (a, b) in array.values.iter().zip(&there.arrays[name].values) {
                assert!((a - b).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = weights(1).to_bytes(Precision::F16).unwrap();
        for length in 0..bytes.len() {
            let error = Weights::from_bytes(&bytes[..length], "small").unwrap_err();
            assert!(matches!(error, WeightsError::Damaged(_)), "{length}: {error}");
        }
    }

    #[test]
    fn other_models_versions_and_shapes_are_refused() {
        let weights = weights(1);
        let bytes = weights.to_bytes(Precision::F16).unwrap();
        assert!(matches!(Weights::from_bytes(&bytes, "dmt"), Err(WeightsError::Model { .. })));

        let mut other = weights.clone();
        other.about.format = FORMAT + 1;
        let bytes = other.to_bytes(Precision::F16).unwrap();
        assert!(matches!(
            Weights::from_bytes(&bytes, "small"),
            Err(WeightsError::Version { found }) if found == FORMAT + 1
        ));

        assert!(matches!(weights.apply(small(1, 6)), Err(WeightsError::Shape { .. })));

        let mut short = weights.clone();
        short.arrays.remove("norm.beta");
        assert!(
            matches!(short.apply(small(1, 5)), Err(WeightsError::Missing(n)) if n == "norm.beta")
        );

        let mut long = weights;
        let spare = Array { shape: vec![1], values: vec![0.0] };
        long.arrays.insert("spare".into(), spare);
        assert!(matches!(long.apply(small(1, 5)), Err(WeightsError::Unknown(n)) if n == "spare"));
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let mut weights = weights(1);
        for array in weights.arrays.values_mut() {
            array.values[0] = 1e6;
        }
        assert!(matches!(weights.to_bytes(Precision::F16), Err(WeightsError::NotFinite(_))));
        for array in weights.arrays.values_mut() {
            array.values[0] = f32::NAN;
        }
        for precision in [Precision::F32, Precision::F16, Precision::Int8] {
            assert!(matches!(weights.to_bytes(precision), Err(WeightsError::NotFinite(_))));
        }
    }
}
