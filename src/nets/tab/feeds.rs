//! What a model reads and what comes of it, as plain arrays.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use wasm_bindgen::prelude::*;

/// Inputs of a run by their names, given anew for each, as to any other runtime.
#[wasm_bindgen]
#[derive(Default)]
pub struct Feeds {
    floats: BTreeMap<String, (Vec<f32>, Vec<usize>)>,
    ids: BTreeMap<String, (Vec<i32>, Vec<usize>)>,
}

#[wasm_bindgen]
impl Feeds {
    /// None yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds numbers of a shape, the last axis fastest.
    pub fn floats(&mut self, name: String, values: Vec<f32>, shape: Vec<usize>) {
        self.floats.insert(name, (values, shape));
    }

    /// Adds ids of a shape, the last axis fastest.
    pub fn ids(&mut self, name: String, values: Vec<i32>, shape: Vec<usize>) {
        self.ids.insert(name, (values, shape));
    }
}

impl Feeds {
    /// Takes out the numbers of a name.
    pub(crate) fn take<const D: usize>(&mut self, name: &str) -> Result<Tensor<D>, JsError> {
        let (values, shape) = self.floats.remove(name).ok_or_else(|| missing(name))?;
        fits::<D>(name, values.len(), &shape)?;
        Ok(Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
    }

    /// Takes out the ids of a name.
    pub(crate) fn take_ids<const D: usize>(
        &mut self,
        name: &str,
    ) -> Result<Tensor<D, Int>, JsError> {
        let (values, shape) = self.ids.remove(name).ok_or_else(|| missing(name))?;
        fits::<D>(name, values.len(), &shape)?;
        Ok(Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
    }
}

fn missing(name: &str) -> JsError {
    JsError::new(&format!("{name} is missing"))
}

/// Refuses what has not D axes, or not as many values as they say.
fn fits<const D: usize>(name: &str, values: usize, shape: &[usize]) -> Result<(), JsError> {
    if shape.len() == D && shape.iter().product::<usize>() == values {
        return Ok(());
    }
    Err(JsError::new(&format!("{name} has {values} values, of shape {shape:?}")))
}

/// The numbers of an output, the last axis fastest.
pub(crate) fn numbers<const D: usize>(output: Tensor<D>) -> Result<Vec<f32>, JsError> {
    output.try_into_vec_as::<f32>().map_err(|error| JsError::new(&error.to_string()))
}
