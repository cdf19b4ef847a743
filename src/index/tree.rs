//! The hierarchical clustering tree: each cluster of a level is divided into those of the next, the last
//! level's are leaves, which hold vectors. A search keeps the best clusters of each level (the beam) and
//! scores the vectors of the leaves that are left.
//!
//! A cluster is scored by what may be expected of its best members: the score of its mean, which is the
//! mean of its members' scores, and some standard deviations of them. The deviation is known from the
//! build: over all directions for the values, and its own for the further value. So what makes inner
//! products other than cosines, lengths and the further value under whatever weight a query gives it,
//! is in the order of clusters, and one tree serves all queries.

use crate::best::{Best, Hit};
use crate::means::{Means, Sum};
use crate::options::Options;
use crate::places::Places;
use crate::query::Query;
use crate::random::Random;
use crate::rows::Rows;
use crate::{Found, Index, IndexError, Reach, Scored};

/// Standard deviations above its mean at which a cluster's best members are expected.
const REACH: f32 = 2.0;

/// Clusters that are kept on each level where a vector looks for its leaf: the best leaf often sits in
/// the second best cluster.
const CAREFUL: usize = 8;

/// Rounds of k-means where a cluster is divided.
pub(crate) const ROUNDS: u32 = 8;

/// The root's number.
pub(crate) const ROOT: u32 = 0;

/// Vectors in a tree of clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub(crate) options: Options,
    pub(crate) dimension: usize,
    /// The root first.
    pub(crate) nodes: Vec<Node>,
    pub(crate) leaf_of: Places,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The cluster that it is a part of; the root is its own.
    pub(crate) parent: u32,
    pub(crate) within: Within,
}

/// What is in a cluster.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Within {
    Clusters(Clusters),
    Vectors(Rows),
}

/// The clusters that one is divided into.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clusters {
    /// Their means, numbered as the clusters are.
    pub(crate) means: Means,
    /// Of each, the variance of its values in one direction, and of its further value.
    pub(crate) variances: Vec<[f32; 2]>,
}

impl Clusters {
    pub(crate) fn none(dimension: usize, options: &Options) -> Self {
        let means = Means::new(Rows::empty(dimension, 0), options.weight());
        Self { means, variances: Vec::new() }
    }

    fn push(&mut self, number: u32, sum: &Sum) {
        self.means.push(number, &sum.mean(), sum.mean_further());
        self.variances.push(sum.variances());
    }

    fn remove(&mut self, number: u32) {
        if let Some(row) = self.means.rows.row_of(number) {
            self.means.rows.swap_remove(row);
            self.means.halves.swap_remove(row);
            self.variances.swap_remove(row);
        }
    }

    pub(crate) fn numbers(&self) -> &[u32] {
        &self.means.rows.numbers
    }

    /// Offers the clusters, by what may be expected of their best members; those alone that are open, by
    /// number, where it is said which are.
    fn scan(&self, query: &Query, open: Option<&[bool]>, best: &mut Best) {
        let rows = &self.means.rows;
        let further = query.further * query.further;
        rows.in_blocks(query, |from, scores| {
            for (score, [values, own]) in scores.iter_mut().zip(&self.variances[from..]) {
                *score += REACH * (query.square * values + further * own).sqrt();
            }
            if let Some(open) = open {
                for (score, &number) in scores.iter_mut().zip(&rows.numbers[from..]) {
                    // No number is no hit.
                    *score = if open[number as usize] { *score } else { f32::NAN };
                }
            }
            offer(rows, from, scores, best);
        });
    }

    /// Offers the clusters, the nearest to a row first.
    fn scan_for_row(&self, row: &Query, best: &mut Best) {
        let rows = &self.means.rows;
        rows.in_blocks(row, |from, scores| {
            let halves = &self.means.halves[from..];
            scores.iter_mut().zip(halves).for_each(|(score, half)| *score -= half);
            offer(rows, from, scores, best);
        });
    }
}

