//! The machine's drawing shows what the systems computed: every part that is there has its numbers, and
//! they are those of the answer.

use engine::pipeline::Funnel;
use link::State;
use protocol::block::Blocks;
use protocol::machine::{Activity, Machine, Strip};
use protocol::{Answer, Candidate, Question, Reply, blend};
use systems::registry::{RANKERS, RETRIEVERS};
use systems::served::{COARSE_PARTS, CUT};
use systems::shared::{CANDIDATES, COARSE, COARSE_KEEP, PAGE_NUMBER, PAGE_SIZE, QUANTISED};
use systems::{Ranker, Retriever, bm25, dmt, mlpr, moppr, yandex};

use crate::support::{Spoilt, ask, funnel, run};

/// Behaviours whose attention on each other is shown, at most.
const NEWEST: usize = 16;

/// The machine on a candidate of an answer, and that candidate.
fn machine(state: &State, number: usize) -> (Machine, Candidate) {
    let (machine, chosen, _) = with_gates(state, number);
    (machine, chosen)
}

/// The same, with the candidate's gate weights; empty without gates.
fn with_gates(state: &State, number: usize) -> (Machine, Candidate, Vec<f32>) {
    let mut funnel = funnel();
    let answer = run(&mut funnel, state);
    let chosen = answer.candidates[number].clone();
    let gates = answer.blocks.gates().map(|gates| gates.of(number).to_vec());
    (asked(&mut funnel, state, chosen.product, false), chosen, gates.unwrap_or_default())
}

fn asked(funnel: &mut Funnel<Spoilt>, state: &State, product: u32, of_page: bool) -> Machine {
    match ask(funnel, state, Question::Machine { product, of_page }) {
        Reply::Machine(machine) => *machine,
        other => panic!("{other:?}"),
    }
}

fn of(retriever: &'static Retriever, ranker: &'static Ranker) -> State {
    State { query: "oak table".into(), ..State::default() }
        .retrieved_by(retriever)
        .ranked_by(ranker)
}

/// The first numbers of each row of a part.
fn firsts(all: &[Activity], part: &str) -> Vec<f32> {
    rows(all, part).iter().map(|row| row[0]).collect()
}

fn strips<'a>(all: &'a [Activity], part: &str) -> &'a [Strip] {
    let found = all.iter().find(|activity| activity.part == part);
    &found.unwrap_or_else(|| panic!("nothing is said of {part}")).rows
}

fn rows<'a>(all: &'a [Activity], part: &str) -> Vec<&'a [f32]> {
    strips(all, part).iter().map(|row| row.values.as_slice()).collect()
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-3 * a.abs().max(1.0)
}

