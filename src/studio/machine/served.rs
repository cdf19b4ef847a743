//! What stands behind every system: behind a retriever the coarse ranker's cut, behind a ranker the blend of
//! its tasks, and the place on the shelf. The engine blends by the same functions; here is told what goes into
//! them and what comes out.

use super::moved::{Reading, Subject};
use super::told::figure;
use super::worked::Line;
use link::State;
use market::language::{Message, Value};
use page::language::{say, say_with};
use protocol::blend::{self, Predicted};
use protocol::machine::{Activity, Machine, Strip};
use protocol::words::{count, score};
use protocol::{Answer, Candidate, Passage, Trace};
use systems::Task;
use systems::knob::Settings;
use systems::part::Part;
use systems::served::{BLEND, CUT, SHELF, is_coarse, is_one};
use systems::shared::{Blend, COARSE};

/// Digits of what goes into the blend, enough for what comes out to be computed again by hand.
const DIGITS: usize = 4;

/// The candidates of the page on show, best first; those of the first page where there are not so many.
pub fn page<'a>(answer: &'a Answer, state: &State) -> Vec<&'a Candidate> {
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    let (from, size) = (state.page_number() * state.page_size(), state.page_size());
    let from = if from < order.len() { from } else { 0 };
    let shown = order.iter().skip(from).take(size);
    shown.map(|place| &answer.candidates[place.candidate]).collect()
}

/// A number alone.
fn alone(value: f32) -> Strip {
    Strip { name: "".into(), columns: Vec::new(), products: Vec::new(), values: vec![value] }
}

/// Puts what these parts make behind what the systems' own made.
pub fn serve(answer: &Answer, state: &State, subject: Subject, machine: &mut Machine) {
    let (of, place) = match subject {
        Subject::Product(_) => (vec![&machine.candidate], Some(machine.trace.rank + 1)),
        // Places of products have no mean.
        Subject::Page => (page(answer, state), None),
    };
    let made = activities(&of, answer.predicted(), &state.settings, place);
    machine.ranker.extend(made);
    if state.settings.is_on(&COARSE) {
        let place = cut_at(&machine.trace).filter(|_| subject != Subject::Page);
        let rows = place.map(|(_, place)| alone(place as f32)).into_iter().collect();
        machine.retriever.push(Activity { part: CUT.into(), rows });
    }
}

/// What they make of candidates in the mean, and of a place, from 1.
fn activities(
    of: &[&Candidate],
    predicted: Predicted<'_>,
    settings: &Settings,
    place: Option<u32>,
) -> Vec<Activity> {
    let mut all = Vec::new();
    if !predicted.tasks.is_empty() {
        let (mut brought, mut blended) = (vec![0.0; predicted.tasks.len()], 0.0);
        let share = 1.0 / of.len().max(1) as f32;
        for candidate in of {
            let terms = blend::terms(candidate, predicted, settings);
            brought.iter_mut().zip(terms).for_each(|(sum, term)| *sum += share * term);
            blended += share * blend::score(candidate, predicted, settings);
        }
        let name = |task: &Task| Message::new(word!("tasks.{}", task.name()));
        let names = predicted.tasks.iter().map(|task| Value::Message(name(task))).collect();
        let brings = Value::Message(Message::new(word!("machine.brings")));
        let tasks = Strip { name: brings, columns: names, products: Vec::new(), values: brought };
        let rows = vec![tasks, alone(blended)];
        all.push(Activity { part: BLEND.into(), rows });
    }
    let rows = place.map(|place| alone(place as f32));
    all.push(Activity { part: SHELF.into(), rows: rows.into_iter().collect() });
    all
}

/// Where a product stands among those that were ranked, in words.
pub fn place(trace: &Trace) -> String {
    let (place, ranked) = (count(trace.rank as usize + 1), count(trace.ranked as usize));
    say_with(word!("machine.place"), &[("place", &place), ("count", &ranked)])
}

/// How a product passes the coarse ranker, and its place there from 1; none where nothing is cut.
fn cut_at(trace: &Trace) -> Option<(&Passage, u32)> {
    let passage = trace.passages.iter().find(|passage| passage.stage == "coarse")?;
    Some((passage, passage.place? + 1))
}

