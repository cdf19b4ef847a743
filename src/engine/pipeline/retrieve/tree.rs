//! The clustering tree that item vectors are searched in (MOPPR 6), what a search of it looks at, and
//! what it costs in products that exact search would have found.

use index::{Builder, Index as _, IndexError, Options, Query, Reach, Rows};

use crate::retrieval::gmv;
use market::catalogue::ProductId;
use market::language::Message;
use protocol::Passage;
use protocol::block::{Block, Pair, Shape, Unit};

/// The name of its block.
const BLOCK: &str = "tree";
/// The name of its stage.
const STAGE: &str = "index";

/// A hierarchical clustering tree over the vectors of every product, which is numbered by its place in
/// the catalogue.
pub struct Tree {
    tree: index::Tree,
    /// By product, the cluster of the last level that it sits in, from 1 in the order in which products
    /// come.
    clusters: Vec<u32>,
    /// How many of them there are.
    count: u32,
}

/// What a search of the tree looked at.
#[derive(Clone, Debug)]
pub struct Looked {
    /// By product, whether it was scored.
    pub at: Vec<bool>,
    /// By product, its cluster of the last level, from 1.
    clusters: Vec<u32>,
    /// Products that were scored.
    products: u32,
    /// Centroids that were.
    centroids: u32,
    /// Clusters of the last level that were opened.
    opened: u32,
    /// Clusters that the last level has.
    count: u32,
}

impl Tree {
    /// A tree with so many levels below the root over vectors that lie one after another, one for each
    /// of these prices.
    ///
    /// # Errors
    /// Where a value is no finite number, or there are more levels than a tree may have.
    pub fn build(vectors: &[f32], prices_cents: &[u32], levels: usize) -> Result<Self, IndexError> {
        let dimension = vectors.len() / prices_cents.len().max(1);
        let mut rows = Rows::new(dimension)?;
        rows.reserve(prices_cents.len());
        let vectors = vectors.chunks_exact(dimension.max(1));
        for ((product, &cents), vector) in (0..).zip(prices_cents).zip(vectors) {
            rows.push(product, vector, gmv::ln_price(cents))?;
        }
        let options = Options { levels, ..Options::new(rows.len()) };
        let tree = Builder::new(rows, options)?.finish();
        let mut leaves: Vec<u32> = Vec::new();
        let mut cluster = |product| {
            let leaf = tree.path(product).and_then(|path| path.last().copied()).unwrap_or(0);
            let place = leaves.iter().position(|&known| known == leaf);
            place.unwrap_or_else(|| {
                leaves.push(leaf);
                leaves.len() - 1
            }) as u32
                + 1
        };
        let clusters = (0..prices_cents.len() as ProductId).map(&mut cluster).collect();
        Ok(Self { clusters, count: leaves.len() as u32, tree })
    }

    /// What a search looks at that keeps the best `beam` clusters of each level, of those that hold
    /// something that passes. The logarithm of the price counts as much as `sigma` says (equation 24); 0
    /// where prices do not count.
    ///
    /// # Errors
    /// Where a value is no finite number.
    pub fn look(
        &self,
        query: &[f32],
        sigma: f32,
        beam: usize,
        passes: impl Fn(ProductId) -> bool,
    ) -> Result<Looked, IndexError> {
        let query = Query::new(query, sigma)?;
        let found = self.tree.search_among(&query, 1, Reach::Beam(beam), passes)?;
        let was_looked_at =
            |product| self.tree.path(product).is_some_and(|path| found.lost_at(&path).is_none());
        Ok(Looked {
            at: (0..self.clusters.len() as ProductId).map(was_looked_at).collect(),
            clusters: self.clusters.clone(),
            products: found.scored.vectors as u32,
            centroids: found.scored.centroids as u32,
            opened: found.kept.last().map_or(0, Vec::len) as u32,
            count: self.count,
        })
    }
}