fn offer(rows: &Rows, from: usize, scores: &[f32], best: &mut Best) {
    for (&number, &score) in rows.numbers[from..].iter().zip(scores) {
        if score >= best.floor {
            best.offer(Hit { number, score });
        }
    }
}

/// How a tree has come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Clusters on each level, from below the root to the leaves.
    pub clusters: Vec<usize>,
    /// Vectors in the leaf that has the fewest, and the most.
    pub fewest: usize,
    /// Vectors in the leaf that has the most.
    pub most: usize,
}

/// A cluster as a query sees it ([`Tree::levels`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its number, as [`Found::kept`] and [`Index::path`] have it.
    pub number: u32,
    /// Which of the clusters of the level above it is a part of, by its place there; 0 on the first level.
    pub above: usize,
    /// Vectors in it.
    pub vectors: usize,
    /// Score of its centre: the mean of its vectors' scores.
    pub score: f32,
}

/// Some of a tree's vectors, to search among them ([`Tree::among`]).
pub struct Among<'a> {
    tree: &'a Tree,
    /// By cluster, whether it holds some of them.
    open: Vec<bool>,
    is_asked_for: &'a dyn Fn(u32) -> bool,
}

impl Among<'_> {
    /// The best `k` of them. A cluster that holds none of them is passed over, and takes no place in the
    /// beam.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] if the query is of other vectors.
    pub fn search(&self, query: &Query, k: usize, reach: Reach) -> Result<Found, IndexError> {
        self.tree.found(query, k, reach, Some(self))
    }
}

impl Tree {
    /// A tree without vectors, to insert them.
    ///
    /// # Errors
    /// If the dimension or an option is out of bounds.
    pub fn new(dimension: usize, options: Options) -> Result<Self, IndexError> {
        options.check()?;
        Rows::new(dimension)?;
        Ok(Self::empty(dimension, options))
    }

    /// One cluster on each level, at nothing.
    pub(crate) fn empty(dimension: usize, options: Options) -> Self {
        let mut nodes = Vec::new();
        for level in 0..options.levels as u32 {
            let mut clusters = Clusters::none(dimension, &options);
            clusters.push(level + 1, &Sum::new(dimension));
            nodes
                .push(Node { parent: level.saturating_sub(1), within: Within::Clusters(clusters) });
        }
        let within = Within::Vectors(Rows::empty(dimension, 0));
        nodes.push(Node { parent: nodes.len() as u32 - 1, within });
        Self { options, dimension, nodes, leaf_of: Places::default() }
    }

    /// The leaf that a vector sits in, the last cluster of its [`Index::path`].
    pub fn leaf(&self, number: u32) -> Option<u32> {
        self.leaf_of.get(number)
    }

    /// What it was built by.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How many clusters there are, and how many vectors leaves have.
    pub fn shape(&self) -> Shape {
        let mut clusters = Vec::new();
        let mut level = vec![ROOT];
        for _ in 0..self.options.levels {
            level = level.iter().flat_map(|&node| self.clusters(node)).copied().collect();
            clusters.push(level.len());
        }
        let sizes = || self.leaves().map(|(_, rows)| rows.len());
        Shape { clusters, fewest: sizes().min().unwrap_or(0), most: sizes().max().unwrap_or(0) }
    }

    /// Vectors, in the order of leaves, to build another index from.
    pub fn rows(&self) -> Rows {
        let mut all = Rows::empty(self.dimension, self.leaf_of.len());
        for (_, rows) in self.leaves() {
            (0..rows.len()).for_each(|row| all.push_from(rows, row));
        }
        all
    }

    /// Those of its vectors whose numbers are asked for, to search among them. Which clusters hold any is
    /// found by asking for every number.
    pub fn among<'a>(&'a self, is_asked_for: &'a dyn Fn(u32) -> bool) -> Among<'a> {
        let mut open = vec![false; self.nodes.len()];
        for (leaf, rows) in self.leaves() {
            if rows.numbers.iter().any(|&number| is_asked_for(number)) {
                let mut node = leaf;
                // Up to what another leaf has opened; the root is its own parent.
                while !std::mem::replace(&mut open[node as usize], true) {
                    node = self.nodes[node as usize].parent;
                }
            }
        }
        Among { tree: self, open, is_asked_for }
    }