/// Where a product stands by its coarse score among those that were retrieved, in words; none where nothing
/// is cut.
pub fn cut_place(trace: &Trace) -> Option<String> {
    let (passage, place) = cut_at(trace)?;
    let (place, entered) = (count(place as usize), count(passage.entered as usize));
    Some(say_with(word!("machine.place"), &[("place", &place), ("count", &entered)]))
}

/// What would put a part to use that is not in use, where that is one switch; else that it is not.
pub fn until(part: &str) -> &'static str {
    match is_coarse(part) {
        true => word!("machine.until-coarse"),
        false => word!("machine.not-there"),
    }
}

/// The cut with a product's numbers: its place, against how many go on.
fn cut_put_in(passage: &Passage, place: u32) -> String {
    let sign = if place <= passage.left { "≤" } else { ">" };
    format!("#^c = 1 + {} = {place} {sign} {}", place - 1, passage.left)
}

/// The formula of one of these parts with the product's numbers, none of a page; nothing where it is a
/// system's own, or the coarse ranker's and computed as those are.
pub fn lines(answer: &Answer, now: &Reading, part: &Part) -> Option<Vec<Line>> {
    if !is_one(part.key) || (is_coarse(part.key) && part.key != CUT) {
        return None;
    }
    let Subject::Product(_) = now.subject else { return Some(Vec::new()) };
    let line = |of: &str, formula: String| Line { of: of.into(), formula };
    let machine = &now.machine;
    if part.key == SHELF {
        return Some(vec![line("", place(&machine.trace))]);
    }
    if part.key == CUT {
        let lines = cut_at(&machine.trace).map(|(passage, place)| {
            let (entered, left) = (count(passage.entered as usize), count(passage.left as usize));
            let says = match passage.passed {
                true => word!("machine.cut-passed"),
                false => word!("machine.cut-lost"),
            };
            let says = say_with(says, &[("count", &entered), ("left", &left)]);
            vec![line("", cut_put_in(passage, place)), line("", says)]
        });
        return Some(lines.unwrap_or_default());
    }
    let (predicted, settings) = (answer.predicted(), &now.state.settings);
    let name = |task: Task| say(&word!("tasks.{}.inline", task.name()));
    // As the card on the shelf tells it.
    let told = blend::score(&machine.candidate, predicted, settings);
    let told = score(answer.ranker.blend(settings), told);
    Some(vec![
        line("", put_in(&machine.candidate, predicted, settings, &name)),
        line(say(word!("machine.score")), told),
    ])
}

