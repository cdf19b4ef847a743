//! Which stages run again when something is turned: each stage names what it reads in one place, and
//! here all of them are held to it, for every pair of systems.

use std::collections::BTreeSet;

use lab::cli::knobs::turn::ends;
use link::State;
use systems::Retriever;
use systems::registry::{RANKERS, RETRIEVERS, is_in_use, knobs};
use systems::shared::{CANDIDATES, COARSE, COARSE_KEEP};

use support::{funnel, run};

mod support;

/// The stages that read each knob. What the page alone computes, and where a state is computed, no
/// stage reads.
const READ: &[(&[&str], &[&str])] = &[
    (&["surface"], &["score", "retrieve", "coarse", "rank"]),
    (&["retriever", "gmv", "sigma", "int8"], &["score"]),
    (&["w-relevance", "w-exposure", "w-retrieval-click", "w-purchase"], &["score"]),
    (&["category-filter"], &["score", "coarse"]),
    (&["stage", "history-length", "web-searches"], &["score"]),
    (&["tau", "candidates", "relevance-control", "sample", "seed"], &["retrieve"]),
    (&["coarse", "coarse-keep"], &["coarse"]),
    (&["gate-temperature", "precomputed"], &["rank"]),
    (&["size"], &["retrieve", "bias"]),
    (&["backend", "bias-at-serving", "page"], &[]),
];

/// Knobs that choose a network: the first stage that it serves is `prepare`. What it has served before is
/// not asked of it again, for each keeps its last answers.
const NETWORKS: &[&str] =
    &["ranker", "weights", "multi-task", "bias-position", "bias-page", "bias-neighbours"];

/// In the order in which they run.
const STAGES: [&str; 7] = ["score", "retrieve", "coarse", "prepare", "encode", "rank", "bias"];

/// The stages that read a knob, and the first that may run again when it is turned.
fn read(key: &str, retriever: &Retriever) -> (&'static [&'static str], Option<&'static str>) {
    match key {
        "device" if retriever.reads_device => (&["score"], Some("score")),
        "device" => (&[], None),
        key if NETWORKS.contains(&key) => (&[], Some("prepare")),
        // The bias is that of the place, which may be another.
        "blend" | "w-click" | "w-cart" | "w-order" => (&[], Some("bias")),
        key => {
            let known = READ.iter().find(|(keys, _)| keys.contains(&key));
            let (_, read) = known.unwrap_or_else(|| panic!("nothing is said of {key}"));
            (read, read.first().copied())
        }
    }
}

#[test]
fn a_knob_has_the_stages_run_again_that_read_it_and_none_before_them() {
    let mut funnel = funnel();
    let mut wrong = Vec::new();
    let mut turned = BTreeSet::new();
    for (retriever, ranker) in RETRIEVERS.into_iter().flat_map(|r| RANKERS.map(|k| (r, k))) {
        let base = State { query: "running shoes".into(), ..State::default() };
        let base = base.retrieved_by(retriever).ranked_by(ranker);
        let base = base.with(&COARSE, 1.0).with(&COARSE_KEEP, 15.0).with(&CANDIDATES, 60.0);
        for knob in knobs().filter(|knob| is_in_use(knob, &base.settings)) {
            let (read, first) = read(knob.key, retriever);
            let first = STAGES.iter().position(|stage| Some(*stage) == first);
            let pair = format!("{retriever:?}, {ranker:?}, {}", knob.key);
            let mut ran: BTreeSet<&str> = BTreeSet::new();
            let mut there: BTreeSet<&str> = BTreeSet::new();
            for state in ends(knob, &base) {
                run(&mut funnel, &base);
                let again = run(&mut funnel, &base).timings;
                assert!(again.iter().all(|time| time.cached), "{pair}: {again:?}");
                for time in run(&mut funnel, &state).timings {
                    let stage = STAGES.into_iter().find(|stage| *stage == time.stage);
                    let stage = stage.unwrap_or_else(|| panic!("{} is new", time.stage));
                    there.insert(stage);
                    if !time.cached {
                        ran.insert(stage);
                    }
                }
            }
            for (place, stage) in STAGES.into_iter().enumerate() {
                let has_bias = stage != "bias" || ranker.bias.is_some();
                if read.contains(&stage)
                    && there.contains(stage)
                    && has_bias
                    && !ran.contains(stage)
                {
                    wrong.push(format!("{pair}: {stage} should have run again"));
                }
                // What comes behind has other candidates to work on, perhaps.
                if first.is_none_or(|first| place < first) && ran.contains(stage) {
                    wrong.push(format!("{pair}: {stage} ran again"));
                }
            }
            turned.insert(knob.key);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(turned, knobs().map(|knob| knob.key).collect());
}
