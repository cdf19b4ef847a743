//! A larger shop around the one that ships: what stays as it is, and what is known of the newcomers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use engine::pipeline::Funnel;
use engine::pipeline::caller::Caller;
use engine::pipeline::kept::{Keeps, KeptFile, NotKept, Opening};
use engine::pipeline::stock::SHELVES;
use futures::executor::block_on;
use lab::native::Patient;
use link::{HistoryEdit, State};
use market::catalogue::ProductId;
use market::history::EventKind;
use protocol::{Answer, Growing, Making, Question, Reply};
use systems::registry::{self, RANKERS, RETRIEVERS};
use systems::shared::{
    CANDIDATES, COARSE, COARSE_KEEP, GMV, INDEX, LEVELS, PRODUCTS, RELEVANCE_CONTROL, SIGMA,
    SearchedIn, ShopSize,
};
use systems::{bm25, dmt, mlpr, retrieval_alone, yandex};

use crate::support::{Spoilt, ask, funnel, load, run};

const SHIPPED: usize = 4_000;

fn of_size(size: ShopSize, query: &str) -> State {
    let mut state = State { query: query.into(), ..State::default() };
    state.settings.set(&PRODUCTS, size.value());
    state.settings.set(&CANDIDATES, 200.0);
    state
}

fn newcomers(answer: &Answer) -> Vec<ProductId> {
    let products = answer.candidates.iter().map(|candidate| candidate.product);
    products.filter(|product| *product as usize >= SHIPPED).collect()
}

/// What every stage says of the products that ship, whether or not more are sold: retrieval's scores and
/// the ranker's.
#[test]
fn what_ships_is_scored_alike_in_a_larger_shop() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            let of = |size| {
                let state = of_size(size, "running shoes").retrieved_by(retriever);
                state.ranked_by(ranker).with(&RELEVANCE_CONTROL, 0.0)
            };
            let small = run(&mut funnel, &of(ShopSize::Shipped));
            let large = run(&mut funnel, &of(ShopSize::Large));
            assert_eq!((small.products, large.products), (4_000, 40_000));
            assert_eq!(large.notices, [], "{retriever:?} {ranker:?}");
            assert_eq!(large.candidates.len(), small.candidates.len());
            let mut both = 0;
            for candidate in &large.candidates {
                let same = small.candidates.iter().find(|c| c.product == candidate.product);
                let Some(same) = same else { continue };
                both += 1;
                // BM25 has learned nothing of any log: it counts words in the shop that it searches.
                let alike = candidate.retrieval_score == same.retrieval_score;
                assert!(alike || !retriever.has_vectors, "{retriever:?} {}", candidate.product);
                for (a, b) in candidate.utility.iter().zip(&same.utility) {
                    assert!((a - b).abs() < 1e-4, "{ranker:?}: {a} {b}");
                }
            }
            assert!(both >= 3, "{retriever:?}: {both} of what ships is among the best");
            // Of equal scores, which words give, the lower number comes first.
            let least = if retriever.has_vectors { 100 } else { 1 };
            assert!(newcomers(&large).len() >= least, "{retriever:?}");
        }
    }
    // Back again nothing has changed.
    let again = run(&mut funnel, &of_size(ShopSize::Shipped, "running shoes"));
    let fresh = run(&mut crate::support::funnel(), &of_size(ShopSize::Shipped, "running shoes"));
    assert_eq!(again.candidates, fresh.candidates);
}

