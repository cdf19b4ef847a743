//! The whole funnel on the shipped assets, as the browser runs it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use burn::module::Module;
use burn::tensor::Device;
use engine::pipeline::Funnel;
use engine::pipeline::assets::Manifest;
use engine::pipeline::caller::Caller;
use futures::executor::block_on;
use lab::cli::judge;
use lab::native::{Folder, Patient};
use languages::english;
use link::{HistoryEdit, State};
use market::catalogue::Catalogue;
use market::features::{dense, wide};
use market::history::EventKind;
use nets::models::dmt::DmtConfig;
use nets::models::dmt::ranker::MODEL as DMT;
use nets::models::mlpr::MlprConfig;
use nets::models::mlpr::ranker::MODEL as MLPR;
use nets::models::moppr::MopprConfig;
use nets::models::moppr::retriever::MODEL as MOPPR;
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{About, Precision, Weights as Tensors};
use nets::models::yandex::YandexConfig;
use nets::models::yandex::retriever::MODEL as YANDEX;
use nets::nn::numbers::seeded;
use protocol::blend;
use protocol::block::{Blocks, SequenceAttention};
use protocol::{Answer, Notice};
use serde::Serialize;
use systems::dmt::{self, BiasFeatures, MULTI_TASK, MultiTask};
use systems::knob::Idle;
use systems::registry::RETRIEVERS;
use systems::shared::{self, SearchedIn, Surface, Weights};
use systems::{bm25, mlpr, moppr, retrieval_alone, yandex};

use crate::support::{Spoilt, funnel, load, run};

/// Names of the product types of the best products, in order.
fn best_types(funnel: &Funnel<Spoilt>, answer: &Answer, state: &State, top: usize) -> Vec<String> {
    let catalogue = &funnel.stock().catalogue;
    let best = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    best.iter()
        .take(top)
        .map(|place| answer.candidates[place.candidate].product as usize)
        .map(|product| usize::from(catalogue.products[product].product_type))
        .map(|product_type| catalogue.product_types[product_type].name.clone())
        .collect()
}

/// MOPPR's objectives weighed like this.
fn weigh(state: &mut State, weights: [f32; 4]) {
    for (objective, weight) in moppr::RETRIEVER.objectives.iter().zip(weights) {
        state.settings.set(objective.weight, weight);
    }
}

#[test]
fn couch_finds_sofas_though_no_title_says_couch() {
    let mut funnel = funnel();
    let state = State { query: "couch".into(), ..State::default() };
    let answer = run(&mut funnel, &state);
    let products = &funnel.stock().catalogue.products;
    assert!(products.iter().all(|p| !p.title.to_lowercase().contains("couch")));
    let sofas = best_types(&funnel, &answer, &state, 10);
    let sofas = sofas.iter().filter(|name| name.contains("sofa")).count();
    assert!(sofas >= 6, "{sofas} of ten are sofas");
    // More of them are likely meant than are asked for: nothing is there to fill the page.
    assert!(answer.retrieval.relevant > state.settings.count(&shared::CANDIDATES));
    assert_eq!(answer.retrieval.retrieved, state.settings.count(&shared::CANDIDATES));
    assert!(answer.candidates.iter().all(|candidate| candidate.tier < u8::MAX));
    assert_eq!(answer.notices, []);
}

#[test]
fn a_misspelled_word_is_mended_and_that_is_said() {
    let mut funnel = funnel();
    let state = |query: &str| State { query: query.into(), ..State::default() };
    let meant = run(&mut funnel, &state("coffee machine"));
    let slipped = run(&mut funnel, &state("cofee mahcine"));
    assert_eq!(slipped.candidates, meant.candidates);
    assert_eq!(slipped.notices[0].key, "query-mended");
    // Words that the shop never uses, but English does, are taken as they are.
    assert_eq!(run(&mut funnel, &state("freezing house")).notices, []);
}

#[test]
fn relevance_control_is_not_what_keeps_a_favourite_off_another_query() {
    let mut funnel = funnel();
    let mut state = State { query: "couch".into(), ..State::default() };
    state.settings.switch(&shared::RELEVANCE_CONTROL, false);
    state.settings.set(&shared::CANDIDATES, 200.0);
    let answer = run(&mut funnel, &state);
    let best = best_types(&funnel, &answer, &state, 10);
    let sofas = best.iter().filter(|name| name.contains("sofa")).count();
    assert!(sofas >= 8, "{best:?}");
}

