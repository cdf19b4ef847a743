//! What is asked about a state beyond its ranking, on the shipped assets: where a product goes in
//! the funnel, what its scores are made of, what its place does to it, where it stands on the map.

use engine::pipeline::Funnel;
use futures::executor::block_on;
use lab::native::Patient;
use link::{HistoryEdit, State};
use market::catalogue::ProductId;
use market::examination::{competition, examination};
use market::history::PageDevice;
use market::{MarketConfig, World};
use protocol::blend;
use protocol::block::Blocks;
use protocol::{Answer, Map, Parts, Passage, Question, Reply, Seat, Told, Trace};
use systems::registry::{RANKERS, RETRIEVERS};
use systems::shared::{self, Surface};
use systems::{dmt, mlpr, moppr, retrieval_alone, yandex};

use crate::support::{Spoilt, funnel, run};

type TheFunnel = Funnel<Spoilt>;

fn ask(funnel: &mut TheFunnel, state: &State, question: Question) -> Told {
    block_on(funnel.ask(7, state, &question, &Patient::default()))
}

fn reply(funnel: &mut TheFunnel, state: &State, question: Question) -> Reply {
    let told = ask(funnel, state, question);
    assert_eq!((told.job, told.notices), (7, vec![]));
    told.reply.expect("nothing is missing")
}

fn trace(funnel: &mut TheFunnel, state: &State, product: ProductId, held: Option<u32>) -> Trace {
    match reply(funnel, state, Question::Trace { product, held }) {
        Reply::Trace(trace) => trace,
        other => panic!("{other:?}"),
    }
}

fn parts(funnel: &mut TheFunnel, state: &State, product: ProductId) -> Parts {
    match reply(funnel, state, Question::Parts(product)) {
        Reply::Parts(parts) => *parts,
        other => panic!("{other:?}"),
    }
}

fn seats(funnel: &mut TheFunnel, state: &State, order: &[ProductId]) -> Vec<Seat> {
    match reply(funnel, state, Question::Seats(order.to_vec())) {
        Reply::Seats(seats) => seats,
        other => panic!("{other:?}"),
    }
}

fn map(funnel: &mut TheFunnel, state: &State) -> Map {
    match reply(funnel, state, Question::Map) {
        Reply::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

/// Products in the blended order, with their scores.
fn order(answer: &Answer, state: &State) -> Vec<(ProductId, f32)> {
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    order.iter().map(|r| (answer.candidates[r.candidate].product, r.score)).collect()
}

/// States of every pair of systems, with something of their own turned.
fn states() -> Vec<State> {
    let mut states = Vec::new();
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            let query = "running shoes".to_string();
            let state = State { query, ..State::default() };
            states.push(state.retrieved_by(retriever).ranked_by(ranker));
        }
    }
    states[1].settings.set(&shared::SURFACE, Surface::Feed.value());
    states[1].settings.switch(&shared::GMV, true);
    states[3].settings.switch(&shared::BIAS_AT_SERVING, true);
    states[3].settings.switch(&shared::COARSE, true);
    states[4].settings.switch(&shared::SAMPLE, true);
    states[5].settings.switch(&shared::COARSE, true);
    states
}

fn passage<'a>(trace: &'a Trace, stage: &str) -> &'a Passage {
    trace.passages.iter().find(|passage| passage.stage == stage).expect("there is such a stage")
}

/// MOPPR's objectives weighed like this.
fn weigh(state: &mut State, weights: [f32; 4]) {
    for (objective, weight) in moppr::RETRIEVER.objectives.iter().zip(weights) {
        state.settings.set(objective.weight, weight);
    }
}