/// A newcomer's score is that of its own vectors, wherever it is asked for: in the search over int8, in what
/// the score is made of, and down a tree.
#[test]
fn a_newcomer_is_scored_by_its_own_vectors() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS.into_iter().filter(|retriever| retriever.has_vectors) {
        let mut state = of_size(ShopSize::Large, "running shoes").retrieved_by(retriever);
        for gmv in [false, true] {
            state.settings.switch(&GMV, gmv);
            state.settings.set(&SIGMA, 0.02);
            let answer = run(&mut funnel, &state);
            let product = newcomers(&answer)[0];
            let found = answer.candidates.iter().find(|c| c.product == product).unwrap();
            let reply = ask(&mut funnel, &state, Question::Parts(product));
            let Reply::Parts(parts) = reply else { panic!("{retriever:?}: no parts") };
            let whole = *parts.coalitions.last().unwrap();
            let near = (whole - found.retrieval_score).abs() < 0.004;
            assert!(near, "{retriever:?} {gmv}: {whole} {}", found.retrieval_score);
            let reply = ask(&mut funnel, &state, Question::Trace { product, held: None });
            let Reply::Trace(trace) = reply else { panic!("{retriever:?}: no trace") };
            assert!(trace.passages.iter().all(|passage| passage.passed), "{retriever:?}");
            assert_eq!(trace.passages[0].entered, 40_000);
        }
        // Down a tree newcomers are found, too, and most of those that exact search finds.
        state.settings.switch(&GMV, false);
        let exact = run(&mut funnel, &state);
        state.settings.set(&INDEX, SearchedIn::Tree.value());
        state.settings.turn(&systems::shared::BEAM, 64.0);
        let tree = run(&mut funnel, &state);
        let found = newcomers(&tree);
        let same = newcomers(&exact).into_iter().filter(|product| found.contains(product)).count();
        assert!(2 * same > newcomers(&exact).len(), "{retriever:?}: {same} of {}", found.len());
        let scores = |answer: &Answer| -> Vec<(ProductId, f32)> {
            answer.candidates.iter().map(|c| (c.product, c.retrieval_score)).collect()
        };
        let exact = scores(&exact);
        for (product, score) in scores(&tree) {
            let same = exact.iter().find(|(other, _)| *other == product);
            assert!(same.is_none_or(|(_, other)| *other == score), "{retriever:?} {product}");
        }
    }
}

/// The machine, the history and the coarse ranker read a newcomer as any other product.
#[test]
fn a_newcomer_that_was_bought_is_read_by_every_system() {
    let mut funnel = funnel();
    let found = run(&mut funnel, &of_size(ShopSize::Large, "running shoes"));
    let bought = newcomers(&found)[0];
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            let mut state = of_size(ShopSize::Large, "running shoes");
            state = state.retrieved_by(retriever).ranked_by(ranker);
            state = state.with(&COARSE, 1.0).with(&COARSE_KEEP, 20.0);
            state.history = vec![HistoryEdit::Add { kind: EventKind::Order, product: bought }];
            let answer = run(&mut funnel, &state);
            assert_eq!(answer.notices, [], "{retriever:?} {ranker:?}");
            assert_eq!(answer.candidates.len(), 20);
            let last = answer.history.last().unwrap();
            assert_eq!((last.event.product, last.event.kind), (bought, EventKind::Order));
            let row = answer.others.iter().find(|listed| listed.product == bought);
            assert!(row.is_some_and(|listed| !listed.row.title.is_empty()));
            // Every newcomer that is named comes with its row, once, by number.
            let listed: Vec<ProductId> = answer.others.iter().map(|other| other.product).collect();
            assert!(listed.is_sorted_by(|a, b| a < b));
            assert!(newcomers(&answer).iter().all(|product| listed.contains(product)));
            if ranker.tasks.is_empty() && !retriever.has_vectors {
                continue;
            }
            // Of the page, newcomers are read that nobody named.
            for of_page in [false, true] {
                let asked = Question::Machine { product: bought, of_page };
                let Reply::Machine(machine) = ask(&mut funnel, &state, asked) else {
                    panic!("{retriever:?} {ranker:?}: no machine");
                };
                for activity in machine.retriever.iter().chain(&machine.ranker) {
                    let mut values = activity.rows.iter().flat_map(|strip| &strip.values);
                    assert!(
                        values.all(|value| !value.is_nan()),
                        "{retriever:?}: {}",
                        activity.part
                    );
                }
            }
        }
    }
    // Back in the shop that ships nobody has heard of it, and that is said.
    let mut state = of_size(ShopSize::Shipped, "running shoes");
    state.history = vec![HistoryEdit::Add { kind: EventKind::Order, product: bought }];
    let answer = run(&mut funnel, &state);
    assert_eq!(answer.notices.len(), 1);
    assert!(answer.history.iter().all(|entry| entry.event.product != bought));
}

/// BM25's lists of words are given back where vectors are laid out, and made again, to the same answer.
#[test]
fn lists_that_were_given_back_are_made_again() {
    let mut funnel = funnel();
    let of = |retriever| of_size(ShopSize::Large, "running shoes").retrieved_by(retriever);
    let before = run(&mut funnel, &of(&bm25::RETRIEVER)).candidates;
    assert!(!before.is_empty());
    assert_eq!(run(&mut funnel, &of(&yandex::RETRIEVER)).products, 40_000);
    assert_eq!(run(&mut funnel, &of(&bm25::RETRIEVER)).candidates, before);
}