/// What the price weighs where the page opens lets nothing dear in front of what was asked
/// (docs/search.md).
#[test]
fn expected_gmv_as_it_opens_puts_no_dear_stranger_before_the_milk() {
    let mut funnel = funnel();
    let relevant = |name: &String| ["milk", "oat drink"].contains(&name.as_str());
    // Without control the ranker may put what is bought as often, and costs as little, before it.
    let near_it = |name: &String| relevant(name) || ["eggs", "cheese"].contains(&name.as_str());
    let mut asked = |shopper: &str, control: bool, sigma: Option<f32>| {
        let mut state = State { query: "milk".into(), shopper: shopper.into(), ..State::default() };
        state.settings.switch(&shared::GMV, true);
        state.settings.switch(&shared::RELEVANCE_CONTROL, control);
        if let Some(sigma) = sigma {
            state.settings.set(&shared::SIGMA, sigma);
        }
        let answer = run(&mut funnel, &state);
        best_types(&funnel, &answer, &state, 10)
    };
    let shoppers = ["mara", "jonas", "lena", "ravi", "ines", "otto", "clara", "henrik"];
    for shopper in shoppers {
        let controlled = asked(shopper, true, None);
        assert!(controlled.iter().take(6).all(relevant), "{shopper}: {controlled:?}");
        let free = asked(shopper, false, None);
        assert!(near_it(&free[0]), "{shopper}: {free:?}");
        assert!(free.iter().filter(|name| relevant(name)).count() >= 5, "{shopper}: {free:?}");
        // Where the price weighs five times as much it is so no more.
        let dear = asked(shopper, false, Some(0.1));
        assert!(!near_it(&dear[0]), "{shopper}: {dear:?}");
    }
}

type Change = fn(&mut State);

#[test]
fn every_knob_of_a_stage_changes_its_answer() {
    let mut funnel = funnel();
    let default = State::default();
    let before = run(&mut funnel, &default);
    let changes: [(&str, Change); 9] = [
        ("relevance weight", |s| weigh(s, [1.0, 0.0, 0.0, 0.0])),
        ("purchase weight", |s| weigh(s, [0.0, 0.0, 0.0, 1.0])),
        ("temperature", |s| s.settings.set(&shared::TEMPERATURE, 0.2)),
        ("GMV", |s| s.settings.switch(&shared::GMV, true)),
        ("sampling", |s| s.settings.switch(&shared::SAMPLE, true)),
        ("gate temperature", |s| s.settings.set(&shared::GATE_TEMPERATURE, 4.0)),
        ("shopper", |s| s.shopper = "emil".into()),
        ("cart", |s| s.history = vec![HistoryEdit::Add { kind: EventKind::Cart, product: 11 }]),
        ("surface", |s| s.settings.set(&shared::SURFACE, Surface::Feed.value())),
    ];
    for (name, change) in changes {
        let mut state = default.clone();
        change(&mut state);
        let after = run(&mut funnel, &state);
        assert_ne!(after.candidates, before.candidates, "{name} changes nothing");
    }
}

#[test]
fn the_same_state_gives_the_same_answer() {
    let (mut one, mut other) = (funnel(), funnel());
    let state = State { query: "running shoes".into(), ..State::default() };
    run(&mut one, &State::default());
    let (one, other) = (run(&mut one, &state), run(&mut other, &state));
    assert_eq!(one.candidates, other.candidates);
    assert_eq!(one.retrieval, other.retrieval);
}

/// What a query means does not hang on how much has arrived behind the first ranking.
#[test]
fn a_query_ranks_alike_before_and_after_all_words_have_come() {
    let (mut before, mut after) = (funnel(), funnel());
    block_on(after.fetch_behind());
    let is_whole = |funnel: &Funnel<Spoilt>| {
        funnel.stock().words.len() == funnel.stock().words.vocabulary_len()
    };
    assert!(is_whole(&after));
    let often = before.stock().queries.iter().filter(|query| query.2).map(|query| query.0.clone());
    let often: Vec<String> = often.take(25).collect();
    let others =
        ["lamp", "telly", "skillet", "gift for a toddler", "tellys", "cuoch", "chandelier"];
    let mut waited = 0;
    for query in often.iter().map(String::as_str).chain(others) {
        let state = State { query: query.into(), ..State::default() };
        let candidates = run(&mut before, &state).candidates;
        assert_eq!(candidates, run(&mut after, &state).candidates, "{query}");
        if is_whole(&before) {
            assert!(!often.iter().any(|one| one == query), "{query} waits for all words");
            before = funnel();
            waited += 1;
        }
    }
    assert!(waited > 0, "some do wait");
}

#[test]
fn a_knob_recomputes_its_own_stage_and_those_after_it() {
    let mut funnel = funnel();
    let mut state = State::default();
    run(&mut funnel, &state);
    state.settings.set(&shared::GATE_TEMPERATURE, 2.0);
    let cached = |answer: Answer| -> Vec<(String, bool)> {
        answer.timings.into_iter().map(|time| (time.stage, time.cached)).collect()
    };
    let stages = cached(run(&mut funnel, &state));
    let kept = |name: &str| stages.iter().any(|(stage, cached)| stage == name && *cached);
    assert!(kept("retrieve") && kept("encode"), "{stages:?}");
    assert!(!kept("rank"), "{stages:?}");
    let again = cached(run(&mut funnel, &state));
    assert!(again.iter().all(|(_, cached)| *cached), "{again:?}");
}