#[test]
fn the_trace_of_a_product_on_the_shelf_ends_where_it_stands() {
    let mut funnel = funnel();
    for state in states() {
        let answer = run(&mut funnel, &state);
        let order = order(&answer, &state);
        assert!(order.len() > 5);
        for rank in [0, 3, order.len() - 1] {
            let (product, score) = order[rank];
            let trace = trace(&mut funnel, &state, product, None);
            assert_eq!((trace.rank as usize, trace.score), (rank, score));
            assert_eq!(trace.ranked as usize, order.len());
            assert!(trace.passages.iter().all(|passage| passage.passed), "{trace:?}");
            let retrieve = passage(&trace, "retrieve");
            assert_eq!(retrieve.left, answer.retrieval.retrieved);
        }
    }
}

#[test]
fn a_lost_product_passes_as_soon_as_the_stage_that_lost_it_lets_as_many_through() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        let state = State { query: "running shoes".into(), ..State::default() };
        let mut state = state.retrieved_by(retriever);
        state.settings.switch(&shared::RELEVANCE_CONTROL, false);
        state.settings.set(&shared::CANDIDATES, 500.0);
        let product = run(&mut funnel, &state).candidates[80].product;
        state.settings.set(&shared::CANDIDATES, 30.0);
        let lost = trace(&mut funnel, &state, product, None);
        let retrieve = passage(&lost, "retrieve");
        assert_eq!((retrieve.passed, retrieve.place), (false, Some(80)));
        // To BM25 all titles are alike that share no word with the query.
        assert!(retrieve.value < retrieve.least || retrieve.value == 0.0, "{retrieve:?}");
        assert_eq!(lost.ranked, 30);
        state.settings.set(&shared::CANDIDATES, 81.0);
        let let_in = trace(&mut funnel, &state, product, None);
        let retrieve = passage(&let_in, "retrieve");
        assert!(retrieve.passed && retrieve.value == retrieve.least, "{retrieve:?}");
        // It is scored as it would have been.
        assert_eq!(let_in.score, lost.score);
        state.settings.set(&shared::CANDIDATES, 80.0);
        assert!(!passage(&trace(&mut funnel, &state, product, None), "retrieve").passed);
    }
}

#[test]
fn relevance_control_and_the_coarse_ranker_say_by_how_much_they_lose_a_product() {
    let mut funnel = funnel();
    let mut state = State { query: "couch".into(), ..State::default() };
    state.settings.set(&shared::CANDIDATES, 400.0);
    let kept = run(&mut funnel, &state);
    state.settings.switch(&shared::RELEVANCE_CONTROL, false);
    let all = run(&mut funnel, &state);
    let is_kept = |product| kept.candidates.iter().any(|c| c.product == product);
    let lost = all.candidates.iter().map(|c| c.product).find(|p| !is_kept(*p));
    state.settings.switch(&shared::RELEVANCE_CONTROL, true);
    let lost = trace(&mut funnel, &state, lost.expect("it has something to do"), None);
    let control = passage(&lost, "relevance");
    assert!(!control.passed && control.value < control.least, "{control:?}");
    let insides = &kept.retrieval;
    assert_eq!((control.entered, control.left), (insides.searched, insides.admitted));
    let retrieve = passage(&lost, "retrieve");
    assert_eq!((retrieve.entered, retrieve.left), (insides.admitted, insides.retrieved));
    // Let in, it would stand behind all that is likelier meant.
    assert!(retrieve.place >= Some(insides.relevant), "{retrieve:?}");

    state.settings.set(&shared::CANDIDATES, 60.0);
    state.settings.switch(&shared::COARSE, true);
    state.settings.set(&shared::COARSE_KEEP, 10.0);
    let cut = run(&mut funnel, &state);
    state.settings.switch(&shared::COARSE, false);
    let uncut = run(&mut funnel, &state);
    state.settings.switch(&shared::COARSE, true);
    for candidate in &uncut.candidates {
        let trace = trace(&mut funnel, &state, candidate.product, None);
        let coarse = passage(&trace, "coarse");
        assert_eq!(coarse.passed, cut.candidates.iter().any(|c| c.product == candidate.product));
        assert_eq!(coarse.passed, coarse.value >= coarse.least, "{coarse:?}");
        assert_eq!((coarse.entered as usize, coarse.left), (uncut.candidates.len(), 10));
    }
}

