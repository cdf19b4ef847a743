//! The paper's equations in double precision, one candidate after another.

use super::{DENSE, catalogue};
use crate::models::dmt::input::Place;
use crate::models::dmt::{DmtConfig, Interest, Positions};
use crate::models::weights::Weights;
use market::catalogue::ProductId;
use systems::dmt::MultiTask;

/// The paper's equations, scalar by scalar.
pub struct Reference<'a> {
    pub weights: &'a Weights,
    pub config: &'a DmtConfig,
}

pub type Vector = Vec<f64>;

impl Reference<'_> {
    fn array(&self, name: &str) -> (Vec<usize>, Vector) {
        let array = self.weights.arrays.get(name).unwrap_or_else(|| panic!("no {name}"));
        (array.shape.clone(), array.values.iter().map(|&v| f64::from(v)).collect())
    }

    /// x W, with b where the layer has one.
    fn linear(&self, name: &str, x: &[f64]) -> Vector {
        let (shape, w) = self.array(&format!("{name}.weight"));
        assert_eq!(shape[0], x.len(), "{name}");
        let bias = format!("{name}.bias");
        let b = match self.weights.arrays.contains_key(&bias) {
            true => self.array(&bias).1,
            false => vec![0.0; shape[1]],
        };
        (0..shape[1])
            .map(|j| b[j] + (0..shape[0]).map(|i| x[i] * w[i * shape[1] + j]).sum::<f64>())
            .collect()
    }

    fn row(&self, name: &str, row: usize) -> Vector {
        let (shape, values) = self.array(&format!("{name}.weight"));
        values[row * shape[1]..(row + 1) * shape[1]].to_vec()
    }

    pub fn mlp(&self, name: &str, x: &[f64], last_relu: bool) -> Vector {
        let layers = (0..)
            .take_while(|n| self.weights.arrays.contains_key(&format!("{name}.layers.{n}.weight")))
            .count();
        (0..layers).fold(x.to_vec(), |x, layer| {
            let mut y = self.linear(&format!("{name}.layers.{layer}"), &x);
            if layer + 1 < layers || last_relu {
                y.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            y
        })
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vector {
        let (_, gamma) = self.array(&format!("{name}.gamma"));
        let (_, beta) = self.array(&format!("{name}.beta"));
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (0..x.len())
            .map(|i| (x[i] - mean) / (variance + 1e-5).sqrt() * gamma[i] + beta[i])
            .collect()
    }

    /// Equation 1 and the heads around it, for one query; the weights by head.
    pub fn attention(&self, name: &str, query: &[f64], keys: &[Vector]) -> (Vector, Vec<Vector>) {
        let d = query.len();
        let d_k = d / self.config.heads;
        let q = self.linear(&format!("{name}.queries"), query);
        let k: Vec<Vector> = keys.iter().map(|x| self.linear(&format!("{name}.keys"), x)).collect();
        let v: Vec<Vector> =
            keys.iter().map(|x| self.linear(&format!("{name}.values"), x)).collect();
        let (mut concatenated, mut weights) = (Vec::new(), Vec::new());
        for head in 0..self.config.heads {
            let part = head * d_k..(head + 1) * d_k;
            let scores: Vector = k
                .iter()
                .map(|k| part.clone().map(|i| q[i] * k[i]).sum::<f64>() / (d_k as f64).sqrt())
                .collect();
            let w = softmax(&scores);
            for i in part {
                concatenated.push(w.iter().zip(&v).map(|(w, v)| w * v[i]).sum());
            }
            weights.push(w);
        }
        (self.linear(&format!("{name}.output"), &concatenated), weights)
    }

    /// Attention and equation 2, each with its residual connection and norm.
    fn block(&self, name: &str, query: &[f64], keys: &[Vector]) -> (Vector, Vec<Vector>) {
        let (output, weights) = self.attention(&format!("{name}.attention"), query, keys);
        let hidden = self.norm(&format!("{name}.attention_norm"), &add(query, &output));
        let output = self.mlp(&format!("{name}.feed_forward"), &hidden, false);
        (self.norm(&format!("{name}.feed_forward_norm"), &add(&hidden, &output)), weights)
    }

    pub fn item(&self, network: &str, id: ProductId) -> Vector {
        let catalogue = catalogue();
        let product = &catalogue.products[id as usize];
        [
            self.row(&format!("{network}.items.product"), id as usize),
            self.row(&format!("{network}.items.product_type"), product.product_type.into()),
            self.row(&format!("{network}.items.brand"), product.brand.into()),
            self.row(&format!("{network}.items.shop"), product.shop.into()),
        ]
        .concat()
    }

    /// Interest vector and the attention by head.
    pub fn interest(
        &self,
        network: &str,
        sequence: usize,
        history: &[ProductId],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let items: Vec<Vector> = history.iter().map(|&id| self.item(network, id)).collect();
        if items.is_empty() {
            return (vec![0.0; target.len()], Vec::new());
        }
        if self.config.interest == Interest::Mean {
            let mean = (0..target.len())
                .map(|i| items.iter().map(|x| x[i]).sum::<f64>() / items.len() as f64)
                .collect();
            return (mean, Vec::new());
        }
        match self.config.interest {
            Interest::Activation => return self.activation(network, sequence, &items, target),
            Interest::Evolution => return self.evolution(network, sequence, &items, target),
            Interest::Transformer | Interest::Mean => (),
        }
        let name = format!("{network}.transformers.{sequence}");
        let items = self.placed(&name, &items);
        let encoded: Vec<Vector> = items
            .iter()
            .map(|item| self.block(&format!("{name}.encoder"), item, &items).0)
            .collect();
        self.block(&format!("{name}.decoder"), target, &encoded)
    }

    /// Items, each told apart by its place.
    pub fn placed(&self, transformer: &str, items: &[Vector]) -> Vec<Vector> {
        let d = items.first().map_or(0, Vec::len);
        let positions = match self.config.positions {
            Positions::None => vec![0.0; 50 * d],
            _ => self.array(&format!("{transformer}.positions")).1,
        };
        let place = |(p, item): (usize, &Vector)| add(item, &positions[p * d..(p + 1) * d]);
        items.iter().enumerate().map(place).collect()
    }

    /// DIN: every behaviour times what the activation unit makes of it.
    fn activation(
        &self,
        network: &str,
        sequence: usize,
        items: &[Vector],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let unit = format!("{network}.activations.{sequence}");
        let array = |name: &str| self.array(&format!("{unit}.dice.{name}")).1;
        let [mean, variance, gamma, beta, alpha] =
            ["norm.running_mean", "norm.running_var", "norm.gamma", "norm.beta", "alpha"]
                .map(array);
        let dice = |i: usize, s: f64| {
            let z = (s - mean[i]) / (variance[i] + 1e-5).sqrt() * gamma[i] + beta[i];
            let p = 1.0 / (1.0 + (-z).exp());
            p * s + (1.0 - p) * alpha[i] * s
        };
        let weights: Vector = items
            .iter()
            .map(|item| {
                let product: Vector = item.iter().zip(target).map(|(a, b)| a * b).collect();
                let read = [item.clone(), product, target.to_vec()].concat();
                let hidden = self.linear(&format!("{unit}.hidden"), &read);
                let hidden: Vector = hidden.iter().enumerate().map(|(i, &s)| dice(i, s)).collect();
                self.linear(&format!("{unit}.weight"), &hidden)[0]
            })
            .collect();
        let sum = (0..target.len())
            .map(|i| weights.iter().zip(items).map(|(w, item)| w * item[i]).sum())
            .collect();
        (sum, vec![weights])
    }

    /// DIEN: a GRU from the oldest item to the newest, and one with attention over its states.
    fn evolution(
        &self,
        network: &str,
        sequence: usize,
        items: &[Vector],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let name = format!("{network}.evolutions.{sequence}");
        let ones = vec![1.0; items.len()];
        let states = self.gru(&format!("{name}.extractor"), items, &ones);
        let query = self.linear(&format!("{name}.attention"), target);
        let scores: Vector =
            states.iter().map(|h| h.iter().zip(&query).map(|(h, q)| h * q).sum()).collect();
        let attention = softmax(&scores);
        let evolved = self.gru(&format!("{name}.evolution"), &states, &attention);
        (evolved[0].clone(), vec![attention])
    }

    /// States of a GRU, newest first as its inputs are, with its update gates times `attention`.
    fn gru(&self, name: &str, inputs: &[Vector], attention: &[f64]) -> Vec<Vector> {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let d = self.array(&format!("{name}.update.state.weight")).0[0];
        let mut h = vec![0.0; d];
        let mut states = vec![Vec::new(); inputs.len()];
        for t in (0..inputs.len()).rev() {
            let [u, r, c] = ["update", "reset", "candidate"].map(|gate| {
                let x = self.linear(&format!("{name}.{gate}.input"), &inputs[t]);
                (x, self.linear(&format!("{name}.{gate}.state"), &h))
            });
            h = (0..d)
                .map(|i| {
                    let u = attention[t] * sigmoid(u.0[i] + u.1[i]);
                    let r = sigmoid(r.0[i] + r.1[i]);
                    let c = (c.0[i] + r * c.1[i]).tanh();
                    (1.0 - u) * h[i] + u * c
                })
                .collect();
            states[t] = h.clone();
        }
        states
    }

    /// Equation 3 for the tasks of one network: utilities, and gates by task.
    fn tasks(&self, network: &str, x: &[f64], temperature: f64) -> (Vector, Vec<Vector>) {
        let has = |name: String| {
            move |n: &usize| {
                self.weights.arrays.contains_key(&format!("{name}.{n}.layers.0.weight"))
            }
        };
        let experts: Vec<Vector> = (0..)
            .take_while(has(format!("{network}.tasks.experts")))
            .map(|e| self.mlp(&format!("{network}.tasks.experts.{e}"), x, true))
            .collect();
        let mut gates = Vec::new();
        let utilities = (0..)
            .take_while(has(format!("{network}.tasks.utilities")))
            .map(|task| {
                let gate = match self.config.multi_task {
                    MultiTask::Mmoe => {
                        let logits = self.mlp(&format!("{network}.tasks.gates.{task}"), x, false);
                        softmax(&logits.iter().map(|l| l / temperature).collect::<Vector>())
                    }
                    _ => vec![1.0],
                };
                let f: Vector = (0..experts[0].len())
                    .map(|i| gate.iter().zip(&experts).map(|(w, e)| w * e[i]).sum())
                    .collect();
                gates.push(gate);
                self.mlp(&format!("{network}.tasks.utilities.{task}"), &f, false)[0]
            })
            .collect();
        (utilities, gates)
    }

    /// Utilities of one candidate, and its gates.
    pub fn utilities(
        &self,
        histories: &[Vec<ProductId>; 3],
        candidate: ProductId,
        dense: &[f32],
        temperature: f64,
    ) -> (Vector, Vec<Vector>) {
        let (mean, deviation) =
            (self.array("normaliser.mean").1, self.array("normaliser.deviation").1);
        let dense: Vector = (0..DENSE)
            .map(|i| ((f64::from(dense[i]) - mean[i]) / deviation[i]).clamp(-6.0, 6.0))
            .collect();
        let networks = if self.config.multi_task == MultiTask::SingleTask { 2 } else { 1 };
        let (mut utilities, mut gates) = (Vec::new(), Vec::new());
        for number in 0..networks {
            let network = format!("networks.{number}");
            let target = self.item(&network, candidate);
            let mut x = Vec::new();
            for (sequence, history) in histories.iter().enumerate().take(self.config.sequences) {
                x.extend(self.interest(&network, sequence, history, &target).0);
            }
            x.extend(target);
            x.extend(&dense);
            let (u, g) = self.tasks(&network, &x, temperature);
            utilities.extend(u);
            gates.extend(g);
        }
        (utilities, gates)
    }

    /// Equation 4.
    pub fn bias(&self, place: &Place) -> f64 {
        let mut x = Vec::new();
        if self.config.bias.position {
            x.extend(self.row("bias.index", place.index));
        }
        if self.config.bias.page {
            x.extend(self.row("bias.page", place.page));
        }
        if self.config.bias.neighbours {
            for product_type in place.types {
                x.extend(self.row("bias.types", product_type.map_or(7, usize::from)));
            }
        }
        self.mlp("bias.mlp", &x, false)[0]
    }
}

fn softmax(scores: &[f64]) -> Vector {
    let sum: f64 = scores.iter().map(|s| s.exp()).sum();
    scores.iter().map(|s| s.exp() / sum).collect()
}

fn add(a: &[f64], b: &[f64]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