#[test]
fn gates_and_attention_sum_to_one() {
    let mut funnel = funnel();
    let mut state = State::default();
    let answer = run(&mut funnel, &state);
    let one = |weights: &[f32]| (weights.iter().sum::<f32>() - 1.0).abs() < 1e-4;
    let gates = answer.blocks.gates().expect("DMT has gates");
    for candidate in 0..answer.candidates.len() {
        assert_eq!(gates.of(candidate).len(), 8, "two gates over four experts");
        assert!(gates.of(candidate).chunks(4).all(one));
    }
    state.selected = Some(answer.candidates[0].product);
    let detail = run(&mut funnel, &state).detail.expect("the chosen product is a candidate");
    let read = |sequence: &&SequenceAttention| !sequence.weights.is_empty();
    for sequence in detail.blocks.sequences().iter().filter(read) {
        let weights: Vec<f32> = sequence.weights.iter().map(|(_, weight)| *weight).collect();
        assert!(one(&weights), "{}: {weights:?}", sequence.sequence);
    }
}

#[test]
fn bad_queries_are_answered() {
    let mut funnel = funnel();
    let endless = "couch ".repeat(2_000);
    for (query, key) in [
        ("", Some("empty-query")),
        (endless.as_str(), Some("query-too-long")),
        ("🛋️🛋️", Some("query-signs")),
        ("沙发", Some("query-signs")),
        ("<script>alert(1)</script>", Some("query-signs")),
    ] {
        let answer = run(&mut funnel, &State { query: query.into(), ..State::default() });
        assert!(!answer.candidates.is_empty(), "{query:.20}");
        let keys: Vec<&str> = answer.notices.iter().map(|notice| notice.key.as_str()).collect();
        assert_eq!(keys.first(), key.as_ref(), "{query:.20}");
        assert!(answer.candidates.iter().all(|c| c.utility.iter().all(|u| u.is_finite())));
    }
}

#[test]
fn relevance_control_comes_first_and_the_page_is_full() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        for query in ["winter jacket for men", "baby", "milk", "shoes", "knives", "nordvik lamp"] {
            for gmv in [false, true] {
                let state = State { query: query.into(), ..State::default() };
                let mut state = state.retrieved_by(retriever);
                state.settings.switch(&shared::GMV, gmv);
                state.settings.set(&shared::SIGMA, 0.5);
                let answer = run(&mut funnel, &state);
                let insides = &answer.retrieval;
                let ranked = answer.candidates.len() as u32;
                let size = state.page_size() as u32;
                assert!(ranked >= size, "{query}: {ranked} products");
                assert_eq!(insides.retrieved, ranked, "{query}");
                assert!(insides.searched > insides.admitted, "{query}");
                assert!(insides.relevant <= insides.admitted, "{query}");
                let likely = answer.candidates.iter().filter(|c| c.tier < u8::MAX).count() as u32;
                let most = state.settings.count(&shared::CANDIDATES);
                assert_eq!(likely, insides.relevant.min(most), "{query}: all that is likely meant");
                assert_eq!(ranked, likely.max(size), "{query}: and no more");
                // In retrieval and on the page what is likelier meant stands first.
                let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
                let ranked = order.iter().map(|ranked| answer.candidates[ranked.candidate].tier);
                assert!(ranked.is_sorted(), "{query}");
                assert!(answer.candidates.iter().map(|c| c.tier).is_sorted(), "{query}");
            }
        }
    }
}

/// Behind the coarse ranker too, as it opens; whoever ranks takes nothing away.
#[test]
fn whatever_is_asked_for_the_page_is_full() {
    let mut funnel = funnel();
    let read = |file: &str| judge::read(&Path::new("tests/judged").join(file)).expect(file);
    let queries: Vec<_> = ["queries.csv", "held-back.csv"].into_iter().flat_map(read).collect();
    assert!(queries.len() >= 80);
    for (number, retriever) in RETRIEVERS.into_iter().enumerate() {
        // All are asked, each by one of the retrievers: there are many.
        for query in queries.iter().skip(number).step_by(RETRIEVERS.len()).map(|one| &one.query) {
            for coarse in [false, true] {
                let state = State { query: query.clone(), ..State::default() };
                let mut state = state.retrieved_by(retriever).ranked_by(&retrieval_alone::RANKER);
                state.settings.switch(&shared::COARSE, coarse);
                let answer = run(&mut funnel, &state);
                let retrieved = answer.retrieval.retrieved as usize;
                let keep = state.settings.count(&shared::COARSE_KEEP) as usize;
                let products: HashSet<_> = answer.candidates.iter().map(|c| c.product).collect();
                let said = format!("{query:?} by {retriever:?}, coarse ranker {coarse}");
                assert_eq!(products.len(), answer.candidates.len(), "{said}: none twice");
                let left = if coarse { retrieved.min(keep) } else { retrieved };
                assert_eq!(products.len(), left, "{said}");
                assert!(left >= state.page_size(), "{said}: {left} products");
            }
        }
    }
}

