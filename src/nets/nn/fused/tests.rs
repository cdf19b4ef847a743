//! Each layer as one operation against the operations that Burn makes of it, and their gradients.

use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Int, Tensor};

use super::alike::{assert_near, numbers};
use super::attention::{attention, between};
use super::embedding::embed;
use super::padded;
use super::segments::mean_rows;
use crate::nn::attention::{AttentionBlock, KeyMask};
use crate::nn::layer::{
    add_norm, batch_norm_relu, inner_products, linear, linear_relu, norm_leaky_relu, small_products,
};
use crate::nn::tower::l2_norm;

fn device() -> Device {
    let device = Device::flex().autodiff();
    device.seed(5);
    device
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device).require_grad()
}

/// Values and gradients by each input of two ways to compute the same, each entry of the output
/// with a weight of its own.
fn assert_same<const D: usize, const N: usize>(
    inputs: [&Tensor<D>; N],
    own: Tensor<2>,
    burns: Tensor<2>,
) {
    let weights = Tensor::<2>::random(own.dims(), Distribution::Normal(0.0, 1.0), &own.device());
    let [a, b] = [&own, &burns].map(|output| (output.clone() * weights.clone()).sum().backward());
    assert_near(own, burns);
    for input in inputs {
        assert_near(input.grad(&a).unwrap(), input.grad(&b).unwrap());
    }
}

#[test]
fn a_linear_layer_with_relu() {
    let device = device();
    let x = random([37, 19], &device);
    let layer: Linear = LinearConfig::new(19, 21).init(&device);
    let burns = || burn::tensor::activation::relu(layer.forward(x.clone()));
    let weight = layer.weight.val();
    assert_same([&x, &weight], linear_relu(&layer, x.clone()), burns());
    let bias = layer.bias.as_ref().unwrap().val();
    let by_bias = |output: Tensor<2>| bias.grad(&output.square().sum().backward()).unwrap();
    assert_near(by_bias(linear_relu(&layer, x.clone())), by_bias(burns()));
}

#[test]
fn normalisation_with_what_surrounds_it() {
    let device = device();
    let (x, y) = (random([531, 24], &device), random([531, 24], &device));
    let mut norm = burn::nn::LayerNormConfig::new(24).init(&device);
    norm.gamma = Param::from_tensor(random([24], &device));
    norm.beta = Some(Param::from_tensor(random([24], &device)));
    assert_same(
        [&x, &y],
        add_norm(&norm, x.clone(), y.clone()),
        norm.forward(x.clone() + y.clone()),
    );
    let own = || norm_leaky_relu(&norm, x.clone(), 0.1);
    let burns = || burn::tensor::activation::leaky_relu(norm.forward(x.clone()), 0.1);
    let (gamma, beta) = (norm.gamma.val(), norm.beta.as_ref().unwrap().val());
    let [a, b] = [own(), burns()].map(|output| output.square().sum().backward());
    for weights in [gamma, beta] {
        // Sums over all rows.
        let scale = 531.0;
        assert_near(weights.grad(&a).unwrap() / scale, weights.grad(&b).unwrap() / scale);
    }
    assert_same([&x], own(), burns());
}

/// Equation 1 with a mask, one head after another.
fn masked(
    [q, k, v]: [&Tensor<2>; 3],
    heads: usize,
    segments: &super::attention::Segments,
) -> Tensor<2> {
    let [n, d] = q.dims();
    let width = d / heads;
    let mut rows = Vec::new();
    for segment in segments.iter() {
        let (queries, keys) = (segment.queries.clone(), segment.keys.clone());
        if keys.is_empty() {
            rows.push(Tensor::zeros([queries.len(), d], &q.device()));
            continue;
        }
        let heads = (0..heads).map(|head| {
            let columns = head * width..(head + 1) * width;
            let q = q.clone().slice([queries.clone(), columns.clone()]);
            let k = k.clone().slice([keys.clone(), columns.clone()]);
            let v = v.clone().slice([keys.clone(), columns]);
            let scores = q.matmul(k.transpose()) / (width as f32).sqrt();
            burn::tensor::activation::softmax(scores, 1).matmul(v)
        });
        rows.push(Tensor::cat(heads.collect(), 1));
    }
    let output = Tensor::cat(rows, 0);
    assert_eq!(output.dims()[0], n);
    output
}

