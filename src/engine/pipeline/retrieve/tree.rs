//! The clustering tree that item vectors are searched in (MOPPR 6), what a search of it looks at, and
//! what it costs in products that exact search would have found.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::{Arc, OnceLock};

use index::{Builder, Exact, Found, Index as _, IndexError, Options, Query, Reach, Step};

use super::BuiltBy;
use super::clock::{Times, milliseconds};
use super::levels::levels;
use crate::pipeline::kept::{Kept, Storage};
use crate::pipeline::stage::Stage;
use market::catalogue::ProductId;
use market::language::Message;
use protocol::Passage;
use protocol::block::{Block, Pair, Shape, Unit};
use protocol::machine::Level;

/// The name of its block.
const BLOCK: &str = "tree";
/// The name of its stage.
const STAGE: &str = "index";

/// A hierarchical clustering tree over the vectors of every product, which is numbered by its place in
/// the catalogue.
#[derive(Debug)]
pub struct Tree {
    tree: index::Tree,
    /// The same vectors in one piece, to hold the time of a search against.
    exact: Arc<Exact>,
    /// By product, the cluster of the last level that it sits in, from 1 in the order in which products
    /// come.
    clusters: Vec<u32>,
    /// The leaf that each of these is in the tree.
    leaves: Vec<u32>,
}

/// What a search of the tree looked at.
#[derive(Debug)]
pub struct Looked {
    tree: Arc<Tree>,
    query: Query,
    reach: Reach,
    /// By product, whether it was asked for.
    passes: Vec<bool>,
    found: Found,
    /// By product, whether it was scored.
    pub at: Vec<bool>,
    /// How long it takes, once that was asked.
    times: OnceLock<Times>,
}

/// The tree of one setting, and the one that is being built.
#[derive(Default)]
pub struct Built {
    whole: Stage<BuiltBy, Arc<Tree>>,
    begun: Option<Begun>,
}

/// A tree that is being built.
struct Begun {
    by: BuiltBy,
    builder: Builder,
    /// Where it is kept for the next visit.
    kept: Option<Kept>,
}

impl Built {
    /// Whether the tree of this setting is there.
    pub(super) fn holds(&self, by: &BuiltBy) -> bool {
        self.whole.holds(by)
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.whole.clear();
        self.begun = None;
    }

    /// The last tree that was built.
    pub fn last(&self) -> Option<&Arc<Tree>> {
        self.whole.last().map(|(_, tree)| tree)
    }

    /// Takes the tree that an earlier visit built of the same vectors, or goes a step on, of some tens of
    /// milliseconds: for how many products it is there, and for how many of them it was taken.
    ///
    /// # Errors
    /// Where there are more levels than a tree may have.
    pub(super) async fn step(
        &mut self,
        by: BuiltBy,
        exact: &Arc<Exact>,
        storage: &mut Storage,
    ) -> Result<(usize, usize), IndexError> {
        let products = exact.len();
        // A file that another tree was to be kept in is closed.
        let begun = self.begun.take().filter(|begun| begun.by == by);
        let Begun { by, builder, mut kept } = match begun {
            Some(begun) => begun,
            None => {
                // Room for both at once would be too much of a million.
                self.whole.clear();
                let options = Tree::options(exact, by.levels as usize);
                let mut kept = storage.tree(by.laid.retriever(), &by.named()).await;
                let read = |bytes: &[u8]| Tree::read(exact, &options, bytes);
                if let Some(tree) = kept.as_mut().and_then(|kept| kept.take(read)) {
                    self.put(by, tree, exact);
                    return Ok((products, products));
                }
                Begun { by, builder: Builder::new(exact.rows().clone(), options)?, kept }
            }
        };
        match builder.step() {
            Step::More(builder) => {
                let made = (builder.progress() * products as f32) as usize;
                self.begun = Some(Begun { by, builder, kept });
                Ok((made, 0))
            }
            Step::Done(tree) => {
                if kept.is_some() {
                    let mut bytes = Vec::new();
                    tree.write_clusters(exact.rows(), &mut bytes)?;
                    storage.push(&mut kept, &bytes);
                }
                self.put(by, tree, exact);
                Ok((products, 0))
            }
        }
    }