    /// The clusters of every level, from below the root to the leaves, as a query sees them: those that one
    /// cluster is divided into stand beside each other, in the order of the level above.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] if the query is of other vectors.
    pub fn levels(&self, query: &Query) -> Result<Vec<Vec<Cluster>>, IndexError> {
        self.fits(query)?;
        let mut sizes = vec![0; self.nodes.len()];
        for (leaf, rows) in self.leaves() {
            let mut node = leaf;
            while node != ROOT {
                sizes[node as usize] += rows.len();
                node = self.nodes[node as usize].parent;
            }
        }
        let mut levels: Vec<Vec<Cluster>> = Vec::new();
        let mut parents = vec![ROOT];
        for _ in 0..self.options.levels {
            let mut level = Vec::new();
            for (above, clusters) in
                parents.iter().enumerate().filter_map(|(at, &node)| Some((at, self.within(node)?)))
            {
                clusters.means.rows.in_blocks(query, |from, scores| {
                    for (&number, &mut score) in clusters.numbers()[from..].iter().zip(scores) {
                        let vectors = sizes[number as usize];
                        level.push(Cluster { number, above, vectors, score });
                    }
                });
            }
            parents = level.iter().map(|cluster| cluster.number).collect();
            levels.push(level);
        }
        Ok(levels)
    }

    fn fits(&self, query: &Query) -> Result<(), IndexError> {
        let (found, expected) = (query.dimension(), self.dimension);
        if found == expected { Ok(()) } else { Err(IndexError::Dimension { found, expected }) }
    }

    fn found(
        &self,
        query: &Query,
        k: usize,
        reach: Reach,
        of: Option<&Among<'_>>,
    ) -> Result<Found, IndexError> {
        self.fits(query)?;
        let mut scored = Scored::default();
        let mut kept = Vec::new();
        let mut best = Best::new(k);
        let mut look = |rows: &Rows| {
            scored.vectors += rows.len();
            match of {
                Some(among) => rows.scan_among(query, &mut best, among.is_asked_for),
                None => rows.scan(query, &mut best),
            }
        };
        let mut centroids = 0;
        match reach {
            Reach::All => self.leaves().for_each(|(_, rows)| look(rows)),
            Reach::Beam(beam) => {
                let open = of.map(|among| among.open.as_slice());
                let mut level = vec![ROOT];
                for _ in 0..self.options.levels {
                    let mut best = Best::new(beam.max(1));
                    for clusters in level.iter().filter_map(|&node| self.within(node)) {
                        centroids += clusters.numbers().len();
                        clusters.scan(query, open, &mut best);
                    }
                    level = best.sorted().iter().map(|hit| hit.number).collect();
                    kept.push(level.clone());
                }
                level.iter().filter_map(|&leaf| self.vectors(leaf)).for_each(look);
            }
        }
        scored.centroids = centroids;
        Ok(Found { hits: best.sorted(), scored, kept })
    }

    fn leaves(&self) -> impl Iterator<Item = (u32, &Rows)> {
        (0..).zip(&self.nodes).filter_map(|(number, node)| match &node.within {
            Within::Vectors(rows) => Some((number, rows)),
            Within::Clusters(_) => None,
        })
    }

    /// The clusters that a cluster is divided into; a leaf into none.
    fn clusters(&self, node: u32) -> &[u32] {
        self.within(node).map_or(&[], Clusters::numbers)
    }

    fn within(&self, node: u32) -> Option<&Clusters> {
        match &self.nodes[node as usize].within {
            Within::Clusters(clusters) => Some(clusters),
            Within::Vectors(_) => None,
        }
    }

    fn vectors(&self, node: u32) -> Option<&Rows> {
        match &self.nodes[node as usize].within {
            Within::Vectors(rows) => Some(rows),
            Within::Clusters(_) => None,
        }
    }