#[test]
fn without_a_ranker_a_lost_product_would_stand_where_its_retrieval_score_puts_it() {
    let mut funnel = funnel();
    let state = State { query: "running shoes".into(), ..State::default() };
    let state = state.ranked_by(&retrieval_alone::RANKER);
    let uncut = run(&mut funnel, &state).candidates;
    let mut state = state;
    state.settings.switch(&shared::COARSE, true);
    state.settings.set(&shared::COARSE_KEEP, 10.0);
    let cut = order(&run(&mut funnel, &state), &state);
    let lost = |product: &ProductId| cut.iter().all(|(kept, _)| kept != product);
    let mut seen = 0;
    for (place, candidate) in uncut.iter().enumerate().filter(|(_, c)| lost(&c.product)) {
        let trace = trace(&mut funnel, &state, candidate.product, None);
        // Behind those of the kept that were retrieved before it.
        let before = uncut[..place].iter().filter(|other| !lost(&other.product)).count();
        assert_eq!((trace.rank as usize, trace.score), (before, candidate.retrieval_score));
        seen += usize::from(before < cut.len());
    }
    assert!(seen > 0, "some of them would stand before others");
}

#[test]
fn what_a_change_does_is_what_the_changed_state_shows() {
    let mut funnel = funnel();
    let state = State { query: "red running shoes".into(), ..State::default() };
    let answer = run(&mut funnel, &state);
    let (product, _) = order(&answer, &state)[2];
    let removed = |entry| {
        let mut state = state.clone();
        state.history.push(HistoryEdit::Remove { entry });
        state
    };
    let without_a_word = State { query: "running shoes".into(), ..state.clone() };
    let newest = answer.history.iter().rev().take(4).map(|shown| removed(shown.entry));
    for changed in newest.chain([without_a_word]) {
        let trace = trace(&mut funnel, &changed, product, None);
        // In a funnel that has computed nothing before.
        let answer = run(&mut crate::support::funnel(), &changed);
        let order = order(&answer, &changed);
        match order.iter().position(|(other, _)| *other == product) {
            Some(rank) => assert_eq!((trace.rank as usize, trace.score), (rank, order[rank].1)),
            None => assert!(trace.passages.iter().any(|passage| !passage.passed)),
        }
    }
}

#[test]
fn a_feature_is_held_for_every_candidate_and_for_one_question() {
    let mut funnel = funnel();
    for ranker in [&dmt::RANKER, &mlpr::RANKER] {
        let state = State { query: "running shoes".into(), ..State::default() }.ranked_by(ranker);
        let answer = run(&mut funnel, &state);
        let (product, score) = order(&answer, &state)[1];
        let features = parts(&mut funnel, &state, product).features;
        let mut moved = 0;
        for (number, (feature, _)) in features.iter().enumerate() {
            let held = trace(&mut funnel, &state, product, Some(number as u32));
            moved += usize::from(held.score != score);
            // What is at its mean already changes nothing of this product's score.
            assert!(feature.z_score != 0.0 || held.score == score, "{feature:?}");
        }
        assert!(moved > features.len() / 2, "{moved} of {} do something", features.len());
        assert_eq!(trace(&mut funnel, &state, product, None).score, score);
        assert_eq!(trace(&mut funnel, &state, product, Some(9_999)).score, score);
    }
}