/// The blend's formula with a candidate's numbers.
fn put_in(
    candidate: &Candidate,
    predicted: Predicted<'_>,
    settings: &Settings,
    name: &dyn Fn(Task) -> &'static str,
) -> String {
    let by = Blend::of(settings);
    let Some(weight) = blend::weights(predicted.tasks, settings) else { return "y = 0".into() };
    let term = |(number, task): (usize, &Task)| {
        let chance = blend::probability(candidate, number, settings);
        let usual = predicted.base_rates.get(number).filter(|rate| **rate > 0.0);
        let mut mixed = figure(chance, DIGITS);
        if let Some(usual) = usual.filter(|_| by != Blend::Sum) {
            mixed = format!("{mixed}/{}", figure(*usual, DIGITS));
        }
        let (weight, name) = (figure(weight(number), DIGITS), name(*task));
        match by {
            Blend::Sum | Blend::Lift => format!("{weight} · {mixed}_({name})"),
            Blend::Product => format!("({mixed})^({weight})_({name})"),
        }
    };
    let terms: Vec<String> = predicted.tasks.iter().enumerate().map(term).collect();
    let terms = terms.join(if by == Blend::Product { " · " } else { " + " });
    format!("y = {terms} = {}", figure(blend::score(candidate, predicted, settings), DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::shared::{BLEND as BLENDED_BY, WEIGHT_ORDER};

    const PREDICTED: Predicted<'_> =
        Predicted { tasks: &[Task::Click, Task::Order], base_rates: &[0.05, 0.002] };

    /// A candidate of these probabilities.
    fn candidate(chances: [f32; 2]) -> Candidate {
        Candidate {
            product: 1,
            retrieval_score: 0.0,
            probability: 0.0,
            tier: 0,
            utility: chances.map(|chance| (chance / (1.0 - chance)).ln()).into(),
            bias: 0.0,
        }
    }

    fn settings(by: Blend, order: f32) -> Settings {
        Settings::default().with(&BLENDED_BY, by.value()).with(&WEIGHT_ORDER, order)
    }

    #[test]
    fn the_cut_is_told_by_place_and_by_how_many_go_on() {
        let trace = |place: Option<u32>| {
            let passage = Passage {
                stage: "coarse".into(),
                entered: 60,
                left: 20,
                value: 0.5,
                least: 0.25,
                place,
                passed: place.is_some_and(|place| place < 20),
            };
            Trace { product: 1, passages: vec![passage], rank: 0, ranked: 20, score: 1.0 }
        };
        let told = |place: u32| {
            let trace = trace(Some(place));
            cut_at(&trace).map(|(passage, place)| cut_put_in(passage, place))
        };
        let formulas = [0, 19, 20].map(|place| told(place).expect("it has a place"));
        assert_eq!(
            formulas,
            ["#^c = 1 + 0 = 1 ≤ 20", "#^c = 1 + 19 = 20 ≤ 20", "#^c = 1 + 20 = 21 > 20"]
        );
        assert!(cut_at(&trace(None)).is_none());
        let uncut = Trace { passages: vec![], ..trace(Some(3)) };
        assert!(cut_at(&uncut).is_none(), "no more were retrieved than go on");
    }

    #[test]
    fn the_formula_of_each_blend_comes_to_its_score() {
        let name = |task: Task| task.name();
        // Clicked half as often as usual, bought eight times as often.
        let told =
            |by, order| put_in(&candidate([0.025, 0.016]), PREDICTED, &settings(by, order), &name);
        assert_eq!(
            told(Blend::Sum, 1.0),
            "y = 0.5000 · 0.02500_(click) + 0.5000 · 0.01600_(order) = 0.02050"
        );
        assert_eq!(
            told(Blend::Lift, 1.0),
            "y = 0.5000 · 0.02500/0.05000_(click) + 0.5000 · 0.01600/0.002000_(order) = 4.250"
        );
        assert_eq!(
            told(Blend::Product, 0.0),
            "y = (0.02500/0.05000)^(1)_(click) · (0.01600/0.002000)^(0)_(order) = 0.5000"
        );
        let nothing = settings(Blend::Sum, 0.0).with(&systems::shared::WEIGHT_CLICK, 0.0);
        assert_eq!(put_in(&candidate([0.5, 0.5]), PREDICTED, &nothing, &name), "y = 0");
    }

    #[test]
    fn the_blend_makes_one_number_and_of_several_products_their_mean() {
        let [one, other] = [[0.1, 0.002], [0.3, 0.006]].map(candidate);
        let made = activities(&[&one, &other], PREDICTED, &settings(Blend::Sum, 1.0), None);
        let [blend, shelf] = &made[..] else { panic!("{made:?}") };
        let near = |found: &[f32], wanted: &[f32]| {
            found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6)
        };
        assert!(near(&blend.rows[0].values, &[0.1, 0.002]), "{blend:?}");
        assert!(near(&blend.rows[1].values, &[0.102]), "{blend:?}");
        assert_eq!((blend.rows.len(), shelf.rows.len()), (2, 0));

        let made = activities(&[&one], PREDICTED, &settings(Blend::Sum, 0.0), Some(3));
        assert!(near(&made[0].rows[1].values, &[0.1]), "{made:?}");
        assert_eq!(made[1].rows[0].values, [3.0]);
        // Nothing is blended where nothing is predicted.
        let nothing = Predicted { tasks: &[], base_rates: &[] };
        let made = activities(&[&one], nothing, &Settings::default(), Some(7));
        assert_eq!(made.len(), 1);
        assert_eq!((made[0].part.as_str(), &made[0].rows[0].values[..]), (SHELF, &[7.0][..]));
    }
}
