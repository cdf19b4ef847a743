//! Yandex's tables 1 to 3 (Yandex 4.3).

pub mod claims;

use anyhow::{Context, Result};
use training::device::device;

use super::table::{Row, System, Table, Tie, Watch};
use market::World;
use market::metrics::Figure;
use market::text::TokenVectors;
use nets::models::yandex::retriever::Retriever;
use nets::models::yandex::{WebQueries, Yandex as Model, YandexConfig};
use training::people::People;
use training::yandex::data::{Corpus, Reading};
use training::yandex::loss::{Objective, Pairwise, Pointwise};
use training::yandex::ranker::{NAMES, Ranker, similarities};
use training::yandex::samples::Options;
use training::yandex::{Progress, Settings, Stage, fine_tune, init, pretrain};

const TABLE_1: Table = Table {
    id: "yandex-1",
    percent: true,
    tie: Tie::GAINS,
    undecided: &[],
    metrics: &NAMES,
    rows: &[
        Row { variant: "sampled-softmax", paper: &[0.233, 0.882] },
        Row { variant: "two-stage", paper: &[0.476, 1.377] },
        Row { variant: "calibrated", paper: &[0.501, 1.367] },
        Row { variant: "single-pointwise", paper: &[0.521, 1.405] },
        Row { variant: "history-double", paper: &[0.541, 1.588] },
        Row { variant: "pointwise-weight", paper: &[0.566, 1.631] },
        Row { variant: "context", paper: &[0.586, 1.645] },
        Row { variant: "web-queries", paper: &[0.677, 2.061] },
        Row { variant: "history-quadruple", paper: &[0.755, 1.981] },
    ],
    pairs: &[
        ["two-stage", "sampled-softmax"],
        ["calibrated", "two-stage"],
        ["single-pointwise", "calibrated"],
        ["history-double", "single-pointwise"],
        ["pointwise-weight", "history-double"],
        ["context", "pointwise-weight"],
        ["web-queries", "context"],
        ["history-quadruple", "web-queries"],
    ],
};

const TABLE_2: Table = Table {
    id: "yandex-2",
    percent: true,
    tie: Tie::GAINS,
    undecided: &[],
    metrics: &NAMES,
    rows: &[
        Row { variant: "fine-tuning-only", paper: &[0.031, 0.033] },
        Row { variant: "sampled-softmax", paper: &[0.233, 0.882] },
        Row { variant: "two-stage", paper: &[0.476, 1.377] },
    ],
    // Both stages against the first alone stands in table 1.
    pairs: &[["sampled-softmax", "fine-tuning-only"], ["two-stage", "fine-tuning-only"]],
};

const TABLE_3: Table = Table {
    id: "yandex-3",
    percent: true,
    tie: Tie::GAINS,
    undecided: &[],
    metrics: &NAMES,
    rows: &[
        Row { variant: "web-separate", paper: &[0.704, 1.787] },
        Row { variant: "web-queries", paper: &[0.677, 2.061] },
        Row { variant: "history-quadruple", paper: &[0.755, 1.981] },
    ],
    // The last against the second stands in table 1.
    pairs: &[["web-queries", "web-separate"], ["history-quadruple", "web-separate"]],
};

/// The tables of the paper.
pub const TABLES: &[Table] = &[TABLE_1, TABLE_2, TABLE_3];

/// Training of what ships, but with a table of word pieces, and with each page view seen once, of more shoppers.
fn training() -> Settings {
    let mut training = Settings::default();
    training.pretraining.epochs = 1;
    for stage in [&mut training.pretraining, &mut training.fine_tuning] {
        stage.rates = stage.rates.with_pieces();
    }
    training
}

/// Behaviours that are read in lines 1, 5 and 9 of table 1.
const HISTORIES: [usize; 3] = [32, 64, 128];