#[test]
fn a_page_larger_than_what_is_likely_meant_is_filled_and_no_further_than_was_asked_for() {
    let mut funnel = funnel();
    let mut state = State { query: "milk".into(), ..State::default() };
    let counts = |state: &State, funnel: &mut Funnel<Spoilt>| {
        let answer = run(funnel, state);
        let filled = answer.candidates.iter().filter(|c| c.tier == u8::MAX).count();
        (answer.candidates.len(), filled)
    };
    let (small, large) = (5, 30);
    state.settings.set(&shared::PAGE_SIZE, small as f32);
    let (all, filled) = counts(&state, &mut funnel);
    assert!(all >= small as usize && filled == 0, "{all}, {filled}");
    state.settings.set(&shared::PAGE_SIZE, large as f32);
    let (all, filled) = counts(&state, &mut funnel);
    assert!(all == large as usize && filled > 0, "{all}, {filled}");
    state.settings.set(&shared::CANDIDATES, 20.0);
    assert_eq!(counts(&state, &mut funnel).0, 20);
    // Without control, and without a query, nothing is likelier than another.
    state.settings.switch(&shared::RELEVANCE_CONTROL, false);
    assert_eq!(counts(&state, &mut funnel), (20, 0));
    state.settings.switch(&shared::RELEVANCE_CONTROL, true);
    state.settings.set(&shared::SURFACE, Surface::Feed.value());
    assert_eq!(counts(&state, &mut funnel), (20, 0));
}

#[test]
fn products_with_every_word_that_was_asked_for_come_first() {
    let mut funnel = funnel();
    for (query, word, least) in [
        ("black dress", "Black", 2),
        ("winter jacket for men", "Men's", 5),
        ("tefora kettle", "Tefora", 2),
        ("Nordvik sofa", "Nordvik", 1),
        ("grey sofas", "Grey", 4),
        // What a thing is tells the types that pass apart, and comes before what it is like.
        ("boucle armchair", "Boucle", 2),
        ("boucle armchair", "Armchair", 10),
        ("torches", "Head Torch", 4),
        ("vase", "Vase", 4),
    ] {
        for ranker in [&dmt::RANKER, &mlpr::RANKER] {
            let state = State { query: query.into(), ..State::default() }.ranked_by(ranker);
            let answer = run(&mut funnel, &state);
            let products = &funnel.stock().catalogue.products;
            let has = |c: &protocol::Candidate| products[c.product as usize].title.contains(word);
            let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
            let first = order.iter().take(least).map(|r| &answer.candidates[r.candidate]);
            let without: Vec<_> = first.filter(|c| !has(c)).map(|c| c.product).collect();
            assert!(without.is_empty(), "{query}, {ranker:?}: {without:?}");
        }
    }
}

#[test]
fn what_is_likely_not_here_is_said() {
    let mut funnel = funnel();
    for (query, key) in [
        ("asdfqwer", Some("query-unknown")),
        ("Kopfhörer", Some("query-unknown")),
        ("iphone", Some("query-unknown")),
        ("insurance", Some("unlikely")),
        ("x", Some("unlikely")),
        ("!!!", Some("query-signs")),
        ("violin", None),
        ("flashlight", None),
        ("javascript headphones", Some("query-mended")),
        ("teapot", Some("query-mended")),
    ] {
        let answer = run(&mut funnel, &State { query: query.into(), ..State::default() });
        let keys: Vec<&str> = answer.notices.iter().map(|notice| notice.key.as_str()).collect();
        assert_eq!(keys, key.into_iter().collect::<Vec<_>>(), "{query}");
        assert!(answer.candidates.len() >= 20, "{query}");
    }
}

#[test]
fn what_looks_the_same_is_read_the_same() {
    let mut funnel = funnel();
    let mut of = |query: &str| run(&mut funnel, &State { query: query.into(), ..State::default() });
    let meant = of("men's sofa");
    for query in ["men’s so\u{200B}fa", "\u{FEFF}men's\u{A0}sofa\u{3000}", "ｍｅｎ＇ｓ　ｓｏｆａ"]
    {
        let read = of(query);
        assert_eq!(
            (read.candidates, read.notices),
            (meant.candidates.clone(), vec![]),
            "{query:?}"
        );
    }
}