#[test]
fn attention_within_segments() {
    let device = device();
    // Whole lanes and others, in width and in length; a segment without keys.
    for (d, heads) in [(32, 2), (24, 3)] {
        let queries: Vec<usize> = (0..37).map(|n| 1 + n % 3).collect();
        let keys: Vec<usize> = (0..37).map(|n| n * 5 % 23).collect();
        let segments = between(&queries, &keys);
        let q = random([queries.iter().sum(), d], &device);
        let [k, v] = [(); 2].map(|()| random([keys.iter().sum(), d], &device));
        let own = attention(&q, &k, &v, heads, &segments).unwrap();
        assert_same([&q, &k, &v], own, masked([&q, &k, &v], heads, &segments));
    }
}

#[test]
fn a_block_over_rows_is_the_block_over_padded_sequences() {
    let device = device();
    let block = AttentionBlock::new(16, 2, 32, &device);
    let lengths = [3, 1, 5, 4];
    let x = random([13, 16], &device);
    let memory = block.memorise_rows(x.clone());
    let own = block.forward_rows(x.clone(), &memory, &super::attention::within(&lengths)).unwrap();
    // The same rows where a padded batch has them.
    let places: Vec<i32> = lengths
        .iter()
        .zip([0, 5, 10, 15])
        .flat_map(|(&length, at)| at..at + length as i32)
        .collect();
    let places: Tensor<1, Int> = Tensor::from_ints(places.as_slice(), &device);
    let padded = Tensor::<2>::zeros([20, 16], &device)
        .select_assign(0, places.clone(), x.clone(), burn::tensor::IndexingUpdateOp::Add)
        .reshape([4, 5, 16]);
    let mask = lengths.map(|length| std::array::from_fn(|n| if n < length { 1.0 } else { 0.0 }));
    let mask = KeyMask::new(Tensor::<2>::from_floats::<[[f32; 5]; 4]>(mask, &device));
    let memory = block.memorise(padded.clone(), mask);
    let burns = block.forward(padded, &memory).output.reshape([20, 16]).select(0, places);
    assert_same([&x], own, burns);
}

#[test]
fn rows_of_tables_side_by_side() {
    let device = device();
    let tables = [random([5, 3], &device), random([4, 2], &device)];
    let ids = [[4, 0, 4, 1], [3, 3, 0, 3]];
    let own = embed(tables.each_ref(), [&Arc::new(ids[0].to_vec()), &Arc::new(ids[1].to_vec())]);
    let burns = tables
        .iter()
        .zip(ids)
        .map(|(table, ids)| table.clone().select(0, Tensor::<1, Int>::from_ints(ids, &device)));
    let burns = Tensor::cat(burns.collect(), 1);
    assert_same(tables.each_ref(), own.unwrap(), burns);
}

#[test]
fn means_of_segments() {
    let device = device();
    let x = random([6, 3], &device);
    let own = mean_rows(&x, &[2, 0, 3, 1]).unwrap();
    let mean = |from: usize, to: usize| x.clone().slice([from..to, 0..3]).mean_dim(0);
    let burns = vec![mean(0, 2), Tensor::zeros([1, 3], &device), mean(2, 5), mean(5, 6)];
    assert_same([&x], own, Tensor::cat(burns, 0));
}

#[test]
fn products_of_small_matrices() {
    let device = device();
    for r in [1, 3, 20] {
        let (a, b) = (random([5, 4, 18], &device), random([5, 18, r], &device));
        let flat = |output: Tensor<3>| output.reshape([20, r]);
        let own = small_products(a.clone(), b.clone());
        assert_same([&a, &b], flat(own), flat(a.clone().matmul(b.clone())));
    }
    let (query, keys) = (random([3, 5], &device), random([3, 4, 5], &device));
    let burns = keys.clone().matmul(query.clone().unsqueeze_dim(2)).reshape([3, 4]);
    assert_same([&query], inner_products(query.clone(), &keys), burns);
}