impl Looked {
    /// What became of a product at the index, of so many that pass so far.
    pub fn passage(&self, product: ProductId, entered: u32, left: u32) -> Passage {
        Passage {
            stage: STAGE.into(),
            entered,
            left,
            value: self.clusters.get(product as usize).map_or(f32::NAN, |&cluster| cluster as f32),
            least: f32::NAN,
            place: None,
            passed: self.at.get(product as usize).copied().unwrap_or(false),
        }
    }

    /// What it looked at, and which share it found of what exact search finds.
    pub fn block(&self, recall: Option<f32>) -> Block {
        let pair = |name: &str, value: f32, unit| Pair {
            name: Message::new(word!("tree.{}", name)),
            symbol: String::new(),
            value,
            unit,
        };
        let mut pairs = vec![
            pair("products", self.products as f32, Unit::Count),
            pair("centroids", self.centroids as f32, Unit::Count),
            pair("opened", self.opened as f32, Unit::Count),
            pair("clusters", self.count as f32, Unit::Count),
        ];
        pairs.extend(recall.map(|recall| pair("recall", recall, Unit::Share)));
        Block::new(BLOCK, Shape::Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::block::Blocks;

    /// Directions in a circle, four to a degree, so that neighbours in number are neighbours.
    fn circle() -> (Vec<f32>, Vec<u32>) {
        let angle = |n: u32| f64::from(n) * std::f64::consts::TAU / 1440.0;
        let vectors = (0..1440).flat_map(|n| [angle(n).cos() as f32, angle(n).sin() as f32]);
        (vectors.collect(), (0..1440).map(|n| 100 + n).collect())
    }

    #[test]
    fn a_narrow_search_looks_where_the_query_points() {
        let (vectors, prices) = circle();
        for levels in 1..=3 {
            let tree = Tree::build(&vectors, &prices, levels).unwrap();
            // Product 360 points up.
            let narrow = tree.look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
            assert!(narrow.at[360] && !narrow.at[1080], "{levels}");
            let looked = narrow.at.iter().filter(|at| **at).count();
            assert_eq!(looked, narrow.products as usize, "{levels}");
            assert!((4..400).contains(&looked), "{levels}: {looked}");
            assert_eq!(narrow.opened, 4, "{levels}");
            // What it opens is whole.
            for (product, &at) in narrow.at.iter().enumerate() {
                let same = narrow.clusters[product] == narrow.clusters[360];
                assert!(at || !same, "{levels}: {product}");
            }
            let wide = tree.look(&[0.0, 1.0], 0.0, 10_000, |_| true).unwrap();
            assert!(wide.at.iter().all(|at| *at), "{levels}");
            assert_eq!(wide.opened, wide.count, "{levels}");
        }
    }

    #[test]
    fn clusters_of_nothing_that_passes_take_no_place() {
        let (vectors, prices) = circle();
        let tree = Tree::build(&vectors, &prices, 2).unwrap();
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
        let tree = Tree::build(&vectors, &prices, 2).unwrap();
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
        let tree = Tree::build(&vectors, &prices, 2).unwrap();
        let looked = tree.look(&[0.0, 1.0], 0.0, 4, |_| true).unwrap();
        let lost = looked.passage(1080, 1440, looked.products);
        assert!(!lost.passed && lost.value >= 1.0 && lost.value <= tree.count as f32);
        assert!(looked.passage(360, 1440, looked.products).passed);
        let blocks = [looked.block(Some(0.5))];
        assert_eq!(blocks.pair("tree", "products"), Some(looked.products as f32));
        assert_eq!(blocks.pair("tree", "recall"), Some(0.5));
        assert_eq!([looked.block(None)].pair("tree", "recall"), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(Tree::build(&[f32::NAN; 4], &[100, 100], 2).is_err());
        assert!(Tree::build(&[1.0; 4], &[100, 100], 9).is_err());
        assert!(Tree::build(&[], &[], 2).is_err());
        let (vectors, prices) = circle();
        let tree = Tree::build(&vectors, &prices, 2).unwrap();
        assert!(tree.look(&[f32::NAN, 1.0], 0.0, 4, |_| true).is_err());
    }
}