    /// The leaf for a row that a query has become ([`Means::ask`]).
    pub(crate) fn leaf_for(&self, row: &Query) -> u32 {
        let mut level = vec![ROOT];
        for _ in 1..self.options.levels {
            let mut best = Best::new(CAREFUL);
            for clusters in level.iter().filter_map(|&node| self.within(node)) {
                clusters.scan_for_row(row, &mut best);
            }
            level.clear();
            level.extend(best.sorted().iter().map(|hit| hit.number));
        }
        let mut nearest = (ROOT, f32::INFINITY);
        for clusters in level.iter().filter_map(|&node| self.within(node)) {
            let (place, distance) = clusters.means.nearest(row);
            if distance < nearest.1 {
                nearest = (clusters.numbers()[place], distance);
            }
        }
        nearest.0
    }

    /// Divides a leaf that has become too large.
    fn divide(&mut self, leaf: u32) {
        let (parent, dimension) = (self.nodes[leaf as usize].parent, self.dimension);
        let Within::Vectors(rows) = &mut self.nodes[leaf as usize].within else { return };
        let rows = std::mem::replace(rows, Rows::empty(dimension, 0));
        // Each division of a leaf draws for itself.
        let mut random = Random::new(self.options.seed, (1 << 32) | self.nodes.len() as u64);
        let parts = divided(&rows, &self.options, &mut random);
        let mut sums = Vec::new();
        for (place, part) in parts.into_iter().enumerate() {
            let node = if place == 0 { leaf } else { self.nodes.len() as u32 };
            part.numbers.iter().for_each(|&number| self.leaf_of.set(number, node));
            sums.push((node, sum(&part)));
            let within = Within::Vectors(part);
            if place == 0 {
                self.nodes[leaf as usize].within = within;
            } else {
                self.nodes.push(Node { parent, within });
            }
        }
        if let Within::Clusters(clusters) = &mut self.nodes[parent as usize].within {
            clusters.remove(leaf);
            sums.iter().for_each(|(node, sum)| clusters.push(*node, sum));
        }
    }

    /// The tree over these vectors, each of which is in the leaf that stands at its row: leaves that are
    /// too large are divided, and clusters without vectors left out; means and spreads are those of
    /// the vectors.
    pub(crate) fn settled(&self, rows: &Rows, leaf_of: &[u32]) -> Self {
        let mut settled = Self::empty(self.dimension, self.options.clone());
        if rows.is_empty() {
            return settled;
        }
        let mut counts = vec![0; self.nodes.len()];
        leaf_of.iter().for_each(|&leaf| counts[leaf as usize] += 1);
        let mut leaves: Vec<Rows> =
            counts.iter().map(|&count| Rows::empty(self.dimension, count)).collect();
        for (row, &leaf) in leaf_of.iter().enumerate() {
            leaves[leaf as usize].push_from(rows, row);
        }
        settled.nodes.clear();
        self.settle(ROOT, ROOT, &mut leaves, &mut settled);
        settled
    }

    /// Settles a cluster, which is now a part of `parent`; what came of it, none of no vectors.
    fn settle(
        &self,
        node: u32,
        parent: u32,
        leaves: &mut [Rows],
        settled: &mut Self,
    ) -> Vec<(u32, Sum)> {
        if self.vectors(node).is_some() {
            let rows =
                std::mem::replace(&mut leaves[node as usize], Rows::empty(self.dimension, 0));
            let parts = if rows.is_empty() {
                Vec::new()
            } else if rows.len() > self.options.most() {
                divided(&rows, &self.options, &mut Random::new(self.options.seed, node.into()))
            } else {
                vec![rows]
            };
            let mut made = Vec::new();
            for part in parts {
                let number = settled.nodes.len() as u32;
                part.numbers.iter().for_each(|&vector| settled.leaf_of.set(vector, number));
                made.push((number, sum(&part)));
                settled.nodes.push(Node { parent, within: Within::Vectors(part) });
            }
            return made;
        }
        let number = settled.nodes.len() as u32;
        let none = Within::Clusters(Clusters::none(self.dimension, &self.options));
        settled.nodes.push(Node { parent, within: none });
        let mut clusters = Clusters::none(self.dimension, &self.options);
        let mut whole = Sum::new(self.dimension);
        for &part in self.clusters(node) {
            for (part, sum) in self.settle(part, number, leaves, settled) {
                clusters.push(part, &sum);
                whole.join(&sum);
            }
        }
        if whole.count == 0 {
            settled.nodes.truncate(number as usize);
            return Vec::new();
        }
        settled.nodes[number as usize].within = Within::Clusters(clusters);
        vec![(number, whole)]
    }
}