#[test]
fn the_same_bytes_come_out_whatever_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let device = device();
            let block = AttentionBlock::new(16, 2, 32, &device);
            let lengths: Vec<usize> = (0..300).map(|n| 1 + n % 7).collect();
            let x = random([lengths.iter().sum(), 16], &device);
            let memory = block.memorise_rows(x.clone());
            let segments = super::attention::within(&lengths);
            let output = block.forward_rows(x.clone(), &memory, &segments).unwrap();
            let loss = output.clone().square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &block);
            struct All<'a>(&'a GradientsParams, Vec<f32>);
            impl ModuleVisitor for All<'_> {
                fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                    self.1.extend(numbers(self.0.get::<D>(param.id).unwrap()));
                }
            }
            let mut all = All(&gradients, numbers(output));
            block.visit(&mut all);
            all.1
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn what_is_served_is_what_burn_makes_of_it() {
    let device = Device::flex();
    device.seed(7);
    let normal = Distribution::Normal(0.0, 1.0);
    let x = Tensor::<3>::random([3, 7, 24], normal, &device);
    let rows = || x.clone().reshape([21, 24]);
    let layer: Linear = LinearConfig::new(24, 19).init(&device);
    assert_near(linear(&layer, x.clone()), layer.forward(x.clone()));
    assert_near(linear_relu(&layer, x.clone()), relu(layer.forward(x.clone())));
    // A view whose numbers do not stand in the order of rows.
    let turned = Tensor::<3>::random([3, 24, 7], normal, &device).swap_dims(1, 2);
    assert_near(linear(&layer, turned.clone()), layer.forward(turned));
    let norm = burn::nn::LayerNormConfig::new(24).init(&device);
    assert_near(add_norm(&norm, x.clone(), x.clone()), norm.forward(x.clone() * 2.0));
    let mut norm = burn::nn::BatchNormConfig::new(24).init(&device);
    let of_columns = |spread| Tensor::<1>::random([24], spread, &device);
    norm.gamma = Param::from_tensor(of_columns(normal));
    norm.beta = Param::from_tensor(of_columns(normal));
    norm.running_mean.update(of_columns(normal));
    norm.running_var.update(of_columns(Distribution::Uniform(0.5, 2.0)));
    assert_near(batch_norm_relu(&norm, rows()), relu(norm.forward(rows())));
    let lengths = rows().square().sum_dim(1).sqrt();
    assert_near(l2_norm(rows()), rows() / lengths);
}

#[test]
fn padded_attention_is_equation_1_over_what_is_there() {
    let device = Device::flex();
    device.seed(11);
    let normal =
        |shape: [usize; 3]| Tensor::<3>::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let (q, k, v) = (normal([3, 4, 24]), normal([3, 5, 24]), normal([3, 5, 24]));
    // All, some that do not stand side by side, and nothing.
    let present = [[1., 1., 1., 1., 1.], [0., 1., 0., 1., 1.], [0.; 5]];
    let mask = Tensor::<2>::from_floats(present, &device);
    let (output, weights) = padded::attention([&q, &k, &v], &mask, 3).unwrap();
    assert_eq!(weights.dims(), [3, 3, 4, 5]);
    for (request, present) in present.iter().enumerate() {
        let there: Vec<i32> = (0..5).filter(|&key| present[key as usize] > 0.0).collect();
        let own = output.clone().narrow(0, request, 1).reshape([4, 24]);
        let of_keys = weights.clone().narrow(0, request, 1).reshape([12, 5]);
        if there.is_empty() {
            assert_near(own, Tensor::zeros([4, 24], &device));
            assert_near(of_keys, Tensor::zeros([12, 5], &device));
            continue;
        }
        let keys = Tensor::<1, Int>::from_ints(there.as_slice(), &device);
        let of =
            |x: &Tensor<3>| x.clone().narrow(0, request, 1).select(1, keys.clone()).squeeze_dim(0);
        let [k, v]: [Tensor<2>; 2] = [of(&k), of(&v)];
        let q = q.clone().narrow(0, request, 1).reshape([4, 24]);
        let segments = between(&[4], &[there.len()]);
        assert_near(own, masked([&q, &k, &v], 3, &segments));
        let sums = of_keys.clone().sum_dim(1);
        assert_near(sums.clone(), sums.ones_like());
        let absent = 1.0 - mask.clone().narrow(0, request, 1);
        assert_near(of_keys * absent, Tensor::zeros([12, 5], &device));
    }
}

#[test]
fn nothing_is_recorded_where_nothing_is_trained() {
    let device = Device::flex();
    let x = Tensor::<2>::ones([2, 3], &device);
    assert!(mean_rows(&x, &[2]).is_none());
    assert!(attention(&x, &x, &x, 1, &between(&[2], &[2])).is_none());
}