/// Model and training of a line of table 1, each the one above it with something changed, or of
/// the two that stand in the other tables alone.
fn variant(name: &str) -> Option<(YandexConfig, Settings)> {
    if name == "fine-tuning-only" {
        let (config, mut settings) = variant("two-stage")?;
        settings.pretraining.epochs = 0;
        return Some((config, settings));
    }
    if name == "web-separate" {
        let (config, settings) = variant("web-queries")?;
        let web_queries = WebQueries::Separate;
        return Some((
            // As many searches as behaviours (table 3).
            YandexConfig { web_queries, web_history: config.history, ..config },
            settings,
        ));
    }
    let line = TABLE_1.rows.iter().position(|row| row.variant == name)? + 1;
    let training = training();
    let history = HISTORIES[usize::from(line >= 5) + usize::from(line >= 9)];
    let web_queries = if line >= 8 { WebQueries::Fused } else { WebQueries::None };
    let config = YandexConfig { history, web_queries, ..YandexConfig::playground() };
    let epochs = if line >= 2 { training.fine_tuning.epochs } else { 0 };
    let objective = Objective {
        pairwise: if line >= 3 { Pairwise::Calibrated } else { Pairwise::Plain },
        pointwise: if line >= 4 { Pointwise::Clicks } else { Pointwise::EachSignal },
        pointwise_weight: if line >= 6 { 0.1 } else { 1.0 },
        context_debiasing: line >= 7,
    };
    let fine_tuning = Stage { epochs, ..training.fine_tuning.clone() };
    Some((config, Settings { fine_tuning, objective, ..training }))
}

/// Yandex's two towers on one market.
pub struct Yandex {
    world: World,
    words: TokenVectors,
    people: People,
    /// Gathered when the first variant is trained.
    corpus: Option<(Corpus, Ranker)>,
    /// What came out of the first stage, by all that it hangs on: variants that differ in the
    /// second stage alone share it.
    pretrained: Vec<(String, Model)>,
}

impl Yandex {
    /// On this market, tested on so many who were never trained on.
    pub fn new(world: World, words: TokenVectors, tested: u32) -> Self {
        let people = People::fresh(&world, tested);
        Self { world, words, people, corpus: None, pretrained: Vec::new() }
    }
}

impl System for Yandex {
    fn name(&self) -> &'static str {
        "yandex"
    }

    fn tables(&self) -> &'static [Table] {
        TABLES
    }

    fn settings(&self, name: &str) -> Option<String> {
        let (config, settings) = variant(name)?;
        let options = Options::new(self.world.config.days);
        let Self { world, people, .. } = self;
        Some(format!("{:?} {people:?} pieces {options:?} {config:?} {settings:?}", world.config))
    }

    fn measure(&mut self, name: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>> {
        let (config, settings) =
            variant(name).with_context(|| format!("there is no variant {name:?}"))?;
        let settings = Settings { seed, ..settings };
        let Self { world, words, people, corpus, pretrained } = self;
        let (corpus, ranker) = corpus.get_or_insert_with(|| {
            let options = Options::new(world.config.days);
            let corpus = Corpus::gather(world, words, Reading::Pieces, &options, people, || ());
            let ranker = Ranker::gather(world, &corpus, &options.test);
            (corpus, ranker)
        });
        let config = YandexConfig { word: corpus.word, ..config };
        let first = format!("{config:?} {:?} {seed}", settings.pretraining);
        let known = pretrained.iter().find(|(of, _)| *of == first);
        let model = match known {
            Some((_, model)) => model.clone(),
            None => {
                let progress = Progress { checkpoint: None, watch: &mut *watch };
                let model = init(&config, seed);
                let model = pretrain(model, &config, corpus, &settings, progress)?;
                pretrained.push((first, model.clone()));
                model
            }
        };
        let progress = Progress { checkpoint: None, watch };
        let model = fine_tune(model, &config, corpus, &settings, progress)?;
        let retriever = Retriever::new(config, model, &corpus.titles(), &device());
        Ok(ranker.figures(&similarities(&retriever, corpus)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table::assert_whole;

    #[test]
    fn every_row_has_its_figures_and_every_pair_its_rows() {
        assert_whole(TABLES, |name| variant(name).is_some());
        assert!(variant("none such").is_none());
    }

    #[test]
    fn the_last_line_of_table_1_is_what_ships_but_for_its_history() {
        let (config, settings) = variant("history-quadruple").unwrap();
        let shipped = YandexConfig::playground();
        assert_eq!(YandexConfig { history: shipped.history, ..config }, shipped);
        assert_eq!(settings, training());
        let (apart, _) = variant("web-separate").unwrap();
        let (fused, _) = variant("web-queries").unwrap();
        assert_eq!((apart.web_history, apart.history), (fused.history, fused.history));
    }

    #[test]
    fn every_line_of_table_1_changes_something() {
        let lines: Vec<_> = TABLE_1.rows.iter().map(|row| variant(row.variant)).collect();
        assert!(lines.windows(2).all(|two| two[0] != two[1]));
    }
}
