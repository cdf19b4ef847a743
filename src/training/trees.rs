//! Gradient-boosted trees on dense features: the baseline that MLPR's tables are relative to
//! (XGBoost), and the "GBDT" of DMT's.
//!
//! XGBoost's method (Chen and Guestrin, KDD 2016): a second-order boosting of the logistic loss,
//! splits found on histograms of each feature, level by level. It stands here in plain loops: the
//! crates that do the same would switch on a feature of `serde_json` for the whole command line,
//! which reads numbers in another way than the browser does.

/// How to grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Number of trees.
    pub trees: usize,
    /// Levels of splits.
    pub depth: usize,
    /// Factor on every leaf.
    pub rate: f32,
    /// lambda, weight of the squared leaves in the objective.
    pub l2: f32,
    /// gamma, what a split must gain.
    pub gamma: f32,
    /// Least sum of second derivatives on either side of a split.
    pub least: f32,
    /// Most bins of a feature's histogram, at most 256.
    pub bins: usize,
}

impl Default for Settings {
    /// XGBoost's defaults, but for more and smaller steps.
    fn default() -> Self {
        Self { trees: 100, depth: 6, rate: 0.15, l2: 1.0, gamma: 0.0, least: 1.0, bins: 64 }
    }
}

/// Rows of features, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// All numbers.
    pub features: &'a [f32],
    /// Number of features of a row.
    pub width: usize,
}

impl Rows<'_> {
    /// Number of rows.
    #[allow(clippy::len_without_is_empty, reason = "nothing is grown on nothing")]
    pub fn len(&self) -> usize {
        self.features.len() / self.width
    }
}

/// Trees for one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Booster {
    /// Log odds before the first tree.
    base: f32,
    trees: Vec<Tree>,
}

/// Nodes, the root first.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tree(Vec<Node>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Leaf(f32),
    /// Rows whose feature is below go to `left`, others to the node after it.
    Split {
        feature: usize,
        below: f32,
        left: usize,
    },
}

/// Sums of first and second derivatives of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slope {
    g: f32,
    h: f32,
}

impl Slope {
    fn add(&mut self, other: Self) {
        self.g += other.g;
        self.h += other.h;
    }

    fn less(self, other: Self) -> Self {
        Self { g: self.g - other.g, h: self.h - other.h }
    }

    /// What the best leaf takes off the objective.
    fn gain(self, l2: f32) -> f32 {
        0.5 * self.g * self.g / (self.h + l2)
    }
}

impl Booster {
    /// Grows trees to tell `positives` out of `weights` impressions of each row; both may be any
    /// counts, the first at most the second.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn grow(rows: Rows<'_>, positives: &[f32], weights: &[f32], settings: &Settings) -> Self {
        assert!(rows.len() == positives.len() && rows.len() == weights.len(), "a label a row");
        let binned = Binned::new(rows, settings.bins.clamp(2, 256));
        let sum = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>();
        let share = (sum(positives) / sum(weights).max(1.0)).clamp(1e-6, 1.0 - 1e-6);
        let base = (share / (1.0 - share)).ln() as f32;
        let mut logits = vec![base; rows.len()];
        let mut trees = Vec::with_capacity(settings.trees);
        for _ in 0..settings.trees {
            let slopes: Vec<Slope> = logits
                .iter()
                .zip(positives.iter().zip(weights))
                .map(|(&logit, (positive, weight))| {
                    let p = 1.0 / (1.0 + (-logit).exp());
                    Slope { g: weight * p - positive, h: weight * p * (1.0 - p) }
                })
                .collect();
            let (tree, node_of) = binned.grow(&slopes, settings);
            for (logit, node) in logits.iter_mut().zip(node_of) {
                if let Node::Leaf(value) = tree.0[node] {
                    *logit += value;
                }
            }
            trees.push(tree);
        }
        Self { base, trees }
    }

    /// Log odds of each row.
    pub fn scores(&self, rows: Rows<'_>) -> Vec<f32> {
        let score =
            |row: &[f32]| self.trees.iter().fold(self.base, |sum, tree| sum + tree.leaf(row));
        rows.features.chunks_exact(rows.width).map(score).collect()
    }
}

impl Tree {
    fn leaf(&self, row: &[f32]) -> f32 {
        let mut at = 0;
        loop {
            match self.0[at] {
                Node::Leaf(value) => return value,
                Node::Split { feature, below, left } => {
                    at = if row[feature] < below { left } else { left + 1 };
                }
            }
        }
    }
}