    fn put(&mut self, by: BuiltBy, tree: index::Tree, exact: &Arc<Exact>) {
        self.whole.get_or_insert(by, |_| Arc::new(Tree::new(tree, exact.clone())));
    }
}

impl Tree {
    /// How a tree is to be that has so many levels below the root over the vectors of every product.
    fn options(exact: &Exact, levels: usize) -> Options {
        Options { levels, ..Options::new(exact.len()) }
    }

    /// The tree over these vectors that is in bytes; none where they are of others, or of another tree.
    fn read(exact: &Exact, options: &Options, bytes: &[u8]) -> Option<index::Tree> {
        let tree = index::Tree::read_clusters(exact.rows(), &mut &*bytes).ok()?;
        Some(tree).filter(|tree| tree.options() == options)
    }

    /// Around a tree over these vectors, which are in the order of the catalogue.
    fn new(tree: index::Tree, exact: Arc<Exact>) -> Self {
        // By leaf, its number as a cluster; 0 where it has none yet.
        let mut numbers: Vec<u32> = Vec::new();
        let mut leaves: Vec<u32> = Vec::new();
        let mut cluster = |product| {
            let leaf = tree.leaf(product).unwrap_or(0);
            if numbers.len() <= leaf as usize {
                numbers.resize(leaf as usize + 1, 0);
            }
            let number = &mut numbers[leaf as usize];
            if *number == 0 {
                leaves.push(leaf);
                *number = leaves.len() as u32;
            }
            *number
        };
        let clusters = (0..exact.len() as ProductId).map(&mut cluster).collect();
        Self { clusters, leaves, tree, exact }
    }

    /// What a search looks at that keeps the best `beam` clusters of each level, of those that hold
    /// something that passes. The logarithm of the price counts as much as `sigma` says (equation 24); 0
    /// where prices do not count.
    ///
    /// # Errors
    /// Where a value is no finite number.
    pub fn look(
        self: &Arc<Self>,
        query: &[f32],
        sigma: f32,
        beam: usize,
        passes: impl Fn(ProductId) -> bool,
    ) -> Result<Looked, IndexError> {
        let products = 0..self.clusters.len() as ProductId;
        let passes: Vec<bool> = products.map(passes).collect();
        let (query, reach) = (Query::new(query, sigma)?, Reach::Beam(beam));
        let found = search(&self.tree, &passes, |among| among.search(&query, 1, reach))?;
        // Whoever sits in a leaf that was kept was looked at: what is above it was kept, too.
        let kept: HashSet<u32> = found.kept.last().into_iter().flatten().copied().collect();
        let opened: Vec<bool> = self.leaves.iter().map(|leaf| kept.contains(leaf)).collect();
        let at = self.clusters.iter().map(|cluster| opened[*cluster as usize - 1]).collect();
        let (tree, times) = (self.clone(), OnceLock::new());
        Ok(Looked { tree, query, reach, passes, found, at, times })
    }
}