#[test]
fn every_part_that_is_there_has_its_numbers() {
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            let state = of(retriever, ranker);
            let (machine, chosen) = machine(&state, 2);
            assert_eq!(machine.candidate.product, chosen.product);
            let systems = [(&machine.retriever, retriever.parts), (&machine.ranker, ranker.parts)];
            for (activities, parts) in systems {
                let there = parts.iter().filter(|part| (part.is_there)(&state.settings));
                let mut there: Vec<&str> = there.map(|part| part.key).collect();
                let mut said: Vec<&str> = activities.iter().map(|a| a.part.as_str()).collect();
                there.sort_unstable();
                said.sort_unstable();
                assert_eq!(said, there, "{retriever:?}, {ranker:?}");
                for Activity { part, rows } in activities {
                    for row in rows {
                        assert!(row.values.iter().all(|v| v.is_finite()), "{part}");
                        for named in [row.columns.len(), row.products.len()] {
                            let counts = [named, named * named].contains(&row.values.len());
                            assert!(named == 0 || counts, "{part}: {row:?}");
                        }
                        // Attention of things on each other: each gives all of its own away.
                        if let Some(things) = row.among() {
                            for given in row.values.chunks(things) {
                                let sum: f32 = given.iter().sum();
                                let is_whole = row.products.is_empty() || things < NEWEST;
                                assert!(sum < 1.001 && (sum > 0.999 || !is_whole), "{part}: {sum}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn moppr_and_dmt_show_the_numbers_of_the_answer() {
    let (machine, chosen, weights) = with_gates(&of(&moppr::RETRIEVER, &dmt::RANKER), 4);
    let Machine { retriever, ranker, .. } = &machine;
    assert!(near(firsts(retriever, "score")[0], chosen.retrieval_score));
    assert_eq!(firsts(retriever, "chance"), [chosen.probability]);
    for vector in ["request", "item"] {
        let length: f32 = rows(retriever, vector)[0].iter().map(|v| v * v).sum();
        assert!(near(length, 1.0), "{vector}");
    }
    let on_pieces: f32 = rows(retriever, "query")[0].iter().sum();
    assert!(near(on_pieces, 1.0));
    let pieces = rows(retriever, "query")[0].len();
    assert_eq!(rows(retriever, "pieces").len(), pieces);
    // Pieces of the query attend to each other, and the newest behaviours of a sequence.
    assert_eq!(strips(retriever, "query")[1].among(), Some(pieces));
    let behaviours = strips(ranker, "attention").iter().map(|row| row.products.len().min(NEWEST));
    let behaviours: Vec<usize> = behaviours.filter(|count| *count > 1).collect();
    let among: Vec<usize> = strips(ranker, "encoder").iter().filter_map(Strip::among).collect();
    assert_eq!(among, behaviours);
    assert!(!among.is_empty());

    let utilities = firsts(ranker, "utility");
    assert!(utilities.iter().zip(&chosen.utility).all(|(a, b)| near(*a, *b)), "{utilities:?}");
    let gates = rows(ranker, "gates").concat();
    assert_eq!(gates.len(), weights.len());
    assert!(gates.iter().zip(&weights).all(|(a, b)| near(*a, *b)), "{gates:?}");
    // f^k is the experts weighed by the gate.
    let (experts, mixture) = (rows(ranker, "experts"), rows(ranker, "mixture"));
    for (task, mixture) in mixture.iter().enumerate() {
        for (place, mixed) in mixture.iter().enumerate() {
            let weighed =
                |(expert, values): (usize, &&[f32])| gates[4 * task + expert] * values[place];
            assert!(near(experts.iter().enumerate().map(weighed).sum(), *mixed));
        }
    }
    for row in rows(ranker, "attention") {
        assert!(near(row.iter().sum(), 1.0));
    }
    let of_interests: usize = rows(ranker, "interests").iter().map(|row| row.len()).sum();
    let joined = rows(ranker, "joined")[0].len();
    let (target, features) = (rows(ranker, "target")[0].len(), rows(ranker, "features")[0].len());
    assert_eq!(of_interests + target + features, joined);
    assert!(near(*firsts(ranker, "bias").last().expect("y_b"), machine.candidate.bias));
}

#[test]
fn mlpr_and_yandex_show_the_numbers_of_the_answer() {
    // The drawing computes with the vectors, and a search over int8 with rounded ones.
    let mut state = of(&yandex::RETRIEVER, &mlpr::RANKER);
    state.settings.switch(&QUANTISED, false);
    let (machine, chosen, weights) = with_gates(&state, 1);
    let Machine { retriever, ranker, .. } = &machine;
    let (relevance, score) = (firsts(retriever, "relevance")[0], chosen.retrieval_score);
    assert!(near(relevance, score), "{relevance}, {score}");
    for head in rows(retriever, "attention") {
        assert!(near(head.iter().sum(), 1.0));
    }
    let gates = [rows(ranker, "gates-1").concat(), rows(ranker, "gates-2").concat()].concat();
    assert_eq!(gates.len(), weights.len());
    assert!(gates.iter().zip(&weights).all(|(a, b)| near(*a, *b)), "{gates:?}");
    let (steps, chances) = (firsts(ranker, "steps"), firsts(ranker, "chance"));
    let mut joint = 1.0;
    for (number, (step, chance)) in steps.iter().zip(&chances).enumerate() {
        joint *= step;
        assert!(near(joint, *chance));
        assert!(near(protocol::blend::sigmoid(chosen.utility[number]), *chance));
    }
}

#[test]
fn a_part_that_is_switched_off_says_nothing() {
    let mut state = of(&moppr::RETRIEVER, &dmt::RANKER);
    state.settings.set(&dmt::MULTI_TASK, dmt::MultiTask::SharedBottom.value());
    let (machine, _) = machine(&state, 0);
    assert!(machine.ranker.iter().all(|activity| activity.part != "gates"));
    let mut state = of(&moppr::RETRIEVER, &dmt::RANKER);
    dmt::BiasFeatures { position: false, page: false, neighbours: false }
        .choose(&mut state.settings);
    let (machine, _) = self::machine(&state, 0);
    assert!(machine.ranker.iter().all(|a| a.part != "bias" && a.part != "place"));
}

/// The coarse ranker's numbers are those that it cuts by, whoever retrieves.
#[test]
fn the_coarse_ranker_shows_the_numbers_that_it_cuts_by() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        let off = of(retriever, &dmt::RANKER).with(&CANDIDATES, 60.0).with(&COARSE_KEEP, 10.0);
        let on = off.clone().with(&COARSE, 1.0);
        let products = |answer: Answer| answer.candidates.into_iter().map(|one| one.product);
        let all: Vec<u32> = products(run(&mut funnel, &off)).collect();
        let passed: Vec<u32> = products(run(&mut funnel, &on)).collect();
        let (kept, lost) = (passed[3], all.into_iter().find(|product| !passed.contains(product)));
        let said = |activities: &[Activity]| -> Vec<String> {
            activities.iter().map(|activity| activity.part.clone()).collect()
        };
        for product in [kept, lost.expect("60 are cut to 10")] {
            let Machine { trace, retriever: made, .. } = asked(&mut funnel, &on, product, false);
            let told = said(&made);
            let mut parts = COARSE_PARTS.iter().filter(|part| part.key != CUT);
            assert!(parts.all(|part| told.contains(&part.key.into())), "{retriever:?}: {told:?}");
            let passage = trace.passages.iter().find(|passage| passage.stage == "coarse");
            let passage = passage.expect("more were retrieved than go on");
            assert_eq!(passage.passed, product == kept, "{retriever:?}");
            let score = firsts(&made, "coarse-score")[0];
            assert!(near(score, passage.value), "{retriever:?}: {score}, {}", passage.value);
            let [request, item] =
                ["coarse-request", "coarse-item"].map(|part| rows(&made, part).concat());
            let together: f32 = request.iter().zip(&item).map(|(a, b)| a * b).sum();
            assert!(near(together, score), "{retriever:?}: {together}, {score}");
        }
        // Switched off it says nothing.
        let told = said(&asked(&mut funnel, &off, kept, false).retriever);
        assert!(!told.iter().any(|part| part.starts_with("coarse")), "{told:?}");
    }
}

#[test]
fn the_mean_of_a_page_is_that_of_its_products() {
    let mut state = of(&moppr::RETRIEVER, &dmt::RANKER);
    state.settings.set(&PAGE_SIZE, 8.0);
    state.settings.set(&PAGE_NUMBER, 1.0);
    let mut funnel = funnel();
    let answer = run(&mut funnel, &state);
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    // The second page, which may end before it is full.
    let places = &order[8..order.len().min(16)];
    let page: Vec<&Candidate> =
        places.iter().map(|place| &answer.candidates[place.candidate]).collect();
    assert!(page.len() > 4, "{}", page.len());
    let mean = asked(&mut funnel, &state, page[0].product, true);
    let of_page = |value: &dyn Fn(&Candidate) -> f32| {
        page.iter().map(|candidate| value(candidate)).sum::<f32>() / page.len() as f32
    };
    let gates = answer.blocks.gates().expect("DMT has gates");
    let weights = gates.mean(places.iter().map(|place| place.candidate));
    let of_machine = rows(&mean.ranker, "gates").concat();
    assert_eq!(of_machine.len(), weights.len());
    assert!(of_machine.iter().zip(&weights).all(|(a, b)| near(*a, *b)), "{of_machine:?}");
    for (number, utility) in firsts(&mean.ranker, "utility").into_iter().enumerate() {
        assert!(near(utility, of_page(&|candidate| candidate.utility[number])), "{number}");
    }
    assert!(near(firsts(&mean.retriever, "score")[0], of_page(&|one| one.retrieval_score)));
    // The request is the same for all of them.
    let one = asked(&mut funnel, &state, page[3].product, false);
    let request = |of: &Machine| rows(&of.retriever, "request").concat();
    assert!(request(&mean).into_iter().zip(request(&one)).all(|(a, b)| near(a, b)));

    // Words of titles are not of the same things, and have no mean.
    let state = of(&bm25::RETRIEVER, &dmt::RANKER);
    let first = run(&mut funnel, &state).candidates[0].product;
    let mean = asked(&mut funnel, &state, first, true);
    assert!(rows(&mean.retriever, "title").is_empty());
    assert_eq!(rows(&mean.retriever, "words").len(), 2);
}