#[test]
fn the_parts_sum_to_the_scores() {
    let mut funnel = funnel();
    for state in states() {
        let answer = run(&mut funnel, &state);
        let (shown, _) = order(&answer, &state)[0];
        for product in [shown, 17, 2_345] {
            let parts = parts(&mut funnel, &state, product);
            let candidate = &parts.candidate;
            assert_eq!(candidate.product, product);
            if let Some(number) = answer.candidates.iter().position(|c| c.product == product) {
                assert_eq!(&answer.candidates[number], candidate);
                let gates = answer.blocks.gates().map(|gates| gates.of(number));
                let own = parts.blocks.gates().map(|gates| gates.weights.as_slice());
                assert_eq!(gates, own);
            }
            assert_eq!(parts.coalitions.len(), 1 << parts.groups.len());
            let whole = parts.coalitions[parts.coalitions.len() - 1];
            assert!((whole - candidate.retrieval_score).abs() < 1e-4, "{whole} {candidate:?}");
            for (task, utility) in candidate.utility.iter().enumerate() {
                let added: f32 = parts.features.iter().map(|(_, added)| added[task].0).sum();
                let sum = parts.base[task] + added;
                assert!((sum - utility).abs() < 2e-3, "{sum} {utility}");
            }
            if state.ranker().tasks.is_empty() {
                assert_eq!((&parts.detail, parts.features.len(), parts.base.len()), (&None, 0, 0));
            } else {
                let detail = parts.detail.as_ref().expect("it was ranked");
                assert_eq!(detail.product, product);
            }
        }
    }
}

#[test]
fn what_is_not_there_to_be_left_out_adds_nothing() {
    let mut funnel = funnel();
    let state = State::default().with(&shared::SURFACE, Surface::Feed.value());
    for retriever in RETRIEVERS {
        let state = state.clone().retrieved_by(retriever);
        let parts = parts(&mut funnel, &state, 5);
        for (with, pair) in parts.coalitions.chunks(2).enumerate() {
            assert!((pair[0] - pair[1]).abs() < 1e-5, "{with}: there is no query on the feed");
        }
    }
}

#[test]
fn seats_hold_the_bias_of_the_page_and_the_truth_of_the_market() {
    let mut funnel = funnel();
    let mut state = State { query: "armchair".into(), shopper: "mara".into(), ..State::default() };
    state.settings.set(&shared::DEVICE, 1.0);
    state.settings.set(&shared::PAGE_SIZE, 8.0);
    let answer = run(&mut funnel, &state);
    let mut order: Vec<ProductId> =
        order(&answer, &state).into_iter().map(|(product, _)| product).collect();
    let seen = seats(&mut funnel, &state, &order);
    assert_eq!(seen.iter().map(|seat| seat.product).collect::<Vec<_>>(), order[..8]);
    for seat in &seen {
        let candidate = answer.candidates.iter().find(|c| c.product == seat.product).unwrap();
        assert_eq!(seat.bias, candidate.bias);
        assert!(seat.neighbours.is_some(), "the network that is shipped reads them");
    }

    order.swap(0, 7);
    let swapped = seats(&mut funnel, &state, &order);
    assert_eq!((swapped[0].product, swapped[7].product), (order[0], order[7]));
    assert_ne!(swapped[0].bias, seen[7].bias);
    let world = World::generate(&MarketConfig::default());
    let catalogue = &funnel.stock().catalogue;
    let types: Vec<u16> =
        order[..8].iter().map(|p| catalogue.products[*p as usize].product_type).collect();
    for (place, seat) in swapped.iter().enumerate() {
        let [looked, attraction, pressure] = seat.truth[..] else { panic!("{seat:?}") };
        assert_eq!(looked, examination(0, place as u16, PageDevice::Phone));
        assert_eq!(pressure, competition(&types, place));
        let before = seen.iter().find(|other| other.product == seat.product).unwrap();
        assert_eq!(attraction, before.truth[1], "a place does nothing to what is seen there");
    }
    // Of the right type, and of another.
    let wanted = world.intent("armchair").expect("the market asks for it").types[0];
    let attraction = |right: bool| {
        let seats = swapped.iter().zip(&types).filter(|(_, t)| (**t == wanted) == right);
        let all: Vec<f32> = seats.map(|(seat, _)| seat.truth[1]).collect();
        all.iter().sum::<f32>() / all.len().max(1) as f32
    };
    assert!(attraction(true) > 0.05, "{}", attraction(true));

    // Among products of other categories the network expects something else of the same place.
    let others = (0..).step_by(500).take(7);
    let among_others: Vec<ProductId> = order[..1].iter().copied().chain(others).collect();
    let alone = seats(&mut funnel, &state, &among_others);
    assert_ne!(alone[0].neighbours, swapped[0].neighbours);
    assert_eq!(alone[0].truth[2], 1.0, "nobody competes");
    assert!(swapped[0].truth[2] < 1.0);
    state.settings.switch(&dmt::BIAS_NEIGHBOURS, false);
    let blind = seats(&mut funnel, &state, &order);
    assert!(blind.iter().all(|seat| seat.neighbours.is_none() && seat.bias != 0.0));
    state.settings.switch(&dmt::BIAS_NEIGHBOURS, true);

    // Nobody in the market asks for this, so nobody knows what would be clicked.
    let state = State { query: "armchair for my aunt".into(), ..state };
    let unknown = seats(&mut funnel, &state, &order);
    assert!(unknown.iter().all(|seat| seat.truth.is_empty()));
}