/// The page views are measured in the larger shop as in the one that ships: the truth of every product is
/// known.
#[test]
fn page_views_are_measured_in_a_larger_shop() {
    let mut funnel = funnel();
    let mut values = |size| {
        let evaluated =
            block_on(funnel.evaluate(1, &of_size(size, ""), 0, 12, &Patient::default()));
        assert_eq!((evaluated.notices.len(), evaluated.values.len()), (0, 12));
        evaluated.values
    };
    let small = values(ShopSize::Shipped);
    let large = values(ShopSize::Large);
    assert_ne!(small, large);
    assert_eq!(values(ShopSize::Shipped), small);
}

/// Whoever loses interest leaves what was made, and the next one goes on from there.
struct Hasty {
    looks: Cell<usize>,
    made: RefCell<Vec<(Making, u32)>>,
}

impl Caller for Hasty {
    async fn still_wanted(&self) -> bool {
        self.looks.set(self.looks.get().saturating_sub(1));
        self.looks.get() > 0
    }

    fn milliseconds(&self) -> f64 {
        0.0
    }

    fn growing(&self, growing: Growing) {
        assert_eq!(growing.of, 40_000);
        self.made.borrow_mut().push((growing.what, growing.made));
    }
}

#[test]
fn a_shop_that_is_given_up_half_way_is_gone_on_with() {
    let mut funnel = funnel();
    let state = of_size(ShopSize::Large, "running shoes");
    let hasty = |looks| Hasty { looks: Cell::new(looks), made: RefCell::default() };
    let first = hasty(10);
    assert_eq!(block_on(funnel.run(1, &state, &first)).unwrap(), None);
    // Meanwhile the shop that ships answers.
    let shipped = of_size(ShopSize::Shipped, "running shoes");
    assert_eq!(run(&mut funnel, &shipped).products, 4_000);
    let second = hasty(usize::MAX);
    let again = hasty(10);
    assert_eq!(block_on(funnel.run(2, &state, &again)).unwrap(), None);
    let left = first.made.borrow().last().unwrap().1;
    assert!(again.made.borrow()[0].1 >= left, "what was made before is there");
    let answer = block_on(funnel.run(3, &state, &second)).unwrap().unwrap();
    assert_eq!(answer.products, 40_000);
    let (made, went_on) = (again.made.borrow(), second.made.borrow());
    let stopped = made.last().unwrap().1;
    assert!(stopped > 4_000 && went_on[0].1 > stopped, "{stopped} {:?}", went_on[0]);
    // Everything is made once, one after the other.
    let rises = |what| {
        let of = went_on.iter().filter(|(made, _)| *made == what).map(|(_, made)| *made);
        let of: Vec<u32> = of.collect();
        of.len() > 10 && of.is_sorted() && of.last() == Some(&40_000)
    };
    assert!(rises(Making::Products) && rises(Making::Vectors));
    let vectors = went_on.iter().position(|(what, _)| *what == Making::Vectors).unwrap();
    assert!(went_on[vectors..].iter().all(|(what, _)| *what == Making::Vectors));
}

/// Files that outlive a visit, or why there are none.
#[derive(Clone, Default)]
struct Disk {
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    refused: Option<NotKept>,
}

impl Keeps for Disk {
    fn version(&self) -> String {
        "1".into()
    }

    fn open<'a>(&'a self, name: &'a str) -> Opening<'a> {
        self.files.borrow_mut().entry(name.into()).or_default();
        let open: Box<dyn KeptFile> = Box::new(OnDisk(self.clone(), name.into()));
        let opened = self.refused.clone().map_or(Ok(open), Err);
        Box::pin(async move { opened })
    }
}

struct OnDisk(Disk, String);

impl OnDisk {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        act(self.0.files.borrow_mut().get_mut(&self.1).expect("a file that is kept"))
    }
}