/// Features by the bin that their value falls in.
struct Binned {
    rows: usize,
    /// By feature, the values that bins begin at, but for the first.
    edges: Vec<Vec<f32>>,
    /// By feature, then by row.
    bins: Vec<Vec<u8>>,
}

/// A split that a node may take.
#[derive(Clone, Copy)]
struct Best {
    gain: f32,
    feature: usize,
    /// Last bin of the left side.
    bin: usize,
}

impl Binned {
    fn new(rows: Rows<'_>, most: usize) -> Self {
        let (mut edges, mut bins) = (Vec::new(), Vec::new());
        for feature in 0..rows.width {
            let column = || rows.features.iter().skip(feature).step_by(rows.width).copied();
            let mut sorted: Vec<f32> = column().collect();
            sorted.sort_unstable_by(f32::total_cmp);
            let mut of_feature: Vec<f32> = Vec::new();
            for bin in 1..most {
                let edge = sorted[bin * sorted.len() / most];
                if edge > *of_feature.last().unwrap_or(&sorted[0]) {
                    of_feature.push(edge);
                }
            }
            let bin = |value: f32| of_feature.partition_point(|&edge| edge <= value) as u8;
            bins.push(column().map(bin).collect());
            edges.push(of_feature);
        }
        Self { rows: rows.len(), edges, bins }
    }

    /// A tree, and the node that each row ends in.
    fn grow(&self, slopes: &[Slope], settings: &Settings) -> (Tree, Vec<usize>) {
        let mut tree = Tree::default();
        let mut node_of = vec![0_usize; self.rows];
        let mut total = Slope::default();
        slopes.iter().for_each(|&slope| total.add(slope));
        tree.0.push(leaf(total, settings));
        // Nodes of the last level, which may split yet, and their sums.
        let (mut first, mut sums) = (0, vec![total]);
        for _ in 0..settings.depth {
            let best = self.best_splits(slopes, &node_of, first, &sums, settings);
            let mut next = Vec::new();
            let end = first + sums.len();
            for (node, best) in (first..end).zip(&best) {
                if let Some(Best { feature, bin, .. }) = *best {
                    let below = self.edges[feature][bin];
                    tree.0[node] = Node::Split { feature, below, left: end + next.len() };
                    next.extend([Slope::default(); 2]);
                }
            }
            if next.is_empty() {
                break;
            }
            for (row, node) in node_of.iter_mut().enumerate().filter(|(_, node)| **node >= first) {
                if let (Node::Split { left, .. }, Some(best)) = (tree.0[*node], best[*node - first])
                {
                    let right = usize::from(self.bins[best.feature][row]) > best.bin;
                    *node = left + usize::from(right);
                    next[*node - end].add(slopes[row]);
                }
            }
            tree.0.extend(next.iter().map(|&slope| leaf(slope, settings)));
            (first, sums) = (end, next);
        }
        (tree, node_of)
    }

    /// The best split of each node from `first` on, none where nothing gains enough.
    fn best_splits(
        &self,
        slopes: &[Slope],
        node_of: &[usize],
        first: usize,
        sums: &[Slope],
        settings: &Settings,
    ) -> Vec<Option<Best>> {
        let mut best: Vec<Option<Best>> = vec![None; sums.len()];
        for (feature, (edges, bins)) in self.edges.iter().zip(&self.bins).enumerate() {
            let width = edges.len() + 1;
            let mut histogram = vec![Slope::default(); sums.len() * width];
            for ((&bin, &node), &slope) in bins.iter().zip(node_of).zip(slopes) {
                if node >= first {
                    histogram[(node - first) * width + usize::from(bin)].add(slope);
                }
            }
            for (node, &sum) in sums.iter().enumerate() {
                let mut left = Slope::default();
                for bin in 0..edges.len() {
                    left.add(histogram[node * width + bin]);
                    let right = sum.less(left);
                    if left.h < settings.least || right.h < settings.least {
                        continue;
                    }
                    let l2 = settings.l2;
                    let gain = left.gain(l2) + right.gain(l2) - sum.gain(l2) - settings.gamma;
                    if gain > best[node].map_or(0.0, |best| best.gain) {
                        best[node] = Some(Best { gain, feature, bin });
                    }
                }
            }
        }
        best
    }
}