#[test]
fn unknown_shoppers_and_products_are_said() {
    let mut funnel = funnel();
    let state = State {
        shopper: "nobody".into(),
        selected: Some(u32::MAX),
        history: vec![HistoryEdit::Add { kind: EventKind::Cart, product: u32::MAX }],
        ..State::default()
    };
    let answer = run(&mut funnel, &state);
    let keys: HashSet<&str> = answer.notices.iter().map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, HashSet::from(["unknown-shopper", "unknown-product"]));
}

#[test]
fn a_first_ranking_asks_for_what_the_manifest_names_first() {
    let asked = Rc::<RefCell<Vec<String>>>::default();
    let source = Spoilt { asked: asked.clone(), ..Spoilt::new() };
    let mut funnel = load(source).expect("the shipped assets");
    run(&mut funnel, &State::default());
    let mut asked = asked.take();
    assert_eq!(asked.remove(0), "manifest.json");
    let manifest = block_on(Manifest::fetch(&Folder("assets".into()))).expect("it is shipped");
    assert_eq!(asked, manifest.first, "`vitrine manifest` brings it up to date");
}

#[test]
fn without_a_file_of_the_first_ranking_the_notice_names_it() {
    for name in ["manifest.json", "catalogue.json", "moppr.safetensors", "words.txt"] {
        let notice = load(Spoilt::without(name)).err().expect("it cannot work");
        assert!(english(&notice.says).contains(name), "{}", english(&notice.says));
        let short = Spoilt::new();
        short.short.borrow_mut().insert(name.into());
        let notice = load(short).err().expect("it cannot work");
        assert!(english(&notice.says).contains(name), "{}", english(&notice.says));
    }
}

#[test]
fn a_ranker_that_cannot_be_had_leaves_the_last_one_at_work() {
    let source = Spoilt::without("dmt-shared-bottom-position-neighbours.safetensors");
    let mut funnel = load(source).expect("the rest is there");
    let mut state = State::default();
    let before = run(&mut funnel, &state);
    state.settings.set(&MULTI_TASK, MultiTask::SharedBottom.value());
    let after = run(&mut funnel, &state);
    assert_eq!(after.candidates, before.candidates);
    assert!(english(&after.notices[0].says).contains("dmt-shared-bottom"), "{:?}", after.notices);
}

/// A file of weights as `vitrine train` writes it, of a model that has learned nothing.
fn untrained<M: Module>(
    name: &str,
    catalogue: &Catalogue,
    config: &impl Serialize,
    model: &M,
) -> Vec<u8> {
    let about = About::new(name, catalogue.seed, "a test", config).expect("plain data");
    let weights = Tensors::of(model, about).expect("it is on the CPU");
    weights.to_bytes(Precision::Int8).expect("all of it is finite")
}

#[test]
fn networks_of_other_sizes_than_the_pages_are_refused_and_the_notice_says_so() {
    let stock = funnel();
    let (catalogue, device) = (&stock.stock().catalogue, Device::flex());
    let vocabulary = Vocabulary::of(catalogue);
    let said = |notice: &Notice, file: &str| {
        let said = english(&notice.says);
        assert!(said.contains(file) && said.contains("--preset paper"), "{said}");
    };
    // Of the first ranking.
    let config = MopprConfig::paper(vocabulary);
    let moppr = untrained(MOPPR, catalogue, &config, &config.init(&device));
    let config = DmtConfig::paper(vocabulary, dense::COUNT);
    let dmt = untrained(DMT, catalogue, &config, &config.init(&device));
    for (file, bytes) in
        [("moppr.safetensors", moppr), ("dmt-mmoe-position-neighbours.safetensors", dmt)]
    {
        said(&load(Spoilt::with(file, bytes)).err().expect("it cannot work"), file);
    }
    // Of systems that are chosen later; the one before goes on. A single layer suffices.
    let config = YandexConfig { item_width: 32, ..YandexConfig::playground() };
    let yandex = untrained(YANDEX, catalogue, &config, &config.init(&device));
    let config = MlprConfig { tower: vec![8], ..MlprConfig::playground(wide::COUNT) };
    let mlpr = untrained(MLPR, catalogue, &config, &config.init(&device));
    let state = State::default();
    for (file, bytes, state) in [
        ("yandex.safetensors", yandex, state.clone().retrieved_by(&yandex::RETRIEVER)),
        ("mlpr.safetensors", mlpr, state.ranked_by(&mlpr::RANKER)),
    ] {
        let mut funnel = load(Spoilt::with(file, bytes)).expect("the rest is there");
        let answer = run(&mut funnel, &state);
        said(&answer.notices[0], file);
        assert_eq!(answer.candidates, run(&mut funnel, &State::default()).candidates, "{file}");
    }
}

