//! Indexes as bytes: a mark, the format's version, what it is, the numbers (all little-endian), and the
//! CRC-32 of all before it. They are written and read as a stream, so that nothing is in memory twice.
//!
//! What is read is not trusted: no more memory is taken than there are bytes, and what a checksum cannot
//! tell (a tree that bites its tail) is looked at.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};

use crc32fast::Hasher;

use crate::builder::{Builder, Division};
use crate::exact::Exact;
use crate::kernel::{WIDTH, packed, unpacked};
use crate::means::Means;
use crate::options::Options;
use crate::places::Places;
use crate::rows::Rows;
use crate::tree::{Clusters, Node, ROOT, Tree, Within};
use crate::{Index, IndexError, LARGEST, MOST};

const MARK: &[u8; 8] = b"VITRINDX";

/// Of the format, and of whatever decides what a build that is resumed goes on with.
const VERSION: u32 = 1;

/// What may be in bytes.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Kind {
    Exact = 1,
    Tree = 2,
    Build = 3,
    Clusters = 4,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Exact => "an exact index",
            Self::Tree => "a clustering tree",
            Self::Build => "a build of a clustering tree",
            Self::Clusters => "the clusters of a tree",
        }
    }
}

impl Exact {
    /// Writes the index.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn write(&self, to: &mut impl Write) -> Result<(), IndexError> {
        let mut out = Out::begin(to, Kind::Exact)?;
        out.rows(&self.rows)?;
        out.end()
    }

    /// Reads an index that was written.
    ///
    /// # Errors
    /// If the bytes are something else, of another version, cut short or damaged.
    pub fn read(from: &mut impl Read) -> Result<Self, IndexError> {
        let mut input = In::begin(from, Kind::Exact)?;
        let rows = input.rows()?;
        input.end()?;
        Self::new(rows).map_err(|_| IndexError::Absurd("two vectors have the same number"))
    }
}

impl Rows {
    /// The rows from `from` on as bytes: of each its scale and its values, padded. Numbers and further values
    /// are not among them.
    pub fn bytes(&self, from: usize) -> Vec<u8> {
        let rows = from..self.len();
        let mut bytes = Vec::with_capacity(rows.len() * self.bytes_of_row());
        for row in rows {
            bytes.extend(self.scales[row].to_le_bytes());
            let values = self.row(row).iter().flat_map(|lane| unpacked(*lane));
            bytes.extend(values.map(|value| value as u8));
        }
        bytes
    }

    /// Adds the rows of such bytes behind those that are there, each under its number and with its further
    /// value.
    ///
    /// # Errors
    /// If there are not as many rows, or one of them can't be; then none is added.
    pub fn push_bytes(&mut self, bytes: &[u8], of: &[(u32, f32)]) -> Result<(), IndexError> {
        if bytes.len() != of.len() * self.bytes_of_row() {
            return Err(IndexError::Absurd("another number of rows"));
        }
        let rows = bytes.chunks_exact(self.bytes_of_row());
        let rows = || rows.clone().filter_map(<[u8]>::split_first_chunk::<4>);
        let sized = |value: f32| value.abs() <= LARGEST;
        let scales: Vec<f32> = rows().map(|(scale, _)| f32::from_le_bytes(*scale)).collect();
        if !scales.iter().all(|scale| sized(*scale) && *scale >= 0.0)
            || !of.iter().all(|(number, further)| *number < MOST && sized(*further))
        {
            return Err(IndexError::Absurd("a vector that cannot be"));
        }
        let values = rows().flat_map(|(_, values)| values.as_chunks::<WIDTH>().0);
        self.lanes.extend(values.map(|values| packed(values.map(|value| value as i8))));
        self.scales.extend(scales);
        self.furthers.extend(of.iter().map(|(_, further)| further));
        self.numbers.extend(of.iter().map(|(number, _)| number));
        Ok(())
    }

    fn bytes_of_row(&self) -> usize {
        size_of::<f32>() + self.width() * WIDTH
    }
}

