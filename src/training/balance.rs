//! Whether gates use their experts, and a loss that keeps them all in use. A gate that prefers an
//! expert early trains it more, and so prefers it more: left alone it ends with one.

use burn::tensor::Tensor;

use market::metrics::{Mean, effective_number};

/// How unevenly gates use their experts, `[1]`: the squared coefficient of variation of each
/// expert's mean weight over a batch, summed over the tasks (Shazeer et al., ICLR 2017, equation 6).
/// 0 where all are used alike, experts less 1 where a gate uses a single one.
///
/// - `gates`: w^k, `[n, K, E]`;
/// - `present`: 1 for what counts, 0 for padding, `[n, 1]`.
pub fn imbalance(gates: Tensor<3>, present: Tensor<2>) -> Tensor<1> {
    let [n, tasks, experts] = gates.dims();
    let count = present.clone().sum();
    let gates = gates.reshape([n, tasks * experts]);
    let importance = (gates * present).sum_dim(0) / count.unsqueeze_dim::<2>(1);
    importance.square().sum() * experts as f32 - tasks as f32
}

/// The loss, and where experts are gated how unevenly the gates use them.
pub fn with_balance(
    loss: Tensor<1>,
    gates: Option<Tensor<3>>,
    present: Tensor<2>,
    balance: f32,
) -> Tensor<1> {
    match gates {
        Some(gates) if balance > 0.0 => loss + imbalance(gates, present) * balance,
        _ => loss,
    }
}

/// How the gates of one stage use their experts, page by page.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// By task: weight of each expert.
    pub weights: Vec<Vec<Mean>>,
    /// By task: effective number of experts (exponential of the entropy) that a page uses, of the
    /// mean of its gates.
    pub by_page: Vec<Mean>,
    /// By task: the same of a single candidate's gate.
    pub by_candidate: Vec<Mean>,
}

impl Used {
    /// Adds a page: gates by candidate, by task, by expert, of so many tasks.
    pub fn add(&mut self, gates: &[f32], [tasks, experts]: [usize; 2]) {
        self.weights.resize(tasks, vec![Mean::default(); experts]);
        self.by_page.resize(tasks, Mean::default());
        self.by_candidate.resize(tasks, Mean::default());
        let candidates = gates.len() / (tasks * experts);
        for task in 0..tasks {
            let mut of_page = vec![0.0; experts];
            for of_candidate in gates.chunks(tasks * experts) {
                let gate = &of_candidate[task * experts..][..experts];
                let gate: Vec<f64> = gate.iter().map(|&weight| weight.into()).collect();
                self.by_candidate[task].add(Some(effective_number(&gate)));
                for (expert, weight) in gate.into_iter().enumerate() {
                    of_page[expert] += weight / candidates as f64;
                    self.weights[task][expert].add(Some(weight));
                }
            }
            self.by_page[task].add(Some(effective_number(&of_page)));
        }
    }

    /// A line a task, for tasks of these names.
    pub fn lines(&self, names: &[&str]) -> String {
        let value = |mean: &Mean| mean.value().unwrap_or(0.0);
        let of = self.weights.iter().zip(&self.by_page).zip(&self.by_candidate).zip(names);
        of.map(|(((weights, page), candidate), name)| {
            let weights: Vec<String> =
                weights.iter().map(|weight| format!("{:.2}", value(weight))).collect();
            format!(
                "gate of {name:<6} experts {}; effective number {:.2} a page, {:.2} a candidate\n",
                weights.join(" "),
                value(page),
                value(candidate)
            )
        })
        .collect()
    }
}

/// How gates use their experts, by department of what they are asked about: how often, and the sum of the
/// weights, task by expert.
#[derive(Clone, Debug, Default)]
pub struct ByDepartment(Vec<(u32, Vec<f64>)>);

impl ByDepartment {
    /// Adds the gates of a product of this department, task by expert.
    pub fn add(&mut self, department: usize, gates: &[f32]) {
        if self.0.len() <= department {
            self.0.resize(department + 1, Default::default());
        }
        let (count, sums) = &mut self.0[department];
        *count += 1;
        sums.resize(gates.len(), 0.0);
        sums.iter_mut().zip(gates).for_each(|(sum, &weight)| *sum += f64::from(weight));
    }

    /// Mean weight of each expert in the gate of one of so many tasks: of all, and by department, where
    /// there is nothing of a department that nothing is of. None where nothing was added.
    pub fn of_task(&self, task: usize, tasks: usize) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
        let experts = self.0.iter().map(|(_, sums)| sums.len()).max()? / tasks;
        let (mut whole, mut of_all) = (0.0, vec![0.0; experts]);
        let mut by_department = Vec::with_capacity(self.0.len());
        for (count, sums) in &self.0 {
            let count = f64::from(*count);
            let own = sums.iter().skip(task * experts).take(experts);
            by_department.push(own.clone().map(|sum| sum / count).collect());
            of_all.iter_mut().zip(own).for_each(|(all, sum)| *all += sum);
            whole += count;
        }
        of_all.iter_mut().for_each(|sum| *sum /= whole);
        Some((of_all, by_department))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn imbalance_is_none_for_gates_that_use_all_alike_and_most_for_gates_that_use_one() {
        let device = Device::flex();
        let of = |gates: [[[f32; 3]; 2]; 3], present: [[f32; 1]; 3]| {
            let present = Tensor::<2>::from_floats(present, &device);
            imbalance(Tensor::<3>::from_floats(gates, &device), present).into_scalar::<f32>()
        };
        let (one, third) = ([1.0, 0.0, 0.0], [1.0 / 3.0; 3]);
        let all = [[1.0]; 3];
        assert!((of([[one, third]; 3], all) - 2.0).abs() < 1e-5);
        // Each candidate uses one expert, together they use all of them.
        let turned = [one, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|gate| [gate, gate]);
        assert!(of(turned, all).abs() < 1e-5);
        // Two of three candidates, one expert each: 3 (1/4 + 1/4) - 1 for each task.
        assert!((of(turned, [[1.0], [1.0], [0.0]]) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_page_may_use_more_experts_than_any_of_its_candidates() {
        let mut used = Used::default();
        // Two candidates, two tasks: each one of its own expert, both half and half.
        used.add(&[1.0, 0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5], [2, 2]);
        let value = |mean: &Mean| mean.value().unwrap_or(0.0);
        let all = |means: &[Mean]| means.iter().map(value).collect::<Vec<_>>();
        let near = |found: Vec<f64>, expected: [f64; 2]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        };
        near(all(&used.by_page), [2.0, 2.0]);
        near(all(&used.by_candidate), [1.0, 2.0]);
        near(all(&used.weights[0]), [0.5, 0.5]);
        assert_eq!(used.lines(&["click", "order"]).lines().count(), 2);
    }

    #[test]
    fn departments_have_means_of_their_own_and_weigh_by_what_is_of_them() {
        let mut used = ByDepartment::default();
        assert_eq!(used.of_task(0, 2), None);
        // Two tasks, two experts; one product of department 0, two of department 2.
        used.add(0, &[1.0, 0.0, 0.25, 0.75]);
        used.add(2, &[0.5, 0.5, 0.0, 1.0]);
        used.add(2, &[0.0, 1.0, 0.5, 0.5]);
        let departments = vec![vec![1.0, 0.0], vec![], vec![0.25, 0.75]];
        assert_eq!(used.of_task(0, 2), Some((vec![0.5, 0.5], departments)));
        let departments = vec![vec![0.25, 0.75], vec![], vec![0.25, 0.75]];
        assert_eq!(used.of_task(1, 2), Some((vec![0.25, 0.75], departments)));
    }
}