/// Name of the file of the ranker that opens.
const FILE: &str = "dmt-mmoe-position-neighbours.safetensors";

/// Weights of the ranker that opens that have learned nothing, with so many experts: another number of them
/// is another drawing of the same system.
fn unlearned(funnel: &Funnel<Spoilt>, experts: usize) -> Vec<u8> {
    let catalogue = &funnel.stock().catalogue;
    let config =
        DmtConfig { experts, ..DmtConfig::playground(Vocabulary::of(catalogue), dense::COUNT) };
    untrained(DMT, catalogue, &config, &config.init(&Device::flex()))
}

fn keys(answer: &Answer) -> Vec<&str> {
    answer.notices.iter().map(|notice| notice.key.as_str()).collect()
}

#[test]
fn learned_weights_rank_where_a_state_asks_for_them_and_nowhere_else() {
    let mut funnel = funnel();
    let state = State::default();
    let asking = state.clone().with(&shared::WEIGHTS, Weights::Learned.value());
    let shipped = run(&mut funnel, &state);
    assert!(!shipped.learned && shipped.notices.is_empty());
    // Without any, what ships ranks, and that is said.
    let lacking = run(&mut funnel, &asking);
    assert_eq!(lacking.candidates, shipped.candidates);
    assert_eq!(keys(&lacking), ["learned-missing"]);
    let measured = block_on(funnel.evaluate(1, &asking, 0, 1, &Patient::default()));
    assert_eq!(measured.notices[0].key, "learned-missing");

    let brought = unlearned(&funnel, 6);
    funnel.weigh(FILE, Some(brought.clone()));
    let other = run(&mut funnel, &asking);
    assert_ne!(other.candidates, shipped.candidates);
    assert_eq!(other.blocks.gates().map(|gates| gates.layers[0].experts.len()), Some(6));
    assert_eq!(keys(&other), ["learned"]);
    // Who does not ask goes on with what ships, and is told that there is a choice.
    let beside = run(&mut funnel, &state);
    assert_eq!(beside.candidates, shipped.candidates);
    assert!(beside.learned && beside.notices.is_empty());
    // Another ranker in between has none; and back: they still rank.
    let mlpr = run(&mut funnel, &asking.clone().ranked_by(&mlpr::RANKER));
    assert_eq!((keys(&mlpr), mlpr.learned), (vec!["learned-missing"], false));
    assert_eq!(run(&mut funnel, &asking).candidates, other.candidates);
    funnel.weigh(FILE, None);
    assert_eq!(run(&mut funnel, &asking).candidates, shipped.candidates);
    // What can't be read is told of, and what ships ranks.
    funnel.weigh(FILE, Some(brought[..1000].to_vec()));
    let broken = run(&mut funnel, &asking);
    assert!(english(&broken.notices[0].says).contains(FILE), "{:?}", broken.notices);
    assert_eq!(broken.candidates, shipped.candidates);
    assert_eq!(keys(&run(&mut funnel, &asking)), ["learned-missing"]);
}

#[test]
fn learned_weights_and_those_that_ship_keep_their_last_answers_apart() {
    let mut funnel = funnel();
    let state = State::default();
    let asking = state.clone().with(&shared::WEIGHTS, Weights::Learned.value());
    let ranked_anew = |funnel: &mut Funnel<Spoilt>, state: &State| {
        let timings = run(funnel, state).timings;
        timings.iter().any(|time| time.stage == "rank" && !time.cached)
    };
    let weights = unlearned(&funnel, 4);
    funnel.weigh(FILE, Some(weights));
    let anew: Vec<bool> = [&state, &asking, &state, &asking]
        .into_iter()
        .map(|state| ranked_anew(&mut funnel, state))
        .collect();
    assert_eq!(anew, [true, true, false, false]);
    // Others are ranked with anew, in use or at rest; those that ship are not.
    for last in [&asking, &state] {
        run(&mut funnel, last);
        let weights = unlearned(&funnel, 5);
        funnel.weigh(FILE, Some(weights));
        assert!(!ranked_anew(&mut funnel, &state));
        assert!(ranked_anew(&mut funnel, &asking));
    }
}

/// Name of the file of the retriever that opens.
pub const TOWERS: &str = "moppr.safetensors";

/// Towers of the retriever that opens that have learned nothing.
pub fn untaught(funnel: &Funnel<Spoilt>) -> Vec<u8> {
    let catalogue = &funnel.stock().catalogue;
    let (config, device) = (MopprConfig::playground(Vocabulary::of(catalogue)), Device::flex());
    let model = seeded(&device, 1, || config.init(&device));
    untrained(MOPPR, catalogue, &config, &model)
}