impl Tree {
    /// Writes the tree with its vectors.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn write(&self, to: &mut impl Write) -> Result<(), IndexError> {
        let mut out = Out::begin(to, Kind::Tree)?;
        out.tree(self)?;
        out.end()
    }

    /// Reads a tree that was written.
    ///
    /// # Errors
    /// If the bytes are something else, of another version, cut short or damaged.
    pub fn read(from: &mut impl Read) -> Result<Self, IndexError> {
        let mut input = In::begin(from, Kind::Tree)?;
        let tree = input.tree()?;
        input.end()?;
        tree.check(&VecDeque::new())?;
        Ok(tree)
    }
}

impl Tree {
    /// Writes the tree without its vectors, which are kept apart ([`Exact::write`], [`Rows::bytes`]): its
    /// clusters, and of each of these rows its leaf. Of a million of 64 values that is 4.5 MB in place of 77.
    ///
    /// # Errors
    /// [`IndexError::OtherRows`] if the tree is not one of these rows; [`IndexError::Io`].
    pub fn write_clusters(&self, rows: &Rows, to: &mut impl Write) -> Result<(), IndexError> {
        let leaves = rows.numbers.iter().map(|&number| self.leaf_of.get(number));
        let leaves: Option<Vec<u32>> = leaves.collect();
        let leaves = leaves.filter(|leaves| leaves.len() == self.leaf_of.len());
        let leaves = leaves.ok_or(IndexError::OtherRows)?;
        let mut out = Out::begin(to, Kind::Clusters)?;
        out.u32(fingerprint(rows)?)?;
        out.tree(&self.without_vectors())?;
        out.u32(leaves.len() as u32)?;
        out.u32s(&leaves)?;
        out.end()
    }

    /// Reads a tree that was written without its vectors, which are these: the same tree where it was not
    /// changed since it was built.
    ///
    /// # Errors
    /// [`IndexError::OtherRows`]; if the bytes are something else, of another version, cut short or damaged.
    pub fn read_clusters(rows: &Rows, from: &mut impl Read) -> Result<Self, IndexError> {
        let mut input = In::begin(from, Kind::Clusters)?;
        let other = input.u32()? != fingerprint(rows)?;
        let mut tree = input.tree()?;
        let leaves = input.u32()?;
        let leaves = input.u32s(leaves as usize)?;
        input.end()?;
        if other || rows.dimension() != tree.dimension || leaves.len() != rows.len() {
            return Err(IndexError::OtherRows);
        }
        tree.check(&VecDeque::new())?;
        if !tree.is_empty() || !tree.take_in(rows, &leaves) {
            return Err(IndexError::Absurd("vectors are in leaves that are none"));
        }
        Ok(tree)
    }

    /// Its clusters alone.
    fn without_vectors(&self) -> Self {
        let nodes = self.nodes.iter().map(|node| {
            let within = match &node.within {
                Within::Vectors(_) => Within::Vectors(Rows::empty(self.dimension, 0)),
                clusters @ Within::Clusters(_) => clusters.clone(),
            };
            Node { parent: node.parent, within }
        });
        Self {
            options: self.options.clone(),
            dimension: self.dimension,
            nodes: nodes.collect(),
            leaf_of: Places::default(),
        }
    }

    /// Puts each row into its leaf; whether all could be, for each is one and no number comes twice.
    fn take_in(&mut self, rows: &Rows, leaves: &[u32]) -> bool {
        let mut counts = vec![0; self.nodes.len()];
        for &leaf in leaves {
            match counts.get_mut(leaf as usize) {
                Some(count) => *count += 1,
                None => return false,
            }
        }
        for (node, &count) in self.nodes.iter_mut().zip(&counts) {
            if let Within::Vectors(within) = &mut node.within {
                within.reserve(count);
            }
        }
        for (row, &leaf) in leaves.iter().enumerate() {
            let number = rows.numbers[row];
            let Within::Vectors(within) = &mut self.nodes[leaf as usize].within else {
                return false;
            };
            if self.leaf_of.check(number).is_err() {
                return false;
            }
            within.push_from(rows, row);
            self.leaf_of.set(number, leaf);
        }
        true
    }
}

