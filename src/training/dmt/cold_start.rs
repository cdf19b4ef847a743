//! Cold start. Nearly every shopper of the log has clicks, carts and orders, so a model trained on
//! the log alone has never seen a newcomer, and says anything of one. Some training page views
//! therefore lose some or all of the history before anything is read from it: sequences and the
//! features that count behaviour then say the same, as they do in serving.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use market::features::windows;
use market::history::{Event, EventKind};

/// Share of the training page views of what ships that lose some or all of the history.
pub const SHARE: f64 = 0.2;

/// Most behaviours of a shopper who has just come.
const FEW: usize = 10;

/// Every choice of at least one of DMT's sequences, as bits.
const SEQUENCES: std::ops::Range<u32> = 1..1 << windows::DMT.len();

/// What a page view loses of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nothing.
    Nothing,
    /// Those of DMT's sequences whose bits are set; favourites are in none of them.
    Sequences(u32),
    /// All but the newest behaviours, so many of them.
    AllBut(usize),
}

/// What the page views of the held-out day are evaluated without, and what that is called.
pub const EVALUATED: [(&str, Lost); windows::DMT.len() + 1] = [
    ("clicks", Lost::Sequences(0b001)),
    ("carts", Lost::Sequences(0b010)),
    ("orders", Lost::Sequences(0b100)),
    ("history", Lost::EVERYTHING),
];

impl Lost {
    /// All of the history.
    pub const EVERYTHING: Self = Self::AllBut(0);

    /// What is left of a history, oldest first.
    pub fn leave(self, events: &[Event]) -> Vec<Event> {
        match self {
            Self::Nothing => events.to_vec(),
            Self::Sequences(lost) => {
                events.iter().filter(|event| !is_in(lost, event.kind)).copied().collect()
            }
            Self::AllBut(few) => events[events.len().saturating_sub(few)..].to_vec(),
        }
    }
}

/// Whether one of the chosen sequences holds behaviour of this kind.
fn is_in(sequences: u32, kind: EventKind) -> bool {
    let mut numbered = windows::DMT.iter().enumerate();
    numbered.any(|(n, window)| sequences >> n & 1 == 1 && window.kinds.contains(&kind))
}

/// Draws which page views lose what.
#[derive(Debug)]
pub struct ColdStart {
    share: f64,
    random: ChaCha8Rng,
}

impl ColdStart {
    /// For the page views of one shopper; `share` of them lose something.
    pub fn new(share: f64, seed: u64, shopper: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(shopper.into());
        Self { share, random }
    }

    /// What the next page view loses. Of those that lose something one half lose whole sequences,
    /// a quarter everything, and a quarter all but the newest few behaviours.
    pub fn draw(&mut self) -> Lost {
        if !self.random.random_bool(self.share) {
            return Lost::Nothing;
        }
        match self.random.random_range(0..4) {
            0 => Lost::EVERYTHING,
            1 => Lost::AllBut(self.random.random_range(1..=FEW)),
            _ => Lost::Sequences(self.random.random_range(SEQUENCES)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [EventKind; 4] =
        [EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order];

    fn draw(share: f64, seed: u64, views: usize) -> Vec<Lost> {
        let mut cold_start = ColdStart::new(share, seed, 3);
        (0..views).map(|_| cold_start.draw()).collect()
    }

    #[test]
    fn without_a_share_nothing_is_lost() {
        assert_eq!(draw(0.0, 1, 100), [Lost::Nothing; 100]);
    }

    #[test]
    fn every_choice_of_sequences_and_the_whole_history_are_lost_at_times() {
        let views = draw(0.5, 1, 4000);
        let often = |lost| views.iter().filter(|view| **view == lost).count();
        assert!((1900..2100).contains(&often(Lost::Nothing)), "{}", often(Lost::Nothing));
        assert!((430..570).contains(&often(Lost::EVERYTHING)), "{}", often(Lost::EVERYTHING));
        for sequences in SEQUENCES {
            let often = often(Lost::Sequences(sequences));
            assert!((100..190).contains(&often), "{sequences:b}: {often}");
        }
        for few in 1..=FEW {
            assert!((20..90).contains(&often(Lost::AllBut(few))), "{few}");
        }
    }

    #[test]
    fn a_seed_draws_the_same_again_and_another_draws_otherwise() {
        assert_eq!(draw(0.5, 1, 100), draw(0.5, 1, 100));
        assert_ne!(draw(0.5, 1, 100), draw(0.5, 2, 100));
    }

    #[test]
    fn what_is_left_is_of_other_kinds_or_the_newest() {
        let history: Vec<Event> =
            (0..40).map(|n| Event { kind: KINDS[n as usize % 4], product: n, time: 0 }).collect();
        let kinds = |lost: Lost| {
            let left = lost.leave(&history);
            KINDS.map(|kind| left.iter().filter(|event| event.kind == kind).count())
        };
        assert_eq!(kinds(Lost::Nothing), [10; 4]);
        assert_eq!(kinds(Lost::Sequences(0b001)), [0, 10, 10, 10]);
        assert_eq!(kinds(Lost::Sequences(0b110)), [10, 10, 0, 0]);
        assert_eq!(kinds(Lost::EVERYTHING), [0; 4]);
        assert_eq!(Lost::AllBut(3).leave(&history), history[37..]);
        assert_eq!(Lost::AllBut(50).leave(&history), history);
    }
}