#[test]
fn learned_towers_retrieve_where_a_state_asks_for_them_and_nowhere_else() {
    let mut funnel = funnel();
    let state = State::default();
    let asking = state.clone().with(&shared::RETRIEVER_WEIGHTS, Weights::Learned.value());
    let shipped = run(&mut funnel, &state);
    assert!(!shipped.learned_towers && shipped.notices.is_empty());
    // Without any, what ships retrieves, and that is said.
    let lacking = run(&mut funnel, &asking);
    assert_eq!(lacking.candidates, shipped.candidates);
    assert_eq!(keys(&lacking), ["towers-missing"]);
    let measured = block_on(funnel.evaluate(1, &asking, 0, 1, &Patient::default()));
    assert_eq!(measured.notices[0].key, "towers-missing");

    // What ships, as if it had been learned, is what ships at the sliders that it is the mean of.
    funnel.weigh(TOWERS, Some(fs::read("assets/moppr.safetensors").expect("what ships")));
    let same = run(&mut funnel, &asking);
    assert_eq!(same.candidates, shipped.candidates);
    assert_eq!(keys(&same), ["towers"]);
    // It is one set of towers: sliders turn nothing, and are said to.
    let mut turned = asking.clone();
    weigh(&mut turned, [0.0, 0.0, 1.0, 0.2]);
    assert_eq!(run(&mut funnel, &turned).candidates, shipped.candidates);
    let why = (moppr::WEIGHT_CLICK.idle)(&turned.settings, &same.facts()).map(Idle::words);
    assert_eq!(why, Some("idle.learned-towers"));
    let mut mixed = state.clone();
    weigh(&mut mixed, [0.0, 0.0, 1.0, 0.2]);
    assert_ne!(run(&mut funnel, &mixed).candidates, shipped.candidates);

    let brought = untaught(&funnel);
    funnel.weigh(TOWERS, Some(brought.clone()));
    let other = run(&mut funnel, &asking);
    assert_ne!(other.candidates, shipped.candidates);
    assert_eq!(keys(&other), ["towers"]);
    // A tree is of the same vectors.
    let found = |funnel: &mut Funnel<Spoilt>, state: &State| {
        run(funnel, &state.clone().with(&shared::INDEX, SearchedIn::Tree.value())).candidates
    };
    let (of_shipped, of_learned) = (found(&mut funnel, &state), found(&mut funnel, &asking));
    assert_ne!(of_shipped, of_learned);
    for candidate in &of_learned {
        let exact = other.candidates.iter().find(|c| c.product == candidate.product);
        let near = |exact: f32| (exact - candidate.retrieval_score).abs() < 0.02;
        assert!(exact.is_none_or(|exact| near(exact.retrieval_score)), "{candidate:?}");
    }
    // Who does not ask goes on with what ships, and is told that there is a choice.
    let beside = run(&mut funnel, &state);
    assert_eq!(beside.candidates, shipped.candidates);
    assert!(beside.learned_towers && beside.notices.is_empty());
    // Another retriever has none, one that learns nothing never will; and back: they still retrieve.
    let yandex = run(&mut funnel, &asking.clone().retrieved_by(&yandex::RETRIEVER));
    assert_eq!((keys(&yandex), yandex.learned_towers), (vec!["towers-missing"], false));
    let bm25 = run(&mut funnel, &asking.clone().retrieved_by(&bm25::RETRIEVER));
    assert!(!keys(&bm25).contains(&"towers-missing") && !bm25.learned_towers);
    assert_eq!(run(&mut funnel, &asking).candidates, other.candidates);
    funnel.weigh(TOWERS, None);
    assert_eq!(run(&mut funnel, &asking).candidates, shipped.candidates);

    // What can't be read, or is of other sizes, is told of, and what ships retrieves.
    let catalogue = &funnel.stock().catalogue;
    let playground = MopprConfig::playground(Vocabulary::of(catalogue));
    let config = MopprConfig { output: 32, ..playground };
    let sizes = untrained(MOPPR, catalogue, &config, &config.init(&Device::flex()));
    for (bytes, says) in [(brought[..1000].to_vec(), TOWERS), (sizes, "--preset paper")] {
        funnel.weigh(TOWERS, Some(bytes));
        let broken = run(&mut funnel, &asking);
        assert!(english(&broken.notices[0].says).contains(says), "{:?}", broken.notices);
        assert_eq!(broken.candidates, shipped.candidates);
        assert_eq!(keys(&run(&mut funnel, &asking)), ["towers-missing"]);
    }
}