impl Builder {
    /// Writes how far the build is, without the vectors: they do not change, and are kept apart
    /// ([`Exact::write`]).
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn write(&self, to: &mut impl Write) -> Result<(), IndexError> {
        let mut out = Out::begin(to, Kind::Build)?;
        out.u32(fingerprint(&self.rows)?)?;
        out.tree(&self.tree)?;
        out.u32(self.waiting.len() as u32)?;
        for division in &self.waiting {
            out.u32(division.node)?;
            out.u32(division.levels as u32)?;
            out.u32(division.rounds)?;
            out.u32(division.members.len() as u32)?;
            out.u32s(&division.members)?;
            out.u32(division.means.is_some().into())?;
            if let Some(means) = &division.means {
                out.rows(&means.rows)?;
            }
        }
        out.u32(self.placed.len() as u32)?;
        out.u32s(&self.placed)?;
        out.end()
    }

    /// Goes on with a build that was written, over the vectors that it was begun with.
    ///
    /// # Errors
    /// [`IndexError::OtherRows`]; if the bytes are something else, of another version, cut short or
    /// damaged.
    pub fn read(rows: Rows, from: &mut impl Read) -> Result<Self, IndexError> {
        let mut input = In::begin(from, Kind::Build)?;
        let other = input.u32()? != fingerprint(&rows)?;
        let tree = input.tree()?;
        let mut waiting = VecDeque::new();
        for _ in 0..input.u32()? {
            let (node, levels, rounds) = (input.u32()?, input.u32()? as usize, input.u32()?);
            let members = input.u32()?;
            let members = input.u32s(members as usize)?;
            let means = match input.u32()? {
                0 => None,
                _ => Some(Means::new(input.rows()?, tree.options.weight())),
            };
            waiting.push_back(Division { node, levels, members, rounds, means });
        }
        let placed = input.u32()?;
        let placed = input.u32s(placed as usize)?;
        input.end()?;
        if other || rows.dimension() != tree.dimension {
            return Err(IndexError::OtherRows);
        }
        let builder = Self { rows, tree, waiting, placed };
        builder.check()?;
        Ok(builder)
    }

    fn check(&self) -> Result<(), IndexError> {
        self.tree.check(&self.waiting)?;
        let len = self.rows.len();
        let leaf = |&leaf: &u32| {
            let node = self.tree.nodes.get(leaf as usize);
            node.is_some_and(|node| matches!(node.within, Within::Vectors(_)))
        };
        let right = |division: &Division| {
            let members = &division.members;
            let means = division.means.as_ref();
            !members.is_empty()
                && members.iter().all(|&member| (member as usize) < len)
                && means.is_none_or(|means| {
                    !means.rows.is_empty() && means.rows.dimension == self.rows.dimension
                })
        };
        if self.placed.len() > len || !self.placed.iter().all(leaf) || !self.tree.is_empty() {
            return Err(IndexError::Absurd("vectors are in leaves that are none"));
        }
        if !self.waiting.iter().all(right) {
            return Err(IndexError::Absurd("a cluster has members that are none"));
        }
        Ok(())
    }
}

impl Tree {
    /// Whether its clusters are a tree of as many levels as it says, but for those that wait to be
    /// divided.
    fn check(&self, waiting: &VecDeque<Division>) -> Result<(), IndexError> {
        let absurd = IndexError::Absurd("its clusters are no tree");
        let mut seen = 0;
        let mut level = vec![ROOT];
        for depth in 0..=self.options.levels {
            let mut next = Vec::new();
            for number in level {
                let Some(node) = self.nodes.get(number as usize) else { return Err(absurd) };
                seen += 1;
                match &node.within {
                    Within::Vectors(_) if depth == self.options.levels => (),
                    Within::Clusters(clusters) if depth < self.options.levels => {
                        let parts = clusters.numbers();
                        let waits = waiting.iter().any(|division| {
                            division.node == number
                                && division.levels == self.options.levels - depth
                        });
                        let own = |part: &u32| {
                            // No cluster is a part of two, and none of itself.
                            let node = self.nodes.get(*part as usize);
                            *part != ROOT && node.is_some_and(|node| node.parent == number)
                        };
                        if parts.is_empty() != waits || !parts.iter().all(own) {
                            return Err(absurd);
                        }
                        next.extend_from_slice(parts);
                    }
                    _ => return Err(absurd),
                }
                if seen > self.nodes.len() {
                    return Err(absurd);
                }
            }
            level = next;
        }
        if seen == self.nodes.len() { Ok(()) } else { Err(absurd) }
    }
}