/// Searches a tree among the products that pass.
fn search<T>(tree: &index::Tree, passes: &[bool], search: impl Fn(&index::Among<'_>) -> T) -> T {
    let passes = |product: u32| passes.get(product as usize).copied().unwrap_or(false);
    search(&tree.among(&passes))
}

impl Looked {
    /// What became of a product at the index, of so many that pass so far.
    pub fn passage(&self, product: ProductId, entered: u32, left: u32) -> Passage {
        let cluster = self.tree.clusters.get(product as usize);
        Passage {
            stage: STAGE.into(),
            entered,
            left,
            value: cluster.map_or(f32::NAN, |&cluster| cluster as f32),
            least: f32::NAN,
            place: None,
            passed: self.at.get(product as usize).copied().unwrap_or(false),
        }
    }

    /// What it looked at, and which share it found of what exact search finds.
    pub fn block(&self, recall: Option<f32>) -> Block {
        let count =
            |name: &str, value: usize| pair(word!("tree.{}", name), value as f32, Unit::Count);
        let mut pairs = vec![
            count("products", self.found.scored.vectors),
            count("centroids", self.found.scored.centroids),
            count("opened", self.found.kept.last().map_or(0, Vec::len)),
            count("clusters", self.tree.leaves.len()),
        ];
        let recall = recall.map(|recall| pair(word!("tree.recall").into(), recall, Unit::Share));
        pairs.extend(recall);
        Block::new(BLOCK, Shape::Pairs(pairs))
    }

    /// The levels of the tree as they are drawn, with a product's cluster where one is named.
    ///
    /// # Errors
    /// Where the tree can't be asked.
    pub fn levels(&self, product: Option<ProductId>) -> Result<Vec<Level>, IndexError> {
        let path = product.and_then(|product| self.tree.tree.path(product)).unwrap_or_default();
        Ok(levels(&self.tree.tree.levels(&self.query)?, &self.found.kept, &path))
    }

    /// How long the search takes, and exact search over the same vectors for as many products, `wanted`:
    /// from the vector of the request to the best of what was scored. It is measured once.
    pub fn times(&self, wanted: usize, clock: &dyn Fn() -> f64) -> Times {
        *self.times.get_or_init(|| {
            let Tree { tree, exact, .. } = &*self.tree;
            let (query, reach) = (&self.query, self.reach);
            Times {
                tree: search(tree, &self.passes, |among| {
                    milliseconds(clock, &|| drop(black_box(among.search(query, wanted, reach))))
                }),
                exact: milliseconds(clock, &|| {
                    drop(black_box(exact.search(query, wanted, Reach::All)));
                }),
            }
        })
    }
}

/// A single number under these words.
pub fn pair(words: String, value: f32, unit: Unit) -> Pair {
    Pair { name: Message::new(words), symbol: String::new(), value, unit }
}

#[cfg(test)]
mod tests {
    use index::Rows;

    use super::*;
    use crate::retrieval::gmv;
    use protocol::block::Blocks;

    /// Directions in a circle, four to a degree, so that neighbours in number are neighbours.
    fn circle() -> (Vec<f32>, Vec<u32>) {
        let angle = |n: u32| f64::from(n) * std::f64::consts::TAU / 1440.0;
        let vectors = (0..1440).flat_map(|n| [angle(n).cos() as f32, angle(n).sin() as f32]);
        (vectors.collect(), (0..1440).map(|n| 100 + n).collect())
    }

    fn exact(vectors: &[f32], prices: &[u32]) -> Result<Arc<Exact>, IndexError> {
        let mut rows = Rows::new(2)?;
        for ((product, &cents), vector) in (0..).zip(prices).zip(vectors.chunks_exact(2)) {
            rows.push(product, vector, gmv::ln_price(cents))?;
        }
        Ok(Arc::new(Exact::new(rows)?))
    }

    fn build(exact: Arc<Exact>, levels: usize) -> Result<Arc<Tree>, IndexError> {
        let builder = Builder::new(exact.rows().clone(), Tree::options(&exact, levels))?;
        Ok(Arc::new(Tree::new(builder.finish(), exact)))
    }

    fn built(vectors: &[f32], prices: &[u32], levels: usize) -> Arc<Tree> {
        build(exact(vectors, prices).unwrap(), levels).unwrap()
    }

    fn said(looked: &Looked, name: &str) -> f32 {
        [looked.block(None)].pair("tree", name).unwrap()
    }

    #[test]
    fn a_narrow_search_looks_where_the_query_points() {
        let (vectors, prices) = circle();
        for levels in 1..=3 {
            let tree = built(&vectors, &prices, levels);
            // Product 360 points up.
            let narrow = tree.look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
            assert!(narrow.at[360] && !narrow.at[1080], "{levels}");
            let looked = narrow.at.iter().filter(|at| **at).count();
            assert_eq!(said(&narrow, "products"), looked as f32, "{levels}");
            assert!((4..400).contains(&looked), "{levels}: {looked}");
            assert_eq!(said(&narrow, "opened"), 4.0, "{levels}");
            // What it opens is whole.
            for (product, &at) in narrow.at.iter().enumerate() {
                let same = tree.clusters[product] == tree.clusters[360];
                assert!(at || !same, "{levels}: {product}");
            }
            let wide = tree.look(&[0.0, 1.0], 0.0, 10_000, |_| true).unwrap();
            assert!(wide.at.iter().all(|at| *at), "{levels}");
            assert_eq!(said(&wide, "opened"), said(&wide, "clusters"), "{levels}");
        }
    }

    #[test]
    fn clusters_of_nothing_that_passes_take_no_place() {
        let (vectors, prices) = circle();
        let tree = built(&vectors, &prices, 2);
        let below = |product| (1000..1200).contains(&product);
        let looked = tree.look(&[0.0, 1.0], 0.0, 3, below).unwrap();
        assert!(!looked.at[360]);
        assert!((1000..1200).any(|product| looked.at[product]));
    }

    #[test]
    fn where_prices_count_the_search_follows_them() {
        let (vectors, _) = circle();
        // The dear half is the left one.
        let prices: Vec<u32> =
            (0..1440).map(|n| if (360..1080).contains(&n) { 1_000_000 } else { 100 }).collect();
        let tree = built(&vectors, &prices, 2);
        let dear = |sigma| {
            let looked = tree.look(&[0.6, 0.8], sigma, 4, |_| true).unwrap();
            let at = (0..1440).filter(|&n| looked.at[n]);
            let (dear, all) =
                at.fold((0, 0), |(dear, all), n| (dear + usize::from(prices[n] > 100), all + 1));
            dear as f32 / all as f32
        };
        assert!(dear(0.0) < 0.2 && dear(1.0) > 0.7, "{} {}", dear(0.0), dear(1.0));
    }

    #[test]
    fn a_product_in_a_cluster_that_stays_shut_is_lost_at_the_index() {
        let (vectors, prices) = circle();
        let tree = built(&vectors, &prices, 2);
        let looked = tree.look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
        let lost = looked.passage(1080, 1440, 60);
        assert!(!lost.passed && lost.value >= 1.0 && lost.value <= tree.leaves.len() as f32);
        assert!(looked.passage(360, 1440, 60).passed);
        assert_eq!([looked.block(Some(0.5))].pair("tree", "recall"), Some(0.5));
        assert_eq!([looked.block(None)].pair("tree", "recall"), None);
    }

    #[test]
    fn the_levels_that_are_drawn_hold_all_products_and_name_the_one_asked_for() {
        let (vectors, prices) = circle();
        for levels in 1..=3 {
            let tree = built(&vectors, &prices, levels);
            let looked = tree.look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
            let drawn = looked.levels(Some(1080)).unwrap();
            assert_eq!(drawn.len(), levels);
            for level in &drawn {
                assert_eq!(level.products.iter().sum::<u32>(), 1440, "{levels}");
                assert_eq!(
                    level.opened.iter().sum::<u32>(),
                    4_u32.min(level.clusters.iter().sum())
                );
            }
            let last = drawn.last().unwrap();
            assert_eq!(last.clusters.iter().sum::<u32>(), tree.leaves.len() as u32, "{levels}");
            // It points down: its cluster is drawn, and was not opened.
            let own = last.own.unwrap() as usize;
            assert_eq!((last.clusters[own], last.opened[own]), (1, 0), "{levels}");
            let same = (0..1440).filter(|&n| tree.clusters[n] == tree.clusters[1080]).count();
            assert_eq!(last.products[own] as usize, same, "{levels}");
            let of_none = looked.levels(None).unwrap();
            assert!(of_none.iter().all(|level| level.own.is_none()), "{levels}");
        }
    }

    #[test]
    fn a_search_is_timed_once() {
        let (vectors, prices) = circle();
        let looked = built(&vectors, &prices, 2).look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
        let asked = std::cell::Cell::new(0.0);
        let clock = || asked.replace(asked.get() + 0.5);
        let times = looked.times(10, &clock);
        assert!(times.tree > 0.0 && times.exact > 0.0, "{times:?}");
        let before = asked.get();
        assert_eq!((looked.times(10, &clock), asked.get()), (times, before));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(exact(&[f32::NAN; 4], &[100, 100]).is_err());
        assert!(build(exact(&[1.0; 4], &[100, 100]).unwrap(), 9).is_err());
        let (vectors, prices) = circle();
        let tree = built(&vectors, &prices, 2);
        assert!(tree.look(&[f32::NAN, 1.0], 0.0, 4, |_| true).is_err());
    }
}
