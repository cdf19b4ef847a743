//! What is sold out: never offered, still known, and said, on the shipped assets.

use std::collections::BTreeSet;
use std::path::Path;

use burn::tensor::Device;
use engine::pipeline::Funnel;
use engine::pipeline::assets::Manifest;
use engine::pipeline::request::Request;
use engine::pipeline::retrieve::{self, Retriever};
use engine::pipeline::views::{HELD_OUT, Views};
use futures::executor::block_on;
use lab::cli::judge::read;
use lab::native::Folder;
use lab::native::Patient;
use link::{HistoryEdit, State};
use market::catalogue::{Catalogue, ProductId};
use market::features::split::day_of;
use market::features::windows::BY_SPAN;
use market::held_out::HeldOut;
use protocol::{Question, Reply};
use systems::knob::Settings;
use systems::registry::RETRIEVERS;
use systems::shared::{self, Surface};
use systems::{Attends, dmt, mlpr, moppr, yandex};

use crate::support::{Spoilt, funnel, run};

fn on_sale(catalogue: &Catalogue, day: i32) -> BTreeSet<ProductId> {
    let products = 0..catalogue.products.len() as ProductId;
    products.filter(|product| catalogue.is_on_sale(*product, day)).collect()
}

/// What can be bought when the shopper of a state asks.
fn offered(funnel: &Funnel<Spoilt>, state: &State) -> BTreeSet<ProductId> {
    let stock = funnel.stock();
    let (request, _) =
        Request::new(state, &stock.shoppers, &stock.catalogue).expect("somebody shops");
    on_sale(&stock.catalogue, request.day())
}

/// Each query of the judged ones, asked by one of the shoppers with one of the ways to retrieve.
fn states(shoppers: &[String]) -> Vec<State> {
    let queries = read(Path::new("tests/judged/queries.csv")).expect("judged queries");
    let ways = [
        Settings::default(),
        Settings::default().with(&shared::QUANTISED, 0.0),
        Settings::default().with(&shared::RELEVANCE_CONTROL, 0.0),
        Settings::default().with(&shared::SAMPLE, 1.0).with(&shared::TEMPERATURE, 0.2),
        Settings::default().with(&shared::COARSE, 1.0).with(&shared::CANDIDATES, 200.0),
        Settings::default().with(&shared::GMV, 1.0),
    ];
    let mut states = Vec::new();
    for retriever in RETRIEVERS {
        for ranker in [&dmt::RANKER, &mlpr::RANKER] {
            for (number, judged) in queries.iter().enumerate() {
                let shopper = shoppers[number % shoppers.len()].clone();
                let query = judged.query.clone();
                let settings = ways[number % ways.len()].clone();
                let state = State { shopper, query, settings, ..State::default() };
                let mut state = state.retrieved_by(retriever).ranked_by(ranker);
                if number % 10 == 9 {
                    state.settings.set(&shared::SURFACE, Surface::Feed.value());
                }
                states.push(state);
            }
        }
    }
    states
}

#[test]
fn nothing_that_is_sold_out_is_offered() {
    let mut funnel = funnel();
    // A number that has nothing in common with that of the ways.
    let shoppers = funnel.stock().shoppers.iter().take(7).map(|shopper| shopper.key.clone());
    let shoppers: Vec<String> = shoppers.collect();
    let all = funnel.stock().catalogue.products.len();
    for state in states(&shoppers) {
        let offered = offered(&funnel, &state);
        assert!(all - offered.len() > all / 20, "{} are sold out", all - offered.len());
        let answer = run(&mut funnel, &state);
        assert_eq!(answer.retrieval.searched as usize, offered.len());
        assert!(answer.retrieval.admitted <= answer.retrieval.searched);
        let sold_out = answer.candidates.iter().find(|c| !offered.contains(&c.product));
        assert_eq!(sold_out, None, "{} asked by {}", state.query, state.shopper);
        assert!(answer.candidates.len() >= state.page_size());
    }
}

#[test]
fn a_request_retrieves_from_what_is_on_sale_when_it_is_made() {
    let funnel = funnel();
    let stock = funnel.stock();
    let source = Folder("assets".into());
    let manifest = block_on(Manifest::fetch(&source)).expect("it is shipped");
    let files = block_on(manifest.all(&source, retrieve::FILES)).expect("they are shipped");
    let mut retriever = Retriever::read(&files, stock, &Device::flex()).expect("they are whole");
    let all = stock.catalogue.products.len();
    // Whatever is searched is retrieved.
    let settings = Settings::default()
        .with(&shared::RELEVANCE_CONTROL, 0.0)
        .with(&shared::CANDIDATES, all as f32);
    let mut retrieved = |request: &Request| -> BTreeSet<ProductId> {
        let found = retriever.draw(stock, request, &settings);
        let (found, _) = block_on(found).expect("the device works");
        found.candidates.iter().map(|candidate| candidate.product).collect()
    };
    let views =
        block_on(Views::fetch(&manifest, &source, stock, Vec::new())).expect("it is shipped");
    let held_out: HeldOut = block_on(manifest.json(&source, HELD_OUT)).expect("it is shipped");
    let mut days = BTreeSet::new();
    for number in 0..5 {
        let view = &held_out.views[number];
        let request = views.request(number);
        let of_day = on_sale(&stock.catalogue, day_of(view.time));
        assert!(view.shown.iter().all(|(product, _)| of_day.contains(product)));
        assert_eq!(retrieved(&request), of_day);
        days.insert(request.day());
    }
    let (request, _) = Request::new(&State::default(), &stock.shoppers, &stock.catalogue).unwrap();
    assert!(days.iter().all(|day| *day < request.day()), "play begins after the held-out day");
    let later = on_sale(&stock.catalogue, request.day());
    assert_eq!(retrieved(&request), later);
    // Another day, another stock.
    assert!(days.iter().all(|day| on_sale(&stock.catalogue, *day) != later));
}

