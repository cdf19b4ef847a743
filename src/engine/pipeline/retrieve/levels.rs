//! The tree as it is drawn: each level a row of cells, few enough to be told apart.

use std::iter::repeat_n;

use index::Cluster;
use protocol::machine::{Level, MOST_CELLS};

/// Clusters that stand beside each other and are drawn as one.
struct Cell {
    clusters: u32,
    /// Those of them that were opened.
    opened: u32,
    products: u32,
    /// The best score of a centre that was opened; no number where none was.
    score: f32,
    /// The cell of the level above.
    above: usize,
    /// Whether it is that of the product which is looked for.
    is_own: bool,
}

impl Cell {
    /// What is lost where another is drawn as one with it: clusters that stayed shut are joined before
    /// those that were opened, parts of one cluster before others, and the smallest first.
    fn loss(&self, next: &Self) -> (bool, bool, u32) {
        let is_open = self.opened + next.opened > 0;
        (is_open, self.above != next.above, self.products + next.products)
    }

    fn join(&mut self, next: &Self) {
        // A line leads to what was opened.
        if self.score.is_nan() || next.score > self.score {
            self.above = next.above;
        }
        self.score = self.score.max(next.score);
        self.clusters += next.clusters;
        self.opened += next.opened;
        self.products += next.products;
    }
}

/// Levels as they are drawn, of which the clusters of these numbers were opened, with those of a product's
/// path as its own; an empty one where no product is looked for.
pub fn levels(levels: &[Vec<Cluster>], kept: &[Vec<u32>], path: &[u32]) -> Vec<Level> {
    // By cluster of the level above, the cell that it is in; above the first there is the root alone.
    let mut cell_of = vec![0];
    let mut drawn = Vec::new();
    for (depth, (level, kept)) in levels.iter().zip(kept).enumerate() {
        let own = path.get(depth);
        let cell = |cluster: &Cluster| {
            let is_open = kept.contains(&cluster.number);
            Cell {
                clusters: 1,
                opened: is_open.into(),
                products: cluster.vectors as u32,
                score: if is_open { cluster.score } else { f32::NAN },
                above: cell_of[cluster.above],
                is_own: own == Some(&cluster.number),
            }
        };
        let cells = joined(level.iter().map(cell).collect());
        let number_of = |(number, cell): (usize, &Cell)| repeat_n(number, cell.clusters as usize);
        cell_of = cells.iter().enumerate().flat_map(number_of).collect();
        drawn.push(Level {
            clusters: cells.iter().map(|cell| cell.clusters).collect(),
            opened: cells.iter().map(|cell| cell.opened).collect(),
            products: cells.iter().map(|cell| cell.products).collect(),
            scores: cells.iter().map(|cell| cell.score).collect(),
            above: cells.iter().map(|cell| cell.above as u32).collect(),
            own: cells.iter().position(|cell| cell.is_own).map(|own| own as u32),
        });
    }
    drawn
}

/// So many of the cells joined with their neighbours that there is room for all. The one that is looked
/// for stays alone.
fn joined(mut cells: Vec<Cell>) -> Vec<Cell> {
    while cells.len() > MOST_CELLS {
        let pairs = cells.windows(2).enumerate();
        let free = pairs.filter(|(_, pair)| pair.iter().all(|cell| !cell.is_own));
        let least = free.min_by_key(|(_, pair)| pair[0].loss(&pair[1]));
        let Some(place) = least.map(|(place, _)| place) else { break };
        let next = cells.remove(place + 1);
        cells[place].join(&next);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two levels: of 10 clusters each is divided into so many, of one vector each.
    fn two(parts: u32) -> [Vec<Cluster>; 2] {
        let score = |number: u32| 1.0 / (1.0 + number as f32);
        let cluster =
            |number, above, vectors| Cluster { number, above, vectors, score: score(number) };
        let first = (0..10).map(|number| cluster(number, 0, parts as usize)).collect();
        let second = (0..10 * parts).map(|n| cluster(100 + n, (n / parts) as usize, 1)).collect();
        [first, second]
    }

    #[test]
    fn few_clusters_are_drawn_one_by_one() {
        let drawn = levels(&two(4), &[vec![3, 7], vec![112, 131]], &[3, 112]);
        let [first, second] = &drawn[..] else { panic!("{drawn:?}") };
        assert_eq!((first.clusters.len(), second.clusters.len()), (10, 40));
        assert!(first.clusters.iter().chain(&second.clusters).all(|clusters| *clusters == 1));
        assert_eq!((first.own, second.own), (Some(3), Some(12)));
        let open = |level: &Level| -> Vec<usize> {
            (0..level.opened.len()).filter(|&cell| level.opened[cell] == 1).collect()
        };
        assert_eq!((open(first), open(second)), (vec![3, 7], vec![12, 31]));
        assert_eq!((second.above[12], second.above[31]), (3, 7));
        assert_eq!(second.scores[12], 1.0 / 113.0);
        assert!(second.scores[13].is_nan());
    }

    #[test]
    fn many_are_joined_and_what_was_opened_stays_apart() {
        let kept = [vec![3, 7], vec![160, 161, 350]];
        let drawn = levels(&two(50), &kept, &[0, 105]);
        let level = &drawn[1];
        assert_eq!(level.clusters.len(), MOST_CELLS);
        assert_eq!(level.clusters.iter().sum::<u32>(), 500);
        assert_eq!(level.products.iter().sum::<u32>(), 500);
        let single = |cell: &usize| level.clusters[*cell] == 1 && level.opened[*cell] == 1;
        assert_eq!((0..MOST_CELLS).filter(single).count(), 3);
        let own = level.own.unwrap() as usize;
        assert_eq!((level.clusters[own], level.opened[own], level.above[own]), (1, 0, 0));
        // No cell of what stayed shut takes nearly all of the row.
        assert!(level.products.iter().all(|products| *products < 60), "{:?}", level.products);
    }

    #[test]
    fn more_open_ones_than_there_is_room_for_are_drawn_as_one_too() {
        // Every other cluster was opened.
        let kept = [(0..10).collect(), (100..600).step_by(2).collect::<Vec<u32>>()];
        let drawn = levels(&two(50), &kept, &[]);
        let level = &drawn[1];
        assert_eq!((level.clusters.len(), level.own), (MOST_CELLS, None));
        assert_eq!(level.opened.iter().sum::<u32>(), 250);
        assert_eq!(level.scores.iter().copied().fold(0.0, f32::max), 1.0 / 101.0);
        assert!(level.above.iter().all(|above| *above < 10) && level.above.is_sorted());
    }
}