fn sum(rows: &Rows) -> Sum {
    let mut sum = Sum::new(rows.dimension);
    (0..rows.len()).for_each(|row| sum.add(rows, row));
    sum
}

/// The parts of a leaf that is too large, none of which is: k-means, and where vectors are too much alike
/// for that, pieces.
fn divided(rows: &Rows, options: &Options, random: &mut Random) -> Vec<Rows> {
    let members: Vec<u32> = (0..rows.len() as u32).collect();
    let count = ((rows.len() + options.leaf / 2) / options.leaf).max(2);
    let mut means = Means::seeded(rows, &members, count, options.weight(), random);
    for _ in 0..ROUNDS {
        means = means.round(rows, &members);
    }
    let (_, parts) = means.parts(rows, &members);
    let mut divided = Vec::new();
    for part in parts {
        let pieces = part.len().div_ceil(options.most());
        for piece in part.chunks(part.len().div_ceil(pieces)) {
            let mut kept = Rows::empty(rows.dimension, piece.len());
            piece.iter().for_each(|&row| kept.push_from(rows, row as usize));
            divided.push(kept);
        }
    }
    divided
}

impl Index for Tree {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn len(&self) -> usize {
        self.leaf_of.len()
    }

    /// Of a beam, hits are fewer than `k` where its leaves hold fewer vectors.
    fn search(&self, query: &Query, k: usize, reach: Reach) -> Result<Found, IndexError> {
        self.found(query, k, reach, None)
    }

    fn score(&self, query: &Query, number: u32) -> Result<Option<f32>, IndexError> {
        self.fits(query)?;
        let rows = self.leaf_of.get(number).and_then(|leaf| self.vectors(leaf));
        Ok(rows.and_then(|rows| {
            let mut score = [0.0];
            rows.scores(query, rows.row_of(number)?, &mut score);
            Some(score[0])
        }))
    }

    fn insert(&mut self, number: u32, vector: &[f32], further: f32) -> Result<(), IndexError> {
        self.leaf_of.check(number)?;
        let mut one = Rows::empty(self.dimension, 1);
        one.push(number, vector, further)?;
        let mut query = Query::none(self.dimension);
        query.become_row(one.row(0), one.scales[0], self.options.weight() * further);
        let leaf = self.leaf_for(&query);
        let Within::Vectors(rows) = &mut self.nodes[leaf as usize].within else { return Ok(()) };
        rows.push_from(&one, 0);
        self.leaf_of.set(number, leaf);
        if rows.len() > self.options.most() {
            self.divide(leaf);
        }
        Ok(())
    }

    fn remove(&mut self, number: u32) -> bool {
        let Some(leaf) = self.leaf_of.forget(number) else { return false };
        if let Within::Vectors(rows) = &mut self.nodes[leaf as usize].within
            && let Some(row) = rows.row_of(number)
        {
            rows.swap_remove(row);
        }
        true
    }

    fn path(&self, number: u32) -> Option<Vec<u32>> {
        let mut node = self.leaf_of.get(number)?;
        let mut path = Vec::new();
        while node != ROOT {
            path.push(node);
            node = self.nodes[node as usize].parent;
        }
        path.reverse();
        Some(path)
    }
}