/// What tells these rows from others.
fn fingerprint(rows: &Rows) -> Result<u32, IndexError> {
    let mut out = Out { to: &mut std::io::sink(), sum: Hasher::new() };
    out.rows(rows)?;
    Ok(out.sum.finalize())
}

struct Out<'a, W> {
    to: &'a mut W,
    sum: Hasher,
}

impl<'a, W: Write> Out<'a, W> {
    fn begin(to: &'a mut W, kind: Kind) -> Result<Self, IndexError> {
        let mut out = Self { to, sum: Hasher::new() };
        out.bytes(MARK)?;
        out.u32(VERSION)?;
        out.u32(kind as u32)?;
        Ok(out)
    }

    fn end(mut self) -> Result<(), IndexError> {
        let sum = self.sum.clone().finalize();
        self.u32(sum)?;
        self.to.flush().map_err(failed)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        self.sum.update(bytes);
        self.to.write_all(bytes).map_err(failed)
    }

    fn u32(&mut self, number: u32) -> Result<(), IndexError> {
        self.bytes(&number.to_le_bytes())
    }

    /// Numbers of four bytes, some thousand at a time.
    fn fours(&mut self, numbers: impl Iterator<Item = [u8; 4]>) -> Result<(), IndexError> {
        let mut buffer = Vec::new();
        for number in numbers {
            buffer.extend_from_slice(&number);
            if buffer.len() == PIECE {
                self.bytes(&buffer)?;
                buffer.clear();
            }
        }
        self.bytes(&buffer)
    }

    fn u32s(&mut self, numbers: &[u32]) -> Result<(), IndexError> {
        self.fours(numbers.iter().map(|number| number.to_le_bytes()))
    }

    fn f32s(&mut self, numbers: &[f32]) -> Result<(), IndexError> {
        self.fours(numbers.iter().map(|number| number.to_le_bytes()))
    }

    fn rows(&mut self, rows: &Rows) -> Result<(), IndexError> {
        self.u32(rows.dimension as u32)?;
        self.u32(rows.len() as u32)?;
        for lanes in rows.lanes.chunks(PIECE / WIDTH) {
            let bytes: Vec<u8> =
                lanes.iter().flat_map(|lane| unpacked(*lane)).map(|value| value as u8).collect();
            self.bytes(&bytes)?;
        }
        self.f32s(&rows.scales)?;
        self.f32s(&rows.furthers)?;
        self.u32s(&rows.numbers)
    }

    fn tree(&mut self, tree: &Tree) -> Result<(), IndexError> {
        let options = &tree.options;
        self.u32(options.levels as u32)?;
        self.u32(options.leaf as u32)?;
        self.f32s(&[options.further])?;
        self.bytes(&options.seed.to_le_bytes())?;
        self.u32(tree.dimension as u32)?;
        self.u32(tree.nodes.len() as u32)?;
        for node in &tree.nodes {
            self.u32(node.parent)?;
            match &node.within {
                Within::Vectors(rows) => {
                    self.u32(0)?;
                    self.rows(rows)?;
                }
                Within::Clusters(clusters) => {
                    self.u32(1)?;
                    self.rows(&clusters.means.rows)?;
                    self.f32s(clusters.variances.as_flattened())?;
                }
            }
        }
        Ok(())
    }
}

/// Bytes that are read or written at once.
const PIECE: usize = 1 << 16;

struct In<'a, R> {
    from: &'a mut R,
    sum: Hasher,
    read: u64,
    buffer: Vec<u8>,
}

impl<'a, R: Read> In<'a, R> {
    fn begin(from: &'a mut R, kind: Kind) -> Result<Self, IndexError> {
        let mut input = Self { from, sum: Hasher::new(), read: 0, buffer: vec![0; PIECE] };
        let mut mark = [0; MARK.len()];
        input.bytes(&mut mark)?;
        if mark != *MARK {
            return Err(IndexError::Foreign(kind.name()));
        }
        let found = input.u32()?;
        if found != VERSION {
            return Err(IndexError::Version { found, expected: VERSION });
        }
        if input.u32()? != kind as u32 {
            return Err(IndexError::Foreign(kind.name()));
        }
        Ok(input)
    }

