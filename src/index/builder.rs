//! How a tree is built: in steps that the caller drives, so that a build can be shown, held, saved and
//! resumed.
//!
//! Clusters are divided from the root down by k-means over a sample of the vectors; then every vector
//! looks for its leaf; then leaves that are too large are divided, and means and spreads become those
//! of all vectors.

use std::collections::VecDeque;

use crate::IndexError;
use crate::means::Means;
use crate::options::Options;
use crate::places::Places;
use crate::query::Query;
use crate::random::Random;
use crate::rows::Rows;
use crate::tree::{Clusters, Node, ROOT, ROUNDS, Tree, Within};

/// Vectors of the sample for each leaf that there is to be.
const SAMPLE: usize = 64;

/// Vectors for each mean that a round of k-means looks at.
const ROUND: usize = 256;

/// Vectors that look for their leaf in one step.
const PLACED: usize = 16_384;

/// Parts that a cluster is divided into at most, so that a step is short. Where it should be more, leaves
/// come out too large and are divided once more.
const PARTS: usize = 1_024;

/// A tree that is being built.
///
/// ```
/// use index::{Builder, Options, Rows, Step};
///
/// # let mut rows = Rows::new(2)?;
/// # for number in 0..1_000_u32 {
/// #     let angle = number as f32;
/// #     rows.push(number, &[angle.cos(), angle.sin()], 0.0)?;
/// # }
/// let options = Options::new(rows.len());
/// let mut builder = Builder::new(rows, options)?;
/// let tree = loop {
///     // Here a caller looks up: whether to go on, to save, to say how far it is.
///     println!("{:.0} %", 100.0 * builder.progress());
///     match builder.step() {
///         Step::More(more) => builder = more,
///         Step::Done(tree) => break tree,
///     }
/// };
/// # assert_eq!(tree.shape().clusters.len(), 2);
/// # Ok::<(), index::IndexError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    pub(crate) rows: Rows,
    /// The clusters so far; leaves hold nothing yet.
    pub(crate) tree: Tree,
    /// Clusters that are still to be divided.
    pub(crate) waiting: VecDeque<Division>,
    /// The leaf of each of the first vectors.
    pub(crate) placed: Vec<u32>,
}

/// A cluster that is to be divided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Division {
    pub(crate) node: u32,
    /// Levels below it.
    pub(crate) levels: usize,
    /// The rows of the sample that are in it, in random order.
    pub(crate) members: Vec<u32>,
    /// Rounds of k-means that were made, and where its means stand.
    pub(crate) rounds: u32,
    pub(crate) means: Option<Means>,
}

/// What a step comes to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of them, not a list")]
pub enum Step {
    /// There is more to do.
    More(Builder),
    /// The tree is built.
    Done(Tree),
}

impl Builder {
    /// Begins to build a tree over these vectors.
    ///
    /// # Errors
    /// [`IndexError::Taken`] if two of them have the same number; if an option is out of bounds.
    pub fn new(rows: Rows, options: Options) -> Result<Self, IndexError> {
        options.check()?;
        let mut numbers = Places::default();
        for &number in &rows.numbers {
            numbers.check(number)?;
            numbers.set(number, 0);
        }
        let leaves = rows.len().div_ceil(options.leaf);
        let sample = leaves.saturating_mul(SAMPLE.min(options.leaf));
        let members = Random::new(options.seed, u64::MAX).sample(rows.len(), sample);
        let levels = options.levels;
        let mut tree = Tree::empty(rows.dimension(), options);
        let mut waiting = VecDeque::new();
        if !rows.is_empty() {
            let within = Within::Clusters(Clusters::none(tree.dimension, &tree.options));
            tree.nodes = vec![Node { parent: ROOT, within }];
            waiting.push_back(Division { node: ROOT, levels, members, rounds: 0, means: None });
        }
        Ok(Self { rows, tree, waiting, placed: Vec::new() })
    }

