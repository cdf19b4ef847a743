//! How good the first ten products are for queries whose answer is known.

use std::path::Path;

use lab::cli::judge::{Judge, Judged, Outcome, Verdict, read};
use lab::native::Folder;
use link::State;
use systems::{dmt, mlpr, moppr, yandex};

use crate::support::funnel;

/// What came of each query of a file, in each of these states.
fn judged(file: &str, states: &[State]) -> Vec<Vec<(Judged, Outcome)>> {
    let folder = Folder("assets".into());
    let judge = Judge::new(&folder).expect("the market's truth");
    let queries = read(&Path::new("tests/judged").join(file)).expect(file);
    let mut funnel = funnel();
    let one = |state: &State| -> Vec<(Judged, Outcome)> {
        let of = |judged: &Judged| judge.judge(&mut funnel, judged, state).expect(&judged.query);
        queries
            .iter()
            .map(of)
            .zip(&queries)
            .map(|(outcome, judged)| (judged.clone(), outcome))
            .collect()
    };
    states.iter().map(one).collect()
}

fn states() -> Vec<State> {
    // BM25 is there to be held against them.
    let retrievers = [&moppr::RETRIEVER, &yandex::RETRIEVER].into_iter();
    let pairs = retrievers.flat_map(|r| [(r, &dmt::RANKER), (r, &mlpr::RANKER)]);
    pairs.map(|(r, ranker)| State::default().retrieved_by(r).ranked_by(ranker)).collect()
}

fn texts(outcomes: &[(Judged, Outcome)], holds: impl Fn(&Outcome) -> bool) -> Vec<&str> {
    let held = outcomes.iter().filter(|(_, outcome)| holds(outcome));
    held.map(|(judged, _)| judged.query.as_str()).collect()
}

#[test]
fn at_most_one_query_in_ten_is_answered_badly() {
    for (outcomes, state) in judged("queries.csv", &states()).iter().zip(states()) {
        let pair = format!("{:?} and {:?}", state.retriever(), state.ranker());
        assert!(outcomes.len() >= 60);
        let bad = texts(outcomes, |outcome| outcome.verdict == Verdict::Bad);
        assert!(bad.len() * 10 <= outcomes.len(), "{pair}: {bad:?}");
        let good = texts(outcomes, |outcome| outcome.verdict == Verdict::Good).len();
        assert!(good * 10 >= 7 * outcomes.len(), "{pair}: {good} are good");
    }
}

#[test]
fn queries_that_were_kept_aside_are_answered_as_well() {
    let outcomes = judged("held-back.csv", &[State::default()]).remove(0);
    let bad = texts(&outcomes, |outcome| outcome.verdict == Verdict::Bad);
    assert!(outcomes.len() >= 25 && bad.len() * 10 <= outcomes.len(), "{bad:?}");
}

#[test]
fn what_is_not_here_is_said_and_what_is_here_is_not_denied() {
    for file in ["queries.csv", "held-back.csv"] {
        let outcomes = judged(file, &[State::default()]).remove(0);
        let denied = texts(&outcomes, |outcome| outcome.answerable && outcome.says_so);
        assert!(denied.len() <= 1, "{file}: {denied:?}");
        let unsaid = texts(&outcomes, |outcome| !outcome.answerable && !outcome.says_so);
        assert!(unsaid.len() <= 1, "{file}: {unsaid:?}");
    }
}
