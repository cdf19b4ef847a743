//! What holds of exact search and of the tree together.

use proptest::prelude::*;

use crate::mixture::Mixture;
use crate::random::Random;
use crate::{
    Builder, Exact, Found, Hit, Index, IndexError, MOST, Options, Query, Reach, Rows, Step, Tree,
    merge,
};

/// Vectors with their further values.
type Vectors = Vec<(Vec<f32>, f32)>;

fn rows_of(vectors: &[(Vec<f32>, f32)], dimension: usize) -> Rows {
    let mut rows = Rows::new(dimension).unwrap();
    for (number, (vector, further)) in vectors.iter().enumerate() {
        rows.push(number as u32, vector, *further).unwrap();
    }
    rows
}

fn mixture(len: u32, dimension: usize, seed: u64) -> Vec<Vec<f32>> {
    Mixture { dimension, centres: 40, spread: 0.7, seed }.vectors(0..len).collect()
}

fn tree(rows: Rows, options: Options) -> Tree {
    Builder::new(rows, options).unwrap().finish()
}

fn bytes(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    tree.write(&mut bytes).unwrap();
    bytes
}

fn numbers(hits: &[Hit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.number).collect()
}

/// What one would write without thinking of speed: quantise, multiply, sort.
fn plainly(vectors: &[(Vec<f32>, f32)], query: &[f32], sigma: f32, k: usize) -> Vec<Hit> {
    let quantised = |values: &[f32], finest: f32| -> (Vec<i64>, f32) {
        let scale = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / finest;
        let whole = |value: &f32| if scale > 0.0 { (value / scale).round() as i64 } else { 0 };
        (values.iter().map(whole).collect(), scale)
    };
    let width = query.len().next_multiple_of(16) as i32;
    let finest = (i32::MAX / (128 * width)).min(32_767) as f32;
    let (query, of_query) = quantised(query, finest);
    let score = |(vector, further): &(Vec<f32>, f32)| {
        let (row, of_row) = quantised(vector, 127.0);
        let dot: i64 = row.iter().zip(&query).map(|(a, b)| a * b).sum();
        dot as f32 * (of_row * of_query) + sigma * further
    };
    let mut hits: Vec<Hit> =
        (0..).zip(vectors).map(|(number, v)| Hit { number, score: score(v) }).collect();
    hits.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap().then(a.number.cmp(&b.number)));
    hits.truncate(k);
    hits
}

/// Vectors of few different values, so that many are alike, and a query.
fn shop() -> impl Strategy<Value = (Vectors, Vec<f32>)> {
    (0..120_usize, 1..40_usize).prop_flat_map(|(len, dimension)| {
        let vector = || prop::collection::vec((-2..=2_i8).prop_map(f32::from), dimension);
        let further = (0..4_u8).prop_map(f32::from);
        (prop::collection::vec((vector(), further), len), vector())
    })
}

fn options() -> impl Strategy<Value = Options> {
    (1..4_usize, 1..12_usize, 0.0..0.5_f32, any::<u64>())
        .prop_map(|(levels, leaf, further, seed)| Options { levels, leaf, further, seed })
}

/// Every vector is in the leaf that its path says, and no leaf is too large.
fn hangs_together(tree: &Tree) {
    let rows = tree.rows();
    assert_eq!(rows.len(), tree.len());
    let shape = tree.shape();
    assert_eq!(shape.clusters.len(), tree.options().levels);
    assert!(shape.most <= 2 * tree.options().leaf, "{shape:?}");
    let mut leaves = std::collections::BTreeMap::<u32, usize>::new();
    for &number in &rows.numbers {
        let path = tree.path(number).unwrap();
        assert_eq!(path.len(), tree.options().levels);
        *leaves.entry(*path.last().unwrap()).or_default() += 1;
    }
    assert_eq!(leaves.values().max().copied().unwrap_or(0), shape.most);
    // What is written is looked through when it is read.
    assert_eq!(&Tree::read(&mut bytes(tree).as_slice()).unwrap(), tree);
}