impl KeptFile for OnDisk {
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<usize, NotKept> {
        self.with(|file| {
            let rest = file.get(at as usize..).unwrap_or_default();
            let count = rest.len().min(bytes.len());
            bytes[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), NotKept> {
        self.with(|file| {
            assert_eq!(file.len(), at as usize);
            file.extend(bytes);
            Ok(())
        })
    }

    fn cut(&mut self, at: u64) -> Result<(), NotKept> {
        self.with(|file| file.truncate(at as usize));
        Ok(())
    }
}

/// Whoever looks at how many products and vectors were taken from an earlier visit, and of how many the tree.
#[derive(Default)]
struct Watching {
    products: Cell<u32>,
    vectors: Cell<u32>,
    tree: Cell<u32>,
}

impl Caller for Watching {
    async fn still_wanted(&self) -> bool {
        true
    }

    fn milliseconds(&self) -> f64 {
        0.0
    }

    fn growing(&self, Growing { what, taken, .. }: Growing) {
        match what {
            Making::Products => self.products.set(taken),
            Making::Vectors => self.vectors.set(taken),
            Making::Tree => self.tree.set(taken),
        }
    }
}

/// The engine of a visit to a shop whose files are these.
fn visit(disk: &Disk, source: Spoilt) -> Funnel<Spoilt> {
    let mut funnel = load(source).expect("a shop");
    funnel.keep(Box::new(disk.clone()));
    funnel
}

/// What is answered, and how many products and vectors were taken.
fn watched(funnel: &mut Funnel<Spoilt>, state: &State) -> (Answer, u32, u32) {
    let watching = Watching::default();
    let answer =
        block_on(funnel.run(1, state, &watching)).expect("an answer").expect("of this run");
    (answer, watching.products.get(), watching.vectors.get())
}

/// Newcomers of 40,000 products without the first thousand, which each visit makes for itself.
const ALL: u32 = 35_000;

#[test]
fn what_a_visit_made_the_next_one_takes_to_the_same_answer() {
    let state = of_size(ShopSize::Large, "running shoes");
    let expected = run(&mut funnel(), &state);
    let same = |answer: &Answer| {
        assert_eq!(answer.notices, []);
        assert_eq!(answer.candidates, expected.candidates);
        assert_eq!(answer.others, expected.others);
        assert_eq!(answer.products, expected.products);
    };
    let vectors = format!("shop-vectors-{}-cpu", registry::retriever(&state.settings).key);
    let disk = Disk::default();
    // A tab that is closed in the middle.
    let hasty = Hasty { looks: Cell::new(56), made: RefCell::default() };
    assert_eq!(block_on(visit(&disk, Spoilt::new()).run(1, &state, &hasty)).unwrap(), None);
    assert_eq!(hasty.made.borrow().last().unwrap().0, Making::Vectors);
    let mut second = visit(&disk, Spoilt::new());
    let (answer, products, taken) = watched(&mut second, &state);
    same(&answer);
    assert!(products == ALL && taken > 10_000 && taken < ALL, "{products} {taken}");
    let whole = disk.files.borrow().clone();
    assert_eq!(whole.keys().collect::<Vec<_>>(), ["shop-products", &vectors]);
    // Everything is there.
    let mut third = visit(&disk, Spoilt::new());
    let (answer, products, taken) = watched(&mut third, &state);
    same(&answer);
    assert_eq!((products, taken), (ALL, ALL));
    assert_eq!(*disk.files.borrow(), whole);
    // Other vectors take the place of those that were kept, which are laid out anew then.
    let weight = registry::retriever(&state.settings).objectives[0].weight;
    let mut other = state.clone();
    other.settings.set(weight, 0.0);
    assert_eq!(watched(&mut third, &other).2, 0);
    let now = disk.files.borrow()[&vectors].clone();
    let half = whole[&vectors].len() / 2;
    assert!(now.len() > half && now != whole[&vectors]);
    // A file that was cut and one that was damaged are taken as far as they are right.
    let products = whole["shop-products"].len();
    disk.files.borrow_mut().insert(vectors.clone(), whole[&vectors][..half].into());
    disk.files.borrow_mut().get_mut("shop-products").unwrap()[products / 2] ^= 1;
    let (answer, products, taken) = watched(&mut visit(&disk, Spoilt::new()), &state);
    same(&answer);
    let part = 10_000..ALL;
    assert!(part.contains(&products) && part.contains(&taken), "{products} {taken}");
    assert_eq!(*disk.files.borrow(), whole);
    // Of other files all is made anew, whatever it is that has changed.
    let copy = "moppr-click.safetensors";
    let weights = std::fs::read("assets/moppr-exposure.safetensors").unwrap();
    let (answer, products, taken) = watched(&mut visit(&disk, Spoilt::with(copy, weights)), &state);
    same(&answer);
    assert_eq!((products, taken), (0, 0));
    assert_ne!(*disk.files.borrow(), whole);
}

/// A tree is kept with what it was built of: over the same vectors it is taken, and built anew where its file
/// is damaged, of other levels, or over other vectors.
#[test]
fn a_tree_that_a_visit_built_the_next_one_takes_to_the_same_answer() {
    let state = of_size(ShopSize::Large, "running shoes").with(&INDEX, SearchedIn::Tree.value());
    let expected = run(&mut funnel(), &state);
    let name = format!("shop-tree-{}-cpu", registry::retriever(&state.settings).key);
    let disk = Disk::default();
    let kept = || disk.files.borrow()[&name].clone();
    let taken = |state: &State| {
        let watching = Watching::default();
        let answer = block_on(visit(&disk, Spoilt::new()).run(1, state, &watching));
        let answer = answer.expect("an answer").expect("of this run");
        assert_eq!(answer.notices, []);
        (answer.candidates, watching.tree.get())
    };
    assert_eq!(taken(&state), (expected.candidates.clone(), 0));
    let whole = kept();
    assert!(whole.len() > 4 * 40_000);
    assert_eq!(taken(&state), (expected.candidates.clone(), 40_000));
    assert_eq!(kept(), whole);
    disk.files.borrow_mut().get_mut(&name).unwrap()[whole.len() / 2] ^= 1;
    assert_eq!(taken(&state), (expected.candidates.clone(), 0));
    assert_eq!(kept(), whole);
    let weight = registry::retriever(&state.settings).objectives[0].weight;
    for other in [state.clone().with(&LEVELS, 3.0), state.clone().with(weight, 0.0)] {
        assert_eq!(taken(&other).1, 0);
        assert_ne!(kept(), whole);
        assert_eq!(taken(&state), (expected.candidates.clone(), 0));
        assert_eq!(kept(), whole);
    }
    // Over what ships it is built in no time, and not kept.
    let disk = Disk::default();
    let shipped = of_size(ShopSize::Shipped, "tent").with(&INDEX, SearchedIn::Tree.value());
    run(&mut visit(&disk, Spoilt::new()), &shipped);
    assert!(disk.files.borrow().is_empty());
}

/// Where nothing can be kept, that is told once; where another visit keeps it, or nothing is to be kept,
/// there is nothing to tell.
#[test]
fn a_shop_that_can_not_be_kept_works_from_memory() {
    let state = of_size(ShopSize::Large, "running shoes");
    for (refused, told) in [
        (NotKept::Refused("full".into()), &["shop-not-kept"][..]),
        (NotKept::Taken, &[][..]),
        (NotKept::Unwanted, &[][..]),
    ] {
        let disk = Disk { refused: Some(refused), ..Disk::default() };
        let mut funnel = visit(&disk, Spoilt::new());
        let keys = |answer: &Answer| -> Vec<String> {
            answer.notices.iter().map(|notice| notice.key.clone()).collect()
        };
        let (answer, products, taken) = watched(&mut funnel, &state);
        assert_eq!((answer.products, products, taken), (40_000, 0, 0));
        assert_eq!(keys(&answer), told);
        let (again, ..) = watched(&mut funnel, &state);
        assert_eq!((keys(&again), &again.candidates), (vec![], &answer.candidates));
    }
}

/// Where the shelves are missing or damaged, or of another shop, the one that ships goes on, and that is
/// said.
#[test]
fn a_larger_shop_that_can_not_be_made_is_told_of() {
    let state = of_size(ShopSize::Large, "running shoes");
    let shipped = of_size(ShopSize::Shipped, "running shoes");
    let expected = run(&mut funnel(), &shipped).candidates;
    let mut damaged = Spoilt::new();
    let shelves = std::fs::read_to_string(damaged.folder.0.join(SHELVES)).unwrap();
    damaged.others.get_mut().insert(SHELVES.into(), shelves.replace("[sofa]", "[settee]").into());
    for source in [Spoilt::without(SHELVES), damaged] {
        let mut funnel = load(source).unwrap();
        let answer = run(&mut funnel, &state);
        let keys: Vec<&str> = answer.notices.iter().map(|notice| &*notice.key).collect();
        assert_eq!(keys, ["shop-not-made"]);
        assert_eq!((answer.products, &answer.candidates), (4_000, &expected));
    }
}

/// On the feed without relevance control, where newcomers of every type come in question.
#[test]
fn every_ranker_gives_newcomers_numbers() {
    let mut funnel = funnel();
    for ranker in [&dmt::RANKER, &mlpr::RANKER, &retrieval_alone::RANKER] {
        for retriever in [&bm25::RETRIEVER, &yandex::RETRIEVER] {
            let mut state = of_size(ShopSize::Large, "").retrieved_by(retriever).ranked_by(ranker);
            state.settings.switch(&RELEVANCE_CONTROL, false);
            state.settings.set(&systems::shared::SURFACE, 1.0);
            let answer = run(&mut funnel, &state);
            assert!(!newcomers(&answer).is_empty(), "{retriever:?}");
            for candidate in &answer.candidates {
                assert!(candidate.retrieval_score.is_finite());
                assert!(candidate.utility.iter().all(|value| value.is_finite()));
            }
        }
    }
}