    /// How much is done, in [0, 1].
    pub fn progress(&self) -> f32 {
        let share = |done: usize, all: usize| if all == 0 { 1.0 } else { done as f32 / all as f32 };
        let options = &self.tree.options;
        let sample =
            self.rows.len().div_ceil(options.leaf).saturating_mul(SAMPLE.min(options.leaf));
        let sample = sample.min(self.rows.len()) * options.levels;
        // Each member of a cluster goes down as many levels as there are below it.
        let left = |division: &Division| {
            let rounds = division.rounds as usize;
            let last = division.members.len() * rounds / (ROUNDS as usize + 1);
            division.members.len() * division.levels - last
        };
        let left: usize = self.waiting.iter().map(left).sum();
        let divided = share(sample.saturating_sub(left), sample);
        0.5 * (divided + share(self.placed.len(), self.rows.len()))
    }

    /// Does the next bit of work: at a million vectors some tens of milliseconds.
    pub fn step(mut self) -> Step {
        if let Some(division) = self.waiting.pop_front() {
            self.divide(division);
        } else if self.placed.len() < self.rows.len() {
            self.place();
        } else {
            return Step::Done(self.tree.settled(&self.rows, &self.placed));
        }
        Step::More(self)
    }

    /// All steps that are left.
    pub fn finish(mut self) -> Tree {
        loop {
            match self.step() {
                Step::More(more) => self = more,
                Step::Done(tree) => return tree,
            }
        }
    }

    /// The next bit of dividing a cluster.
    fn divide(&mut self, mut division: Division) {
        let options = &self.tree.options;
        let Some(means) = division.means.take() else {
            let parts = self.parts(&division);
            let mut random = Random::new(options.seed, division.node.into());
            let members = &division.members[..division.members.len().min(parts * ROUND)];
            let means = Means::seeded(&self.rows, members, parts, options.weight(), &mut random);
            division.means = Some(means);
            self.waiting.push_front(division);
            return;
        };
        if division.rounds < ROUNDS {
            let members = division.members.len().min(means.rows.len() * ROUND);
            division.means = Some(means.round(&self.rows, &division.members[..members]));
            division.rounds += 1;
            self.waiting.push_front(division);
            return;
        }
        let (mut means, parts) = means.parts(&self.rows, &division.members);
        let levels = division.levels - 1;
        let (parent, dimension) = (division.node, self.rows.dimension());
        for (place, members) in parts.into_iter().enumerate() {
            let node = self.tree.nodes.len() as u32;
            means.rows.numbers[place] = node;
            let within = if levels == 0 {
                Within::Vectors(Rows::empty(dimension, 0))
            } else {
                let division = Division { node, levels, members, rounds: 0, means: None };
                self.waiting.push_back(division);
                Within::Clusters(Clusters::none(dimension, &self.tree.options))
            };
            self.tree.nodes.push(Node { parent, within });
        }
        // Spreads come when every vector has its leaf.
        let variances = vec![[0.0; 2]; means.rows.len()];
        self.tree.nodes[parent as usize].within = Within::Clusters(Clusters { means, variances });
    }

    /// How many parts to divide a cluster into, so that the same number on each of the levels below it
    /// makes leaves of the right size.
    fn parts(&self, division: &Division) -> usize {
        let options = &self.tree.options;
        let sample =
            self.rows.len().div_ceil(options.leaf).saturating_mul(SAMPLE.min(options.leaf));
        let sample = sample.min(self.rows.len()) as u64;
        let vectors = (division.members.len() as u64 * self.rows.len() as u64).div_ceil(sample);
        let leaves = vectors.div_ceil(options.leaf as u64);
        let enough = |parts: &u64| parts.pow(division.levels as u32) >= leaves;
        (1..PARTS as u64).find(enough).unwrap_or(PARTS as u64) as usize
    }

    /// Finds the leaves of the next vectors.
    fn place(&mut self) {
        let from = self.placed.len();
        let mut query = Query::none(self.rows.dimension());
        for row in from..self.rows.len().min(from + PLACED) {
            let further = self.tree.options.weight() * self.rows.furthers[row];
            query.become_row(self.rows.row(row), self.rows.scales[row], further);
            self.placed.push(self.tree.leaf_for(&query));
        }
    }
}