proptest! {
    #[test]
    fn exact_search_is_a_plain_loop(
        (vectors, query) in shop(),
        sigma in prop::sample::select(vec![0.0, 0.1, 3.0]),
        k in 0..140_usize,
        shards in 1..4_usize,
    ) {
        let index = Exact::new(rows_of(&vectors, query.len())).unwrap();
        let asked = Query::new(&query, sigma).unwrap();
        let found = index.search(&asked, k, Reach::All).unwrap();
        let plain = plainly(&vectors, &query, sigma, k);
        prop_assert_eq!(&found.hits, &plain);
        prop_assert_eq!(found.scored.vectors, vectors.len());
        for hit in &plain {
            prop_assert_eq!(index.score(&asked, hit.number).unwrap(), Some(hit.score));
        }
        // Whatever is in which shard.
        let mut parts = vec![Rows::new(query.len()).unwrap(); shards];
        for (number, (vector, further)) in vectors.iter().enumerate() {
            parts[number * 7 % 5 % shards].push(number as u32, vector, *further).unwrap();
        }
        let of_shard = |rows| Exact::new(rows).unwrap().search(&asked, k, Reach::All).unwrap().hits;
        prop_assert_eq!(merge(parts.into_iter().map(of_shard), k), plain);
    }

    #[test]
    fn a_tree_that_looks_everywhere_is_exact_search(
        (vectors, query) in shop(),
        options in options(),
        sigma in prop::sample::select(vec![0.0, 0.1, 3.0]),
        k in 0..140_usize,
    ) {
        let tree = tree(rows_of(&vectors, query.len()), options);
        hangs_together(&tree);
        let asked = Query::new(&query, sigma).unwrap();
        let plain = plainly(&vectors, &query, sigma, k);
        let all = tree.search(&asked, k, Reach::All).unwrap();
        prop_assert_eq!(&all.hits, &plain);
        let wide = tree.search(&asked, k, Reach::Beam(usize::MAX)).unwrap();
        prop_assert_eq!(wide.hits, plain);
        prop_assert_eq!(wide.scored.vectors, vectors.len());
        prop_assert_eq!(wide.scored.centroids, tree.shape().clusters.iter().sum::<usize>());
        for &number in &tree.rows().numbers {
            prop_assert_eq!(all.lost_at(&tree.path(number).unwrap()), None);
        }
    }

    #[test]
    fn what_came_and_went_leaves_what_a_new_index_has(
        (vectors, query) in shop(),
        options in options(),
        seed in any::<u64>(),
        k in 0..140_usize,
    ) {
        let dimension = query.len();
        let mut random = Random::new(seed, 0);
        let built = random.below(vectors.len() + 1);
        let mut tree = tree(rows_of(&vectors[..built], dimension), options.clone());
        let mut exact = Exact::new(rows_of(&vectors[..built], dimension)).unwrap();
        for (number, (vector, further)) in (0..).zip(&vectors).skip(built) {
            for index in [&mut tree as &mut dyn Index, &mut exact] {
                index.insert(number, vector, *further).unwrap();
                prop_assert_eq!(
                    index.insert(number, vector, *further),
                    Err(IndexError::Taken(number))
                );
            }
        }
        hangs_together(&tree);
        let mut left: Vec<(u32, &(Vec<f32>, f32))> = (0..).zip(&vectors).collect();
        for _ in 0..random.below(vectors.len() + 1) {
            let (gone, _) = left.swap_remove(random.below(left.len()));
            for index in [&mut tree as &mut dyn Index, &mut exact] {
                prop_assert!(index.remove(gone));
                prop_assert!(!index.remove(gone));
                prop_assert_eq!(index.path(gone), None);
            }
        }
        hangs_together(&tree);
        let mut rows = Rows::new(dimension).unwrap();
        for (number, (vector, further)) in &left {
            rows.push(*number, vector, *further).unwrap();
        }
        let asked = Query::new(&query, 0.1).unwrap();
        let anew = Exact::new(rows.clone()).unwrap().search(&asked, k, Reach::All).unwrap();
        prop_assert_eq!(exact.search(&asked, k, Reach::All).unwrap().hits, anew.hits.clone());
        let wide = Reach::Beam(usize::MAX);
        prop_assert_eq!(&tree.search(&asked, k, wide).unwrap().hits, &anew.hits);
        let again = Builder::new(rows, options).unwrap().finish();
        prop_assert_eq!(again.search(&asked, k, wide).unwrap().hits, anew.hits);
    }

    #[test]
    fn a_build_that_was_saved_comes_out_the_same(
        (vectors, query) in shop(),
        options in options(),
        stop in 0..40_usize,
    ) {
        let rows = rows_of(&vectors, query.len());
        let whole = bytes(&tree(rows.clone(), options.clone()));
        let mut builder = Builder::new(rows.clone(), options).unwrap();
        let mut progress = builder.progress();
        for step in 0.. {
            if step == stop {
                let mut saved = Vec::new();
                builder.write(&mut saved).unwrap();
                for cut in [0, saved.len() / 3, saved.len() - 1] {
                    let read = Builder::read(rows.clone(), &mut &saved[..cut]);
                    prop_assert!(matches!(read, Err(IndexError::Cut(_))));
                }
                let mut others = rows.clone();
                others.push(MOST - 1, &query, 0.0).unwrap();
                prop_assert_eq!(
                    Builder::read(others, &mut saved.as_slice()).unwrap_err(),
                    IndexError::OtherRows
                );
                let resumed = Builder::read(rows.clone(), &mut saved.as_slice()).unwrap();
                prop_assert_eq!(&resumed, &builder);
                builder = resumed;
            }
            match builder.step() {
                Step::More(more) => builder = more,
                Step::Done(tree) => {
                    prop_assert_eq!(bytes(&tree), whole);
                    break;
                }
            }
            prop_assert!((progress..=1.0).contains(&builder.progress()), "{}", builder.progress());
            progress = builder.progress();
        }
    }

    #[test]
    fn damaged_bytes_are_told(
        (vectors, query) in shop(),
        options in options(),
        place in any::<prop::sample::Index>(),
        other in 1..=255_u8,
    ) {
        let tree = tree(rows_of(&vectors, query.len()), options);
        let mut damaged = bytes(&tree);
        let place = place.index(damaged.len());
        prop_assert!(matches!(Tree::read(&mut &damaged[..place]), Err(IndexError::Cut(_))));
        damaged[place] ^= other;
        prop_assert!(Tree::read(&mut damaged.as_slice()).is_err());
        // Whoever makes the checksum right again meets the other checks, or another tree.
        let end = damaged.len() - 4;
        let sum = crc32fast::hash(&damaged[..end]);
        damaged[end..].copy_from_slice(&sum.to_le_bytes());
        if let Ok(mut tree) = Tree::read(&mut damaged.as_slice())
            && let Ok(asked) = Query::new(&vec![1.0; tree.dimension()], 0.0)
        {
            tree.search(&asked, 9, Reach::Beam(3)).unwrap();
            let vector = vec![0.5; tree.dimension()];
            tree.insert(70_000, &vector, 0.0).ok();
            tree.remove(0);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_platform() {
    let vectors: Vectors = mixture(3_000, 24, 5).into_iter().map(|vector| (vector, 0.0)).collect();
    let options = Options { leaf: 32, ..Options::new(1_000) };
    let built = bytes(&tree(rows_of(&vectors, 24), options.clone()));
    assert_eq!(built, bytes(&tree(rows_of(&vectors, 24), options.clone())));
    assert_ne!(built, bytes(&tree(rows_of(&vectors, 24), Options { seed: 2, ..options })));
}

#[test]
fn a_format_of_another_version_is_told() {
    let mut bytes = bytes(&Tree::new(3, Options::new(1_000)).unwrap());
    bytes[8] = 9;
    let error = Tree::read(&mut bytes.as_slice()).unwrap_err();
    assert_eq!(error, IndexError::Version { found: 9, expected: 1 });
    assert!(error.to_string().contains("build it anew"));
    bytes[8] = 1;
    assert_eq!(
        Exact::read(&mut bytes.as_slice()).unwrap_err(),
        IndexError::Foreign("an exact index")
    );
    bytes.push(0);
    assert!(matches!(Tree::read(&mut bytes.as_slice()), Err(IndexError::Absurd(_))));
    let picture = b"\x89PNG\r\n\x1a\n and so on, for some bytes".as_slice();
    let error = Tree::read(&mut &*picture).unwrap_err();
    assert_eq!(error, IndexError::Foreign("a clustering tree"));
}

#[test]
fn a_tree_is_the_same_behind_its_clusters_and_its_vectors() {
    let vectors: Vectors = (0..).zip(mixture(900, 20, 3)).map(|(n, v)| (v, n as f32)).collect();
    let rows = rows_of(&vectors, 20);
    for levels in 1..=3 {
        let built = tree(rows.clone(), Options { levels, ..Options::new(900) });
        let mut kept = Vec::new();
        built.write_clusters(&rows, &mut kept).unwrap();
        let read = |rows: &Rows, bytes: &[u8]| Tree::read_clusters(rows, &mut &*bytes);
        assert_eq!(read(&rows, &kept), Ok(built.clone()));
        assert!(kept.len() * 2 < bytes(&built).len(), "{} B", kept.len());
        for number in 0..900 {
            assert_eq!(built.leaf(number), built.path(number).unwrap().last().copied());
        }
        assert_eq!(built.leaf(900), None);
        // Over other vectors it is another tree's.
        let mut others = vectors.clone();
        others[7].1 += 1.0;
        assert_eq!(read(&rows_of(&others, 20), &kept), Err(IndexError::OtherRows));
        assert_eq!(read(&rows_of(&vectors[1..], 20), &kept), Err(IndexError::OtherRows));
        let fewer = built.write_clusters(&rows_of(&vectors[1..], 20), &mut Vec::new());
        assert_eq!(fewer, Err(IndexError::OtherRows));
        let more = rows_of(&[vectors.clone(), vectors[..1].to_vec()].concat(), 20);
        assert_eq!(built.write_clusters(&more, &mut Vec::new()), Err(IndexError::OtherRows));
        for place in (0..kept.len()).step_by(37) {
            assert!(matches!(read(&rows, &kept[..place]), Err(IndexError::Cut(_))), "{place}");
            let mut damaged = kept.clone();
            damaged[place] ^= 64;
            assert!(read(&rows, &damaged).is_err(), "{place}");
        }
        // Where the checksum is right, a leaf that is none is seen.
        let end = kept.len() - 4;
        for leaf in [0, u32::MAX] {
            let mut damaged = kept.clone();
            damaged[end - 4..end].copy_from_slice(&leaf.to_le_bytes());
            let sum = crc32fast::hash(&damaged[..end]);
            damaged[end..].copy_from_slice(&sum.to_le_bytes());
            assert!(matches!(read(&rows, &damaged), Err(IndexError::Absurd(_))), "{leaf}");
        }
        let error = read(&rows, &bytes(&built)).unwrap_err();
        assert_eq!(error, IndexError::Foreign("the clusters of a tree"));
    }
    let nothing = Rows::new(20).unwrap();
    let empty = tree(nothing.clone(), Options::new(0));
    let mut kept = Vec::new();
    empty.write_clusters(&nothing, &mut kept).unwrap();
    assert_eq!(Tree::read_clusters(&nothing, &mut kept.as_slice()), Ok(empty));
}

#[test]
fn what_is_no_number_is_told_by_its_place() {
    let mut rows = Rows::new(3).unwrap();
    let mut tree = Tree::new(3, Options::new(1_000)).unwrap();
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e20] {
        let error = rows.push(5, &[0.0, 1.0, wrong], 0.0).unwrap_err();
        assert!(error.to_string().starts_with("vector 5: value 2 is "), "{error}");
        let error = tree.insert(6, &[0.0, 1.0, 2.0], wrong).unwrap_err();
        assert!(error.to_string().starts_with("vector 6: value 3 is "), "{error}");
        let error = Query::new(&[wrong, 1.0], 0.0).unwrap_err();
        assert!(error.to_string().starts_with("the query: value 0 is "), "{error}");
    }
    assert!(rows.is_empty() && tree.is_empty());
}

#[test]
fn what_does_not_fit_is_told() {
    let dimension = |found| Err(IndexError::Dimension { found, expected: 3 });
    let mut rows = Rows::new(3).unwrap();
    let mut tree = Tree::new(3, Options::new(1_000)).unwrap();
    assert_eq!(rows.push(0, &[1.0; 4], 0.0), dimension(4));
    assert_eq!(tree.insert(0, &[], 0.0), dimension(0));
    let query = Query::new(&[1.0; 2], 0.0).unwrap();
    let error = IndexError::Dimension { found: 2, expected: 3 };
    assert_eq!(tree.search(&query, 1, Reach::All).unwrap_err(), error);
    assert_eq!(tree.score(&query, 0).unwrap_err(), error);
    let exact = Exact::new(rows.clone()).unwrap();
    assert_eq!(exact.search(&query, 1, Reach::All).unwrap_err(), error);
    for width in [0, (1 << 16) + 1] {
        assert_eq!(Rows::new(width).unwrap_err(), IndexError::Width(width));
        assert_eq!(Query::new(&vec![0.0; width], 0.0).unwrap_err(), IndexError::Width(width));
    }
    assert_eq!(rows.push(MOST, &[1.0; 3], 0.0), Err(IndexError::Beyond(MOST)));
    assert_eq!(tree.insert(MOST, &[1.0; 3], 0.0), Err(IndexError::Beyond(MOST)));
    rows.push(4, &[1.0; 3], 0.0).unwrap();
    rows.push(4, &[1.0; 3], 0.0).unwrap();
    assert_eq!(Exact::new(rows.clone()).unwrap_err(), IndexError::Taken(4));
    assert_eq!(Builder::new(rows, Options::new(1_000)).unwrap_err(), IndexError::Taken(4));
    let wrong = [
        Options { levels: 0, ..Options::new(1_000) },
        Options { levels: 5, ..Options::new(1_000) },
        Options { leaf: 0, ..Options::new(1_000) },
        Options { further: f32::NAN, ..Options::new(1_000) },
        Options { further: -1.0, ..Options::new(1_000) },
    ];
    for options in wrong {
        assert!(matches!(Tree::new(3, options).unwrap_err(), IndexError::Options(_)));
    }
}

/// What is asked for lies far from where the query points: a plain search of few leaves finds none of it, one
/// among it opens the leaves that hold it.
#[test]
fn a_search_among_some_opens_no_cluster_without_them() {
    let mut rows = Rows::new(2).unwrap();
    for number in 0..1_000_u32 {
        let angle = number as f32 * std::f32::consts::TAU / 1_000.0;
        rows.push(number, &[angle.cos(), angle.sin()], 0.0).unwrap();
    }
    let exact = Exact::new(rows.clone()).unwrap();
    let tree = tree(rows, Options::new(1_000));
    let query = Query::new(&[1.0, 0.0], 0.0).unwrap();
    let far = |number: u32| (300..700).contains(&number) && number.is_multiple_of(3);
    let plain = tree.search(&query, 20, Reach::Beam(4)).unwrap();
    assert!(!plain.hits.iter().any(|hit| far(hit.number)));

    let all = exact.search(&query, 1_000, Reach::All).unwrap();
    let best: Vec<Hit> = all.hits.iter().copied().filter(|hit| far(hit.number)).take(20).collect();
    let among = tree.among(&far);
    let found = among.search(&query, 20, Reach::Beam(16)).unwrap();
    let both = found.hits.iter().filter(|hit| best.contains(hit)).count();
    assert!(both >= 18 && found.hits.iter().all(|hit| far(hit.number)), "{both}");
    assert!(found.scored.vectors < 500, "{:?}", found.scored);
    for kept in found.kept.last().unwrap() {
        let holds = (0..1_000).any(|n| far(n) && tree.path(n).unwrap().last() == Some(kept));
        assert!(holds, "cluster {kept}");
    }
    let wide = among.search(&query, 20, Reach::Beam(usize::MAX)).unwrap();
    assert_eq!(wide.hits, best);
    assert_eq!(among.search(&query, 20, Reach::All).unwrap().hits, best);
    let nothing = |_: u32| false;
    assert!(tree.among(&nothing).search(&query, 20, Reach::Beam(9)).unwrap().hits.is_empty());
}

/// Every vector is counted on every level, in its own path; and a centre's score is the mean of its vectors'.
#[test]
fn levels_hold_all_vectors_in_the_order_of_the_clusters_above() {
    let mut rows = Rows::new(2).unwrap();
    for number in 0..500_u32 {
        let angle = number as f32 * std::f32::consts::TAU / 500.0;
        rows.push(number, &[angle.cos(), angle.sin()], 0.0).unwrap();
    }
    for levels in 1..=3 {
        let tree = tree(rows.clone(), Options { levels, ..Options::new(500) });
        let query = Query::new(&[0.6, 0.8], 0.0).unwrap();
        let seen = tree.levels(&query).unwrap();
        let counts: Vec<usize> = seen.iter().map(Vec::len).collect();
        assert_eq!(counts, tree.shape().clusters);
        for (depth, level) in seen.iter().enumerate() {
            assert!(level.is_sorted_by_key(|cluster| cluster.above), "{levels}: {depth}");
            for cluster in level {
                let paths = (0..500).map(|vector| (vector, tree.path(vector).unwrap()));
                let inside: Vec<(u32, Vec<u32>)> =
                    paths.filter(|(_, path)| path[depth] == cluster.number).collect();
                assert_eq!(inside.len(), cluster.vectors, "{levels}: {cluster:?}");
                let score = |vector| tree.score(&query, vector).unwrap().unwrap();
                let sum: f32 = inside.iter().map(|(vector, _)| score(*vector)).sum();
                assert!((sum / inside.len() as f32 - cluster.score).abs() < 0.01, "{cluster:?}");
                if depth > 0 {
                    let above = seen[depth - 1][cluster.above].number;
                    assert!(inside.iter().all(|(_, path)| path[depth - 1] == above));
                }
            }
        }
        let other = Query::new(&[1.0; 3], 0.0).unwrap();
        assert!(matches!(tree.levels(&other).unwrap_err(), IndexError::Dimension { .. }));
    }
}

#[test]
fn nothing_is_found_in_nothing() {
    let rows = Rows::new(8).unwrap();
    let query = Query::new(&[1.0; 8], 0.5).unwrap();
    let exact = Exact::new(rows.clone()).unwrap();
    let tree = tree(rows, Options::new(1_000));
    for index in [&exact as &dyn Index, &tree] {
        assert!(index.is_empty());
        for k in [0, 1, 100] {
            for reach in [Reach::All, Reach::Beam(0), Reach::Beam(7)] {
                let found = index.search(&query, k, reach).unwrap();
                assert_eq!((found.hits.len(), found.scored.vectors), (0, 0));
            }
        }
        assert_eq!((index.path(0), index.score(&query, 0).unwrap()), (None, None));
    }
}

/// Thousands of one vector, among them zeros, and as many again that are different: leaves stay small, and
/// whichever of those that are alike is found has the lowest numbers.
#[test]
fn duplicates_by_the_thousand_and_vectors_of_nothing() {
    let one = mixture(1, 16, 3).remove(0);
    let mut vectors: Vectors = vec![(one.clone(), 0.0); 4_000];
    vectors.extend(vec![(vec![0.0; 16], 0.0); 4_000]);
    // Below what f32 can be divided by, which is as good as nothing.
    vectors.extend(vec![(vec![1e-44; 16], 0.0); 10]);
    vectors.extend(mixture(2_000, 16, 4).into_iter().map(|vector| (vector, 0.0)));
    for levels in 1..=3 {
        let options = Options { levels, leaf: 64, ..Options::new(1_000) };
        let mut tree = tree(rows_of(&vectors, 16), options);
        hangs_together(&tree);
        let query = Query::new(&one, 0.0).unwrap();
        let all = tree.search(&query, 50, Reach::Beam(usize::MAX)).unwrap();
        assert_eq!(numbers(&all.hits), (0..50).collect::<Vec<_>>());
        // They arrive, too.
        for number in 20_000..20_500 {
            tree.insert(number, &one, 0.0).unwrap();
        }
        hangs_together(&tree);
    }
    let nothing = tree(rows_of(&vectors, 16), Options::new(1_000));
    let query = Query::new(&[0.0; 16], 0.0).unwrap();
    let found = nothing.search(&query, 3, Reach::All).unwrap();
    assert_eq!(
        found.hits.iter().map(|hit| (hit.number, hit.score)).collect::<Vec<_>>(),
        [(0, 0.0), (1, 0.0), (2, 0.0)]
    );
}

/// Share of the exact best that a tree finds, and the share of vectors that it scores for them.
fn recall(exact: &Exact, tree: &Tree, queries: &[Query], reach: Reach) -> (f64, f64) {
    let (mut found, mut scored) = (0, 0);
    for query in queries {
        let truth = numbers(&exact.search(query, 100, Reach::All).unwrap().hits);
        let of_tree = tree.search(query, 100, reach).unwrap();
        found += of_tree.hits.iter().filter(|hit| truth.contains(&hit.number)).count();
        scored += of_tree.scored.vectors + of_tree.scored.centroids;
    }
    let asked = queries.len() as f64;
    (found as f64 / (100.0 * asked), scored as f64 / (asked * exact.len() as f64))
}

#[test]
fn a_tree_finds_most_of_the_best_by_a_look_at_few() {
    let mixture = Mixture { dimension: 64, centres: 200, spread: 1.0, seed: 1 };
    let vectors: Vectors = mixture.vectors(0..20_000).map(|vector| (vector, 0.0)).collect();
    let queries: Vec<Query> =
        mixture.vectors(20_000..20_040).map(|v| Query::new(&v, 0.0).unwrap()).collect();
    let exact = Exact::new(rows_of(&vectors, 64)).unwrap();
    for levels in 1..=3 {
        let options = Options { levels, leaf: 128, ..Options::new(1_000) };
        let tree = tree(rows_of(&vectors, 64), options);
        let (found, scored) = recall(&exact, &tree, &queries, Reach::Beam(16));
        assert!(found > 0.9 && scored < 0.15, "{levels} levels: {found} {scored}");
        // Whoever is missed was lost on a level, and whoever is found was not.
        let at = |query: &Query| tree.search(query, 100, Reach::Beam(2)).unwrap();
        for query in &queries[..5] {
            let found: Found = at(query);
            let missed = exact.search(query, 100, Reach::All).unwrap().hits;
            for hit in missed.iter().chain(&found.hits) {
                let path = tree.path(hit.number).unwrap();
                let is_found = found.hits.contains(hit);
                let beaten = found.hits.len() == 100 && found.hits[99].score >= hit.score;
                assert_eq!(found.lost_at(&path).is_none(), is_found || beaten, "{hit:?}");
            }
        }
    }
}

/// MOPPR 7.2: prices as a further value, under several weights; and vectors of any length.
#[test]
fn inner_products_that_are_no_cosines_are_found_as_well() {
    let mixture = Mixture { dimension: 32, centres: 100, spread: 0.8, seed: 2 };
    let mut random = Random::new(9, 0);
    let mut dear: Vectors = Vec::new();
    let mut long: Vectors = Vec::new();
    for vector in mixture.vectors(0..12_000) {
        let [price, length] = random.normals();
        // What is dear is so in part by what it is.
        dear.push((vector.clone(), 3.0 + price + 3.0 * vector[0]));
        let length = (0.5 * length).exp();
        long.push((vector.iter().map(|value| value * length).collect(), 0.0));
    }
    let queries: Vec<Vec<f32>> = mixture.vectors(12_000..12_030).collect();
    let asked = |sigma| -> Vec<Query> {
        queries.iter().map(|query| Query::new(query, sigma).unwrap()).collect()
    };
    let options = Options { leaf: 64, further: 0.3, ..Options::new(1_000) };
    let reach = Reach::Beam(32);
    let exact = Exact::new(rows_of(&dear, 32)).unwrap();
    let of_dear = tree(rows_of(&dear, 32), options.clone());
    for sigma in [0.0, 0.1, 0.3, 1.0] {
        let (found, scored) = recall(&exact, &of_dear, &asked(sigma), reach);
        assert!(found > 0.85 && scored < 0.2, "sigma {sigma}: {found} {scored}");
        // What the same clusters hold of the best where they are chosen without the price.
        let mut blind = 0;
        for (query, unpriced) in asked(sigma).iter().zip(asked(0.0)) {
            let looked = of_dear.search(&unpriced, 100, reach).unwrap();
            let best = exact.search(query, 100, Reach::All).unwrap().hits;
            let there = |hit: &&Hit| looked.lost_at(&of_dear.path(hit.number).unwrap()).is_none();
            blind += best.iter().filter(there).count();
        }
        let blind = blind as f64 / 3_000.0;
        assert!(sigma < 0.3 || 1.0 - found < 0.5 * (1.0 - blind), "{sigma}: {found} {blind}");
    }
    let exact = Exact::new(rows_of(&long, 32)).unwrap();
    let of_long = tree(rows_of(&long, 32), options);
    let (found, scored) = recall(&exact, &of_long, &asked(0.0), reach);
    assert!(found > 0.85 && scored < 0.2, "lengths: {found} {scored}");
}

#[test]
fn int8_finds_what_f32_finds() {
    let mixture = Mixture { dimension: 64, centres: 20, spread: 0.7, seed: 3 };
    let vectors: Vec<Vec<f32>> = mixture.vectors(0..5_000).collect();
    let with: Vectors = vectors.iter().map(|vector| (vector.clone(), 0.0)).collect();
    let exact = Exact::new(rows_of(&with, 64)).unwrap();
    let mut same = 0;
    for query in mixture.vectors(5_000..5_020) {
        let dot = |vector: &[f32]| vector.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
        let mut order: Vec<u32> = (0..5_000).collect();
        order.sort_by(|&a, &b| dot(&vectors[b as usize]).total_cmp(&dot(&vectors[a as usize])));
        let asked = Query::new(&query, 0.0).unwrap();
        let found = exact.search(&asked, 100, Reach::All).unwrap();
        same += found.hits.iter().filter(|hit| order[..100].contains(&hit.number)).count();
    }
    assert!(same >= 1_960, "{same} of 2,000");
}

#[test]
fn rows_are_the_same_behind_bytes() {
    let vectors: Vectors = (0..).zip(mixture(90, 20, 3)).map(|(n, v)| (v, n as f32)).collect();
    let rows = rows_of(&vectors, 20);
    let of: Vec<(u32, f32)> = (0..90).map(|number| (number, number as f32)).collect();
    let mut again = rows_of(&vectors[..30], 20);
    let bytes = rows.bytes(30);
    assert_eq!(bytes.len(), 60 * (4 + 32));
    for cut in [0, 1, 36, bytes.len() - 1] {
        assert!(again.push_bytes(&bytes[..cut], &of[30..]).is_err(), "{cut}");
    }
    for scale in [f32::NAN, -1.0, f32::INFINITY] {
        let mut other = bytes.clone();
        other[36..40].copy_from_slice(&scale.to_le_bytes());
        assert!(again.push_bytes(&other, &of[30..]).is_err(), "{scale}");
    }
    let beyond: Vec<(u32, f32)> = of[30..].iter().map(|(number, _)| (number + MOST, 0.0)).collect();
    assert!(again.push_bytes(&bytes, &beyond).is_err());
    assert_eq!(again, rows_of(&vectors[..30], 20), "what was refused left nothing");
    again.push_bytes(&bytes, &of[30..]).unwrap();
    assert_eq!(again, rows);
}