#[test]
fn what_is_sold_out_stays_in_the_history_and_is_read() {
    let mut funnel = funnel();
    let shoppers = funnel.stock().shoppers.clone();
    // BM25 reads a few of the newest alone, and only where nothing is typed.
    let retrievers = [&moppr::RETRIEVER, &yandex::RETRIEVER];
    let (mut known, mut read) = (0, [0, 0]);
    for shopper in &shoppers {
        for (which, retriever) in retrievers.into_iter().enumerate() {
            let state = State { shopper: shopper.key.clone(), ..State::default() };
            let state = state.retrieved_by(retriever);
            let state = state.with(&shared::SURFACE, Surface::Feed.value());
            let offered = offered(&funnel, &state);
            let answer = run(&mut funnel, &state);
            let events: Vec<_> = answer.history.iter().map(|entry| entry.event).collect();
            assert_eq!(events, shopper.events);
            let gone: Vec<_> =
                answer.history.iter().filter(|e| !offered.contains(&e.event.product)).collect();
            known += gone.len();
            read[which] += gone.iter().filter(|entry| entry.kept).count();
            assert!(gone.iter().all(|entry| entry.kept == (entry.attention > 0.0)));
            // Whether a behaviour is read hangs on how old it is, and on nothing else.
            let kept: Vec<bool> = answer.history.iter().map(|entry| entry.kept).collect();
            let newest = match retriever.attends {
                Attends::Whole => {
                    let first = kept.iter().position(|kept| *kept).unwrap_or(kept.len());
                    (first..kept.len()).collect()
                }
                Attends::BySpan => {
                    let read =
                        BY_SPAN.iter().flat_map(|window| window.select(&events, shopper.now));
                    read.collect::<BTreeSet<usize>>()
                }
            };
            assert!((0..kept.len()).all(|n| kept[n] == newest.contains(&n)), "{}", shopper.key);
        }
    }
    assert!(known > 10 && read.iter().all(|count| *count > 0), "{read:?} of {known}");
}

#[test]
fn whoever_asks_for_what_is_sold_out_is_told() {
    let mut funnel = funnel();
    let mut state = State { query: "sofa".into(), ..State::default() };
    let offered = offered(&funnel, &state);
    let gone = (0..).find(|product| !offered.contains(product)).expect("something is sold out");
    state.selected = Some(gone);
    let answer = run(&mut funnel, &state);
    let keys = |answer: &protocol::Answer| -> Vec<String> {
        answer.notices.iter().map(|notice| notice.key.clone()).collect()
    };
    assert_eq!(keys(&answer), ["sold-out"]);
    state.selected = Some(answer.candidates[0].product);
    assert_eq!(keys(&run(&mut funnel, &state)), [""; 0]);
    state.history =
        vec![HistoryEdit::Add { kind: market::history::EventKind::Cart, product: gone }];
    let answer = run(&mut funnel, &state);
    assert_eq!(keys(&answer), ["sold-out-added"]);
    assert_eq!(answer.history.last().map(|entry| entry.event.product), Some(gone));

    // Its way through the funnel ends in the stock; what would have come of it is said.
    let told = block_on(funnel.ask(
        1,
        &state,
        &Question::Trace { product: gone, held: None },
        &Patient::default(),
    ));
    let Some(Reply::Trace(trace)) = told.reply else { panic!("{told:?}") };
    let stock = &trace.passages[0];
    assert_eq!((stock.stage.as_str(), stock.passed), ("stock", false));
    assert_eq!(stock.entered as usize, funnel.stock().catalogue.products.len());
    assert_eq!(stock.left as usize, offered.len());
    assert_eq!(trace.passages[1].entered, stock.left);
    assert!(trace.score.is_finite());
    let told = block_on(funnel.ask(1, &state, &Question::Parts(gone), &Patient::default()));
    let Some(Reply::Parts(parts)) = told.reply else { panic!("{told:?}") };
    assert_eq!((parts.candidate.product, parts.candidate.probability), (gone, 0.0));
    let score = parts.coalitions.last().copied().expect("all groups");
    assert!((parts.candidate.retrieval_score - score).abs() < 1e-4);
}