#[test]
fn the_map_stays_in_place_while_a_weight_moves_what_is_on_it() {
    let mut funnel = funnel();
    let state = State { query: "running shoes".into(), ..State::default() };
    let products = funnel.stock().catalogue.products.len();
    let plain = map(&mut funnel, &state);
    assert_eq!(plain.points.len(), 2 * products);
    assert!(plain.points.iter().all(|value| value.is_finite()));
    let (x, y) = plain.variance;
    assert!(x >= y && y > 0.02 && x + y < 1.0, "{x} {y}");
    assert_eq!(map(&mut crate::support::funnel(), &state), plain);

    let mut bought = state.clone();
    weigh(&mut bought, [0.0, 0.0, 0.0, 1.0]);
    let weighed = map(&mut funnel, &bought);
    assert_eq!(weighed.variance, plain.variance, "the axes are the same");
    let shift = |a: &Map, b: &Map| {
        let squares = a.points.iter().zip(&b.points).map(|(a, b)| (a - b).powi(2));
        (squares.sum::<f32>() / products as f32).sqrt()
    };
    let spread = (plain.points.iter().map(|p| p * p).sum::<f32>() / products as f32).sqrt();
    let moved = shift(&plain, &weighed);
    assert!(moved > 0.0 && moved < spread, "{moved} of {spread}");
    let asked = State { query: "couch".into(), ..state.clone() };
    let other = map(&mut funnel, &asked);
    assert_eq!(other.points, plain.points);
    assert_ne!(other.query, plain.query);
    let yandex = state.retrieved_by(&yandex::RETRIEVER);
    assert_ne!(map(&mut funnel, &yandex).points, plain.points);
}

#[test]
fn what_cannot_be_answered_is_said() {
    let mut funnel = funnel();
    let state = State::default();
    for question in [
        Question::Trace { product: 99_999, held: None },
        Question::Parts(99_999),
        Question::Seats(vec![1, 99_999]),
    ] {
        let told = ask(&mut funnel, &state, question);
        assert_eq!(told.reply, None);
        assert_eq!(told.notices[0].key, "unknown-product");
    }
    assert_eq!(seats(&mut funnel, &state, &[]), []);
    let mut far = state.clone();
    far.settings.set(&shared::PAGE_NUMBER, 1e9);
    assert_eq!(seats(&mut funnel, &far, &[1, 2]), []);

    // Another system's answer would be taken for this one's.
    let mut without =
        crate::support::load(Spoilt::without("mlpr.safetensors")).expect("not needed yet");
    let mlpr = state.ranked_by(&mlpr::RANKER);
    let told = ask(&mut without, &mlpr, Question::Trace { product: 1, held: None });
    assert_eq!((told.reply, told.notices.len()), (None, 1));
}
