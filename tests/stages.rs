//! Which stages run again when something is turned, and which are kept: every knob there is with every
//! pair of systems, held to what each stage is said to read.

use std::collections::BTreeMap;
use std::fs;

use engine::pipeline::Funnel;
use engine::pipeline::request::Request;
use futures::executor::block_on;
use lab::cli::knobs::turn::ends;
use lab::native::Patient;
use link::{HistoryEdit, State};
use market::history::EventKind;
use protocol::{Answer, blend};
use systems::knob::Knob;
use systems::registry::{RANKERS, RETRIEVERS, knobs};
use systems::shared::{
    BIAS_AT_SERVING, CANDIDATES, COARSE, COARSE_KEEP, DEVICE, RETRIEVER, RETRIEVER_WEIGHTS, SIGMA,
    SURFACE, SearchedIn, ShopSize, Surface, WEIGHTS, Weights,
};
use systems::{Ranker, Retriever, bm25, dmt, mlpr, moppr, retrieval_alone, yandex};

use crate::funnel::{TOWERS, untaught};
use crate::support::{Spoilt, funnel, run};

/// Shared knobs that the scores of a retriever with vectors read.
const OF_VECTORS: &[&str] = &["gmv", "sigma", "int8"];
/// Shared knobs that the draw from the scores reads.
const DRAWN: &[&str] = &["tau", "candidates", "relevance-control", "sample", "seed", "size"];
/// Shared knobs that the search of a tree reads; with exact search no stage does.
const OF_TREE: &[&str] = &["beam", "levels"];
/// Knobs that the cut reads, which stands on MOPPR's towers whoever retrieves.
const CUT: &[&str] = &["coarse-keep", "category-filter"];
/// Shared knobs that every ranker reads. What remains of the shared ones, no stage does; nor which weights
/// it ranks with, while none were learned.
const RANKED: &[&str] = &["gate-temperature"];

/// Retrievers that read on what the page is seen.
const READ_DEVICE: [&Retriever; 1] = [&yandex::RETRIEVER];
/// Rankers whose encoder reads the query; that of another reads who asks.
const ENCODE_QUERY: [&Ranker; 1] = [&mlpr::RANKER];