/// The leaf that takes the most off the objective, times the rate.
fn leaf(sum: Slope, settings: &Settings) -> Node {
    Node::Leaf(-settings.rate * sum.g / (sum.h + settings.l2))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use market::metrics::auc;

    const WIDTH: usize = 3;

    /// Rows whose outcome depends on whether the first two features are on the same side.
    fn planted(seed: u64, rows: usize) -> (Vec<f32>, Vec<f32>) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut features, mut positives) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let row: [f32; WIDTH] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
            let likely = (row[0] > 0.2) == (row[1] > -0.3);
            positives.push(f32::from(u8::from(random.random_bool(if likely { 0.9 } else { 0.1 }))));
            features.extend(row);
        }
        (features, positives)
    }

    #[test]
    fn the_first_split_is_the_best_of_all() {
        let (features, positives) = planted(1, 40);
        let weights: Vec<f32> = (0..40).map(|row| 1.0 + (row % 3) as f32).collect();
        let settings = Settings {
            trees: 1,
            depth: 1,
            rate: 1.0,
            least: 0.0,
            bins: 256,
            ..Settings::default()
        };
        let rows = Rows { features: &features, width: WIDTH };
        let booster = Booster::grow(rows, &positives, &weights, &settings);

        // Every threshold of every feature, in double precision.
        let number = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
        let p = number(&positives) / number(&weights);
        let slope = |row: usize| {
            let (c, n) = (f64::from(positives[row]), f64::from(weights[row]));
            (n * p - c, n * p * (1.0 - p))
        };
        let mut best = (f64::MIN, 0.0, 0.0);
        for feature in 0..WIDTH {
            for at in 0..40 {
                let below = features[at * WIDTH + feature];
                let mut sides = [(0.0, 0.0); 2];
                for row in 0..40 {
                    let side = &mut sides[usize::from(features[row * WIDTH + feature] >= below)];
                    let (g, h) = slope(row);
                    *side = (side.0 + g, side.1 + h);
                }
                let gain: f64 = sides.iter().map(|(g, h)| g * g / (h + 1.0)).sum();
                if gain > best.0 {
                    let [left, right] = sides.map(|(g, h)| -g / (h + 1.0));
                    best = (gain, left, right);
                }
            }
        }
        let base = (p / (1.0 - p)).ln();
        let mut found: Vec<f64> =
            booster.scores(rows).iter().map(|&score| f64::from(score) - base).collect();
        found.sort_by(f64::total_cmp);
        found.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
        let mut expected = [best.1, best.2];
        expected.sort_by(f64::total_cmp);
        assert_eq!(found.len(), 2);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
    }

    #[test]
    fn trees_find_what_no_single_feature_tells() {
        let (features, positives) = planted(1, 4000);
        let rows = Rows { features: &features, width: WIDTH };
        let ones = vec![1.0; positives.len()];
        let booster = Booster::grow(rows, &positives, &ones, &Settings::default());
        assert_eq!(booster, Booster::grow(rows, &positives, &ones, &Settings::default()));
        let (features, positives) = planted(2, 2000);
        let labels: Vec<bool> = positives.iter().map(|&label| label > 0.5).collect();
        let scores = booster.scores(Rows { features: &features, width: WIDTH });
        assert!(auc(&scores, &labels).unwrap() > 0.85);
    }

    #[test]
    fn counts_are_the_same_as_as_many_rows() {
        let features = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0];
        let settings = Settings { trees: 5, depth: 2, least: 0.0, ..Settings::default() };
        let together = Booster::grow(
            Rows { features: &features[..], width: 2 },
            &[1.0, 2.0, 0.0],
            &[2.0, 2.0, 2.0],
            &settings,
        );
        let each: Vec<f32> = features.chunks(2).flat_map(|row| [row, row].concat()).collect();
        let apart = Booster::grow(
            Rows { features: &each, width: 2 },
            &[1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            &[1.0; 6],
            &settings,
        );
        let scores = |booster: &Booster| booster.scores(Rows { features: &features, width: 2 });
        for (one, other) in scores(&together).iter().zip(scores(&apart)) {
            assert!((one - other).abs() < 1e-5);
        }
    }

    #[test]
    fn features_that_say_nothing_leave_the_share() {
        let features = vec![3.0; 20];
        let positives: Vec<f32> = (0..20).map(|row| f32::from(u8::from(row < 5))).collect();
        let rows = Rows { features: &features, width: 1 };
        let booster = Booster::grow(rows, &positives, &[1.0; 20], &Settings::default());
        let score = booster.scores(rows)[0];
        assert!((score - (0.25_f32 / 0.75).ln()).abs() < 1e-4);
    }
}