    fn end(mut self) -> Result<(), IndexError> {
        let sum = self.sum.clone().finalize();
        if self.u32()? != sum {
            return Err(IndexError::Damaged);
        }
        match self.from.read(&mut [0]).map_err(failed)? {
            0 => Ok(()),
            _ => Err(IndexError::Absurd("it goes on after its end")),
        }
    }

    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), IndexError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => IndexError::Cut(self.read),
            _ => failed(error),
        })?;
        self.sum.update(bytes);
        self.read += bytes.len() as u64;
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, IndexError> {
        let mut bytes = [0; 4];
        self.bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// `count` values of N bytes: room is taken as they come, for the count may be anything.
    fn many<const N: usize, T>(
        &mut self,
        count: usize,
        value: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, IndexError> {
        let mut values = Vec::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        while values.len() < count {
            let piece = (count - values.len()).min(PIECE / N);
            let bytes = &mut buffer[..piece * N];
            self.bytes(bytes)?;
            if values.capacity() < values.len() + piece {
                let more = (values.len() / 2).max(piece);
                values.reserve_exact(more.min(count - values.len()));
            }
            values.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)));
        }
        self.buffer = buffer;
        Ok(values)
    }

    fn u32s(&mut self, count: usize) -> Result<Vec<u32>, IndexError> {
        self.many(count, u32::from_le_bytes)
    }

    fn f32s(&mut self, count: usize) -> Result<Vec<f32>, IndexError> {
        self.many(count, f32::from_le_bytes)
    }

    fn rows(&mut self) -> Result<Rows, IndexError> {
        let (dimension, len) = (self.u32()? as usize, self.u32()?);
        let empty = Rows::new(dimension);
        let Ok(mut rows) = empty else { return Err(IndexError::Absurd("rows without values")) };
        if len > MOST {
            return Err(IndexError::Absurd("more vectors than an index can have"));
        }
        let len = len as usize;
        rows.lanes = self
            .many(len * rows.width(), |bytes: [u8; WIDTH]| packed(bytes.map(|byte| byte as i8)))?;
        rows.scales = self.f32s(len)?;
        rows.furthers = self.f32s(len)?;
        rows.numbers = self.u32s(len)?;
        let sized = |value: &f32| value.abs() <= LARGEST;
        if !rows.scales.iter().all(|scale| sized(scale) && *scale >= 0.0)
            || !rows.furthers.iter().all(sized)
            || rows.numbers.iter().any(|&number| number >= MOST)
        {
            return Err(IndexError::Absurd("a vector that cannot be"));
        }
        Ok(rows)
    }

    fn tree(&mut self) -> Result<Tree, IndexError> {
        let (levels, leaf) = (self.u32()? as usize, self.u32()? as usize);
        let further = f32::from_bits(self.u32()?);
        let mut seed = [0; 8];
        self.bytes(&mut seed)?;
        let options = Options { levels, leaf, further, seed: u64::from_le_bytes(seed) };
        options.check().map_err(|_| IndexError::Absurd("options out of bounds"))?;
        let dimension = self.u32()? as usize;
        let mut leaf_of = Places::default();
        let mut nodes = Vec::new();
        for number in 0..self.u32()? {
            let parent = self.u32()?;
            let vectors = self.u32()? == 0;
            let rows = self.rows()?;
            if rows.dimension() != dimension {
                return Err(IndexError::Absurd("vectors of several dimensions"));
            }
            let within = if vectors {
                for &vector in &rows.numbers {
                    let twice = |_| IndexError::Absurd("two vectors have the same number");
                    leaf_of.check(vector).map_err(twice)?;
                    leaf_of.set(vector, number);
                }
                Within::Vectors(rows)
            } else {
                let variances = self.f32s(rows.len() * 2)?;
                if !variances.iter().all(|variance| variance.is_finite() && *variance >= 0.0) {
                    return Err(IndexError::Absurd("a spread that cannot be"));
                }
                let variances = variances.as_chunks::<2>().0.to_vec();
                Within::Clusters(Clusters { means: Means::new(rows, options.weight()), variances })
            };
            nodes.push(Node { parent, within });
        }
        Ok(Tree { options, dimension, nodes, leaf_of })
    }
}

fn failed(error: std::io::Error) -> IndexError {
    IndexError::Io(error.to_string())
}