/// What every stage was asked last, where each retriever shares its stages with the others and each
/// ranker, in each variant, has its own.
#[derive(Default)]
struct Kept(BTreeMap<(&'static str, String), String>);

impl Kept {
    /// Whether a stage has to run for this, which is then what it was asked last.
    fn runs(&mut self, stage: &'static str, of: &str, asked: String) -> bool {
        self.0.insert((stage, of.into()), asked.clone()) != Some(asked)
    }

    /// The stages of a state in the order in which they run, and whether each is kept.
    fn expect(
        &mut self,
        funnel: &mut Funnel<Spoilt>,
        state: &State,
        answer: &Answer,
    ) -> Vec<(&'static str, bool)> {
        let settings = &state.settings;
        // A shop of another size is another shop: nothing that was made of the one before serves.
        let size = format!("{:?}", ShopSize::of(settings));
        if self.runs("shop", "", size.clone()) {
            self.0.clear();
            self.runs("shop", "", size);
        }
        let at = |keys: &[&str]| -> Vec<(&'static str, f32)> {
            let named = knobs().filter(|knob| keys.contains(&knob.key));
            named.map(|knob| (knob.key, settings.number(knob))).collect()
        };
        let own = |own: &[&'static Knob]| at(&Vec::from_iter(own.iter().map(|knob| knob.key)));
        let (retriever, ranker) = (state.retriever(), state.ranker());
        let query = (state.surface() == Surface::Search).then_some(&state.query);
        let mut stages = Vec::new();

        let vectors = if retriever.has_vectors { at(OF_VECTORS) } else { Vec::new() };
        let device = READ_DEVICE.contains(&retriever).then_some(state.device());
        let scored =
            format!("{retriever:?} {vectors:?} {:?} {device:?} {query:?}", own(retriever.knobs));
        stages.push(("score", !self.runs("score", "", scored.clone())));
        let searches_tree = retriever.has_vectors && SearchedIn::of(settings) == SearchedIn::Tree;
        let tree = searches_tree.then(|| at(OF_TREE));
        let drawn = format!("{scored} {:?} {tree:?}", at(DRAWN));
        stages.push(("retrieve", !self.runs("retrieve", "", drawn)));

        if settings.is_on(&COARSE) {
            let entered = retrieved(funnel, &state.clone().with(&COARSE, 0.0));
            let cuts = entered.len() > settings.count(&COARSE_KEEP) as usize;
            let asked = format!("{query:?} {entered:?} {:?}", at(CUT));
            stages.push(("coarse", !(cuts && self.runs("coarse", "", asked))));
        }

        let variant = format!("{ranker:?} {:?}", own(ranker.networks));
        let chooses = |knob: &&Knob| ranker.networks.iter().any(|network| network.key == knob.key);
        let of_ranker: Vec<&'static Knob> =
            ranker.knobs.iter().copied().filter(|knob| !chooses(knob)).collect();
        let candidates: Vec<u32> = answer.candidates.iter().map(|c| c.product).collect();
        if *ranker == mlpr::RANKER
            && settings.is_on(&mlpr::PRECOMPUTED)
            && self.runs("prepare", &variant, String::new())
        {
            stages.push(("prepare", false));
        }
        if !ranker.tasks.is_empty() {
            let encoded = query.filter(|_| ENCODE_QUERY.contains(&ranker));
            stages.push(("encode", !self.runs("encode", &variant, format!("{encoded:?}"))));
            let asked = format!("{query:?} {candidates:?} {:?} {:?}", at(RANKED), own(&of_ranker));
            stages.push(("rank", !self.runs("rank", &variant, asked)));
        }
        // The bias is that of the places, which follow from the order without it.
        let unbiased = settings.clone().with(&BIAS_AT_SERVING, 0.0);
        let order = blend::order(&answer.candidates, answer.predicted(), &unbiased);
        let order: Vec<u32> = order.iter().map(|ranked| candidates[ranked.candidate]).collect();
        let places = format!("{order:?} {}", state.page_size());
        let kept = ranker.bias.is_none() || !self.runs("bias", &variant, places);
        stages.push(("bias", kept));
        stages
    }
}

/// What is retrieved for a state.
fn retrieved(funnel: &mut Funnel<Spoilt>, state: &State) -> Vec<u32> {
    let stock = funnel.stock();
    let request = Request::new(state, &stock.shoppers, &stock.catalogue).expect("a shopper").0;
    let products = block_on(funnel.serve(request, state, false, &Patient::default()));
    products.expect("the device works").expect("somebody waits")
}

/// The stages that ran, and whether each was kept.
fn timed(answer: &Answer) -> Vec<(&str, bool)> {
    answer.timings.iter().map(|time| (&*time.stage, time.cached)).collect()
}

#[test]
fn a_knob_has_just_the_stages_run_again_that_read_it() {
    let mut funnel = funnel();
    let mut kept = Kept::default();
    let mut wrong = Vec::new();
    for (retriever, ranker) in RETRIEVERS.into_iter().flat_map(|r| RANKERS.map(|k| (r, k))) {
        let base = State { query: "running shoes".into(), ..State::default() };
        let base = base.retrieved_by(retriever).ranked_by(ranker);
        let base = base.with(&COARSE, 1.0).with(&COARSE_KEEP, 15.0).with(&CANDIDATES, 60.0);
        for knob in knobs() {
            for state in ends(knob, &base).iter().flat_map(|end| [&base, end]) {
                let answer = run(&mut funnel, state);
                let expected = kept.expect(&mut funnel, state, &answer);
                if timed(&answer) != expected {
                    let (at, timed) = (state.settings.number(knob), timed(&answer));
                    wrong.push(format!(
                        "{retriever:?}, {ranker:?}, {} at {at}: {timed:?}, not {expected:?}",
                        knob.key
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of\n{}", wrong.len(), wrong.join("\n"));
}

/// The stages that run again behind a state.
fn again(funnel: &mut Funnel<Spoilt>, before: &State, state: &State) -> Vec<String> {
    run(funnel, before);
    let kept = run(funnel, before).timings;
    assert!(kept.iter().all(|time| time.cached), "{kept:?}");
    let timings = run(funnel, state).timings.into_iter();
    timings.filter(|time| !time.cached).map(|time| time.stage).collect()
}

#[test]
fn a_knob_of_another_system_has_nothing_run_again() {
    let mut funnel = funnel();
    let turned = |state: &State, knob, to| state.clone().with(knob, to);
    let start = State { query: "running shoes".into(), ..State::default() };
    let start = start.with(&COARSE, 1.0).with(&COARSE_KEEP, 15.0).with(&CANDIDATES, 60.0);
    let moppr = start.clone().retrieved_by(&moppr::RETRIEVER);
    let bm25 = start.clone().retrieved_by(&bm25::RETRIEVER);
    let nothing: [&str; 0] = [];
    for (state, knob, to) in [
        (&moppr, &yandex::HISTORY_LENGTH, 8.0),
        (&moppr, &yandex::WEB_SEARCHES, 0.0),
        (&moppr, &yandex::STAGE, 1.0),
        (&moppr, &mlpr::PRECOMPUTED, 0.0),
        (&bm25, &moppr::WEIGHT_CLICK, 0.0),
        (&bm25, &SIGMA, 0.3),
        (&bm25, &DEVICE, 1.0),
    ] {
        assert_eq!(again(&mut funnel, state, &turned(state, knob, to)), nothing, "{}", knob.key);
    }
    let mlpr = start.ranked_by(&mlpr::RANKER);
    assert_eq!(again(&mut funnel, &mlpr, &turned(&mlpr, &dmt::MULTI_TASK, 1.0)), nothing);
    // Fewer of what was retrieved: what was retrieved is kept.
    let cut = again(&mut funnel, &moppr, &turned(&moppr, &COARSE_KEEP, 12.0));
    assert_eq!(cut, ["coarse", "rank", "bias"]);
    let other = again(&mut funnel, &moppr, &turned(&moppr, &RETRIEVER, 2.0));
    assert_eq!(other, ["score", "retrieve", "coarse", "rank", "bias"]);
}

#[test]
fn learned_weights_have_the_stages_of_their_ranker_run_and_no_other() {
    let mut funnel = funnel();
    let shipped = State { query: "running shoes".into(), ..State::default() };
    let learned = shipped.clone().with(&WEIGHTS, Weights::Learned.value());
    let nothing: [&str; 0] = [];
    assert_eq!(again(&mut funnel, &shipped, &learned), nothing, "there are none yet");
    let bring = |funnel: &mut Funnel<Spoilt>| {
        let file = "dmt-mmoe-position-neighbours.safetensors";
        funnel.weigh(file, Some(fs::read(format!("assets/{file}")).expect("what ships")));
    };
    bring(&mut funnel);
    let ranked = ["encode", "rank", "bias"];
    assert_eq!(again(&mut funnel, &shipped, &learned), ranked);
    // Each keeps its own, until others are brought.
    assert_eq!(again(&mut funnel, &learned, &shipped), nothing);
    assert_eq!(again(&mut funnel, &shipped, &learned), nothing);
    bring(&mut funnel);
    assert_eq!(again(&mut funnel, &shipped, &learned), ranked);
    // Another ranker's are not these.
    let mlpr = [&shipped, &learned].map(|state| state.clone().ranked_by(&mlpr::RANKER));
    assert_eq!(again(&mut funnel, &mlpr[0], &mlpr[1]), nothing);
}

#[test]
fn learned_towers_have_retrieval_run_and_what_sees_other_products_behind_it() {
    let mut funnel = funnel();
    let shipped = State { query: "running shoes".into(), ..State::default() };
    let learned = shipped.clone().with(&RETRIEVER_WEIGHTS, Weights::Learned.value());
    let nothing: [&str; 0] = [];
    assert_eq!(again(&mut funnel, &shipped, &learned), nothing, "there are none yet");
    let retrieval = ["score", "retrieve"];
    let bring = |funnel: &mut Funnel<Spoilt>| {
        funnel.weigh(TOWERS, Some(fs::read("assets/moppr.safetensors").expect("what ships")));
    };
    bring(&mut funnel);
    // They find the same products as what ships: whoever ranks these need not do it again.
    assert_eq!(again(&mut funnel, &shipped, &learned), retrieval);
    assert_eq!(again(&mut funnel, &learned, &shipped), retrieval);
    // One set of towers, whatever the objectives weigh.
    let turned = learned.clone().with(&moppr::WEIGHT_CLICK, 0.0);
    assert_eq!(again(&mut funnel, &learned, &turned), nothing);
    // Others by the same name are others, and find other products.
    run(&mut funnel, &learned);
    bring(&mut funnel);
    let timings = run(&mut funnel, &learned).timings.into_iter();
    let anew: Vec<String> = timings.filter(|time| !time.cached).map(|time| time.stage).collect();
    assert_eq!(anew, retrieval);
    let towers = untaught(&funnel);
    funnel.weigh(TOWERS, Some(towers));
    let all = ["score", "retrieve", "rank", "bias"];
    assert_eq!(again(&mut funnel, &shipped, &learned), all);
    // Another retriever's are not these.
    let yandex = [&shipped, &learned].map(|state| state.clone().retrieved_by(&yandex::RETRIEVER));
    assert_eq!(again(&mut funnel, &yandex[0], &yandex[1]), nothing);
}

#[test]
fn a_part_of_the_request_has_just_the_stages_run_again_that_read_it() {
    let mut funnel = funnel();
    let forget = |kind| HistoryEdit::Forget { kind };
    let kinds = [EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order];
    // Nothing was done in the shop, and then nothing was searched for outside of it either.
    let shop = kinds.map(|kind| forget(Some(kind))).to_vec();
    let searches = |state: &State| {
        let with = |history| State { history, ..state.clone() };
        (with(shop.clone()), with(vec![forget(None)]))
    };
    let another =
        |state: &State| (state.clone(), State { shopper: "mara".into(), ..state.clone() });
    let phone = |state: &State| (state.clone(), state.clone().with(&DEVICE, 1.0));
    let typed = State { query: "running shoes".into(), ..State::default() };
    let feed = typed.clone().with(&SURFACE, Surface::Feed.value());
    let none: &[&str] = &[];
    let retrieval: &[&str] = &["score", "retrieve"];
    for (system, state, who, web, device) in [
        (&moppr::RETRIEVER, &typed, retrieval, none, none),
        (&moppr::RETRIEVER, &feed, retrieval, none, none),
        (&yandex::RETRIEVER, &typed, retrieval, retrieval, retrieval),
        (&yandex::RETRIEVER, &feed, retrieval, retrieval, retrieval),
        // What is typed is all that it reads; where nothing is, what was done last.
        (&bm25::RETRIEVER, &typed, none, none, none),
        (&bm25::RETRIEVER, &feed, retrieval, none, none),
    ] {
        let state = state.clone().retrieved_by(system).ranked_by(&retrieval_alone::RANKER);
        for (of, (before, behind), expected) in [
            ("shopper", another(&state), who),
            ("web searches", searches(&state), web),
            ("device", phone(&state), device),
        ] {
            let again = again(&mut funnel, &before, &behind);
            assert_eq!(again, expected, "{system:?} on the {:?}, {of}", state.surface());
        }
    }
    // The same candidates for all: who asks is DMT's, the web nobody's who ranks.
    let state = typed.retrieved_by(&bm25::RETRIEVER);
    for (ranker, who) in [(&dmt::RANKER, &["encode", "rank", "bias"][..]), (&mlpr::RANKER, none)] {
        let state = state.clone().ranked_by(ranker);
        for (of, (before, behind), expected) in [
            ("shopper", another(&state), who),
            ("web searches", searches(&state), none),
            ("device", phone(&state), none),
        ] {
            assert_eq!(again(&mut funnel, &before, &behind), expected, "{ranker:?}, {of}");
        }
    }
}