#[test]
fn the_second_stage_is_what_yandex_learns() {
    let mut funnel = funnel();
    let state = State::default().retrieved_by(&yandex::RETRIEVER);
    let asking = state.clone().with(&shared::RETRIEVER_WEIGHTS, Weights::Learned.value());
    let shipped = run(&mut funnel, &state);
    let (config, device) = (YandexConfig::playground(), Device::flex());
    let model = seeded(&device, 1, || config.init(&device));
    let brought = untrained(YANDEX, &funnel.stock().catalogue, &config, &model);
    funnel.weigh("yandex.safetensors", Some(brought));
    let learned = run(&mut funnel, &asking);
    assert_ne!(learned.candidates, shipped.candidates);
    assert_eq!(keys(&learned), ["towers"]);
    let first = asking.with(&yandex::STAGE, 1.0);
    assert_eq!(keys(&run(&mut funnel, &first)), ["towers-missing"]);
    let same = fs::read("assets/yandex.safetensors").expect("what ships");
    funnel.weigh("yandex.safetensors", Some(same));
    let again = state.clone().with(&shared::RETRIEVER_WEIGHTS, Weights::Learned.value());
    assert_eq!(run(&mut funnel, &again).candidates, shipped.candidates);
}

#[test]
fn a_file_of_weights_is_told_apart_from_all_that_is_none() {
    let funnel = funnel();
    let catalogue = &funnel.stock().catalogue;
    let read = |name: &str| fs::read(format!("assets/{name}")).expect(name);
    // What ships and what was saved can be opened, for every variant, and MLPR's.
    for (file, multi_task, bias) in [
        (FILE, MultiTask::Mmoe, BiasFeatures::SHIPPED),
        ("dmt-mmoe-unbiased.safetensors", MultiTask::Mmoe, BiasFeatures::default()),
        (
            "dmt-single-task-position-neighbours.safetensors",
            MultiTask::SingleTask,
            BiasFeatures::SHIPPED,
        ),
    ] {
        let opened = funnel.open(&read(file)).expect(file);
        assert_eq!(opened.file, file);
        assert_eq!(MultiTask::of(&opened.settings), multi_task);
        assert_eq!(BiasFeatures::of(&opened.settings), bias);
        assert!(opened.command.contains("dmt"), "{}", opened.command);
    }
    let mlpr = funnel.open(&read("mlpr.safetensors")).expect("a ranker's");
    assert_eq!((&*mlpr.file, mlpr.settings.option(&shared::RANKER)), ("mlpr.safetensors", 1));
    // And those of the retrievers that learn, which no command takes that ranks with a file.
    for (number, name) in ["moppr", "yandex"].into_iter().enumerate() {
        let file = format!("{name}.safetensors");
        let opened = funnel.open(&read(&file)).expect(name);
        assert_eq!((&opened.file, &*opened.system), (&file, name));
        assert_eq!(opened.settings.option(&shared::RETRIEVER), number);
        let refused = funnel.open_ranker(&read(&file)).expect_err("no ranker's");
        assert_eq!(refused.key, "weights-model");
    }
    assert_eq!([&mlpr.system, &funnel.open(&read(FILE)).expect(FILE).system], ["mlpr", "dmt"]);

    let whole = unlearned(&funnel, 4);
    let config = DmtConfig::playground(Vocabulary::of(catalogue), dense::COUNT);
    let made = |config: &DmtConfig, catalogue: &Catalogue| {
        untrained(DMT, catalogue, config, &config.init(&Device::flex()))
    };
    let elsewhere = Catalogue { seed: catalogue.seed + 1, ..catalogue.clone() };
    let larger = DmtConfig { d_f: config.d_f * 2, ..config.clone() };
    let header = br#"{"__metadata__":{"format":"pt"}}"#;
    let others = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    let mut broken = whole.clone();
    broken[12] ^= 0x55;
    for (bytes, key) in [
        (Vec::new(), "weights-none"),
        (br#"{"q": "couch"}"#.to_vec(), "weights-none"),
        (vec![0; 4096], "weights-none"),
        (read("mlpr.safetensors")[..7].to_vec(), "weights-none"),
        // Of the same kind, and none of ours.
        (others, "weights-none"),
        (whole[..100].to_vec(), "weights-damaged"),
        (whole[..whole.len() - 1].to_vec(), "weights-damaged"),
        (broken, "weights-damaged"),
        (read("query-category.safetensors"), "weights-model"),
        (made(&config, &elsewhere), "weights-catalogue"),
        (made(&larger, catalogue), "weights-sizes"),
    ] {
        let notice = funnel.open(&bytes).expect_err(key);
        assert_eq!(notice.key, key, "{}", english(&notice.says));
    }
}

#[test]
fn whoever_lost_interest_gets_no_answer() {
    struct Gone;
    impl Caller for Gone {
        async fn still_wanted(&self) -> bool {
            false
        }
        fn milliseconds(&self) -> f64 {
            0.0
        }
    }
    assert_eq!(block_on(funnel().run(1, &State::default(), &Gone)), Ok(None));
}
