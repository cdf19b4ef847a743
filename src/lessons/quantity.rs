//! What a lesson can measure: numbers of one state's answer, of two held against each other, and of a run
//! of a training.

use crate::learned;
use crate::order::{Expected, Order};
use link::State;
use market::catalogue::{Catalogue, Product, ProductId};
use market::language::{Message, Value};
use market::metrics::{effective_number, kendall_tau, spearman};
use protocol::blend::{self, probability};
use protocol::block::{Block, Blocks, Step};
use protocol::learn::Look;
use protocol::words;
use protocol::{Answer, Candidate};
use systems::Task;

/// Brands that count as a shopper's own: those of most of the behaviour.
const OWN_BRANDS: usize = 5;

/// A state and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What was asked.
    pub state: &'a State,
    /// What the engine answered.
    pub answer: &'a Answer,
    /// What ships; what the answer names beside it comes with the answer.
    pub catalogue: &'a Catalogue,
}

/// How a number is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number with so many digits after the point.
    Number(usize),
    /// A share of one.
    Share,
    /// Dollars.
    Dollars,
    /// A number of whatever size, to the digits that tell two of them apart.
    Figure,
}

/// Something that can be measured.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// Its name in lessons.
    pub name: &'static str,
    /// What follows the name, for people: "a task, then a product type"; empty where nothing does.
    pub takes: &'static str,
    /// How it is read.
    pub unit: Unit,
    /// How it is measured.
    pub measure: Measure,
}

/// The ways to measure: each is told what follows the name.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Of one state.
    One(fn(&Seen, &str) -> Result<f64, Message>),
    /// Of two.
    Two(fn(&Seen, &Seen) -> Result<f64, Message>),
    /// Of a run of a training, after its last step.
    Learned(fn(&Look, &str) -> Result<f64, Message>),
}

use Measure::{Learned, One, Two};
use Unit::{Dollars, Figure, Number, Share};

const NOTHING: &str = "";

/// A row of the table below.
const fn quantity(
    name: &'static str,
    takes: &'static str,
    unit: Unit,
    measure: Measure,
) -> Quantity {
    Quantity { name, takes, unit, measure }
}

/// Everything that can be measured. "The page" is the first page of the present order.
#[rustfmt::skip]
pub const QUANTITIES: &[Quantity] = &[
    quantity("retrieval.effective-candidates", NOTHING, Number(1),
        One(|seen, _| Ok(seen.answer.retrieval.effective_candidates.into()))),
    quantity("retrieval.entropy", NOTHING, Number(2),
        One(|seen, _| Ok(seen.answer.retrieval.entropy.into()))),
    quantity("retrieval.top-probability", NOTHING, Share,
        One(|seen, _| first(&seen.answer.retrieval.softmax, "softmax").map(f64::from))),
    quantity("retrieval.relevant", NOTHING, Number(0),
        One(|seen, _| Ok(seen.answer.retrieval.relevant.into()))),
    quantity("retrieval.ranked", NOTHING, Number(0),
        One(|seen, _| Ok(seen.answer.candidates.len() as f64))),
    quantity("retrieval.predicted", "a product type", Share,
        One(predicted)),
    quantity("retrieval.of-type", "a product type", Share,
        One(|seen, name| share_of_type(seen, name, retrieved(seen)))),
    quantity("retrieval.mean-price", NOTHING, Dollars,
        One(|seen, _| mean(retrieved(seen).iter().map(|product| dollars(product))))),
    quantity("retrieval.behaviours-read", NOTHING, Number(0),
        One(|seen, _| Ok(seen.answer.history.iter().filter(|entry| entry.kept).count() as f64))),
    quantity("retrieval.order-kept", NOTHING, Number(2),
        One(order_kept)),
    quantity("page.of-type", "a product type", Share,
        One(|seen, name| share_of_type(seen, name, page(seen)))),
    quantity("page.with-word", "a word", Number(0),
        One(|seen, word| Ok(page(seen).iter().filter(|p| p.title.to_lowercase().contains(word)).count() as f64))),
    quantity("page.own-brands", NOTHING, Share,
        One(own_brands)),
    quantity("page.mean-price", NOTHING, Dollars,
        One(|seen, _| mean(page(seen).iter().map(|product| dollars(product))))),
    quantity("page.clicks", NOTHING, Number(2),
        One(|seen, _| Ok(expected(seen)?.clicks))),
    quantity("page.orders", NOTHING, Number(4),
        One(|seen, _| Ok(expected(seen)?.orders))),
    quantity("page.gmv", NOTHING, Dollars,
        One(|seen, _| Ok(expected(seen)?.gross_value / 100.0))),
    quantity("product.rank", "the number of a product", Number(0),
        One(|seen, id| Ok(place(seen, id)? as f64 + 1.0))),
    quantity("product.chance", "a task, then the number of a product", Share,
        One(product_chance)),
    quantity("type.chance", "a task, then a product type", Share,
        One(type_chance)),
    quantity("experts.weight", "a task, then the number of an expert", Share,
        One(expert_weight)),
    quantity("experts.difference", NOTHING, Share,
        One(|seen, _| {
            let tasks = utilisation(seen)?;
            let (one, other) = (tasks.first(), tasks.last());
            Ok(1.0 - shared(one.into_iter().flatten(), other.into_iter().flatten()))
        })),
    quantity("experts.mixed", "a task", Number(2),
        One(|seen, task| {
            let weights = utilisation(seen)?.swap_remove(task_number(seen, task)?);
            Ok(effective_number(&weights.into_iter().map(f64::from).collect::<Vec<_>>()))
        })),
    quantity("experts.layers", NOTHING, Number(0),
        One(|seen, _| Ok(seen.answer.blocks.gates().map_or(0.0, |gates| gates.layers.len() as f64)))),
    quantity("bias.logit", "a place on the page", Number(2),
        One(|seen, place| bias_at(seen, number(place)?.saturating_sub(1)))),
    quantity("bias.spread", NOTHING, Number(2),
        One(bias_spread)),
    quantity("bias.term", "position, page or neighbours", Number(2),
        One(bias_term)),
    quantity("examination.learned", "a place on the list", Share,
        One(|seen, place| curve(examination(seen)[0], place))),
    quantity("examination.true", "a place on the list", Share,
        One(|seen, place| curve(examination(seen)[1], place))),
    quantity("examination.agreement", NOTHING, Number(3),
        One(|seen, _| {
            let [learned, truth] = examination(seen);
            let both = seen.state.page_size().min(learned.len()).min(truth.len());
            spearman(&learned[..both], &truth[..both])
                .ok_or_else(|| Message::new(word!("studio.unmeasured.no-bias")).with("feature", "position"))
        })),
    quantity("transfer.conditional", "a task", Share,
        One(|seen, task| Ok(transfer(seen, task)?.conditional.into()))),
    quantity("transfer.joint", "a task", Share,
        One(|seen, task| Ok(transfer(seen, task)?.joint.into()))),
    quantity("transfer.from-former", "a task", Share,
        One(|seen, task| Ok(transfer(seen, task)?.from_former.unwrap_or(0.0).into()))),
    quantity("towers.read", NOTHING, Number(0),
        One(|seen, _| tower(seen, "read"))),
    quantity("towers.on-searches", NOTHING, Share,
        One(|seen, _| {
            let searches = seen.answer.retrieval.blocks.shares("searches");
            let searches = searches.ok_or_else(|| Message::new(word!("studio.unmeasured.no-towers")))?;
            Ok(searches.iter().map(|search| f64::from(search.share)).sum())
        })),
    quantity("towers.surface", NOTHING, Number(2),
        One(|seen, _| tower(seen, "surface"))),
    quantity("towers.device", NOTHING, Number(2),
        One(|seen, _| tower(seen, "device"))),
    quantity("index.recall", NOTHING, Share,
        One(|seen, _| tree(seen, "recall"))),
    quantity("index.scored", NOTHING, Number(0),
        One(|seen, _| Ok(tree(seen, "products")? + tree(seen, "centroids")?))),
    quantity("attention.on-type", "clicks, carts or orders, then a product type", Share,
        One(attention_on_type)),
    quantity("agreement.first-ten", NOTHING, Share,
        Two(|a, b| Ok(order(a).agreement(&order(b)).overlap))),
    quantity("agreement.order", NOTHING, Number(2),
        Two(|a, b| order(a).agreement(&order(b)).kendall_tau.ok_or_else(|| Message::new(word!("studio.unmeasured.too-few"))))),
    quantity("agreement.candidates", NOTHING, Share,
        Two(|a, b| {
            let (a, b) = (&a.answer.candidates, &b.answer.candidates);
            let both = a.iter().filter(|one| b.iter().any(|other| other.product == one.product));
            Ok(both.count() as f64 / a.len().max(b.len()).max(1) as f64)
        })),
    quantity("agreement.retriever-attention", NOTHING, Share,
        Two(|a, b| {
            let weights = |seen: &Seen| seen.answer.history.iter().map(|e| (e.entry, e.attention)).collect();
            Ok(shared_by_entry(weights(a), weights(b)))
        })),
    quantity("agreement.ranker-attention", NOTHING, Share,
        Two(|a, b| Ok(shared_by_entry(sequence(a, "clicks")?, sequence(b, "clicks")?)))),
    quantity("learned.measure", "a measure", Figure,
        Learned(learned::measure)),
    quantity("learned.curve", "a curve, then a place", Share,
        Learned(learned::found_out)),
    quantity("learned.truth", "a curve, then a place", Share,
        Learned(learned::truth)),
    quantity("learned.agreement", "a curve", Number(2),
        Learned(learned::agreement)),
    quantity("learned.mixed", "a gate", Number(2),
        Learned(learned::mixed)),
];

impl Quantity {
    /// The quantity that a lesson names, with what follows the name.
    ///
    /// # Errors
    /// Where there is none of this name, or what should follow is missing.
    pub fn named(text: &str) -> Result<(&'static Self, &str), String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let found = QUANTITIES.iter().find(|quantity| quantity.name == name);
        let quantity = found.ok_or_else(|| format!("there is no quantity “{name}”."))?;
        match (quantity.takes.is_empty(), rest.is_empty()) {
            (true, false) => Err(format!("{name} takes nothing after its name.")),
            (false, true) => Err(format!("{name} wants {} after its name.", quantity.takes)),
            _ => Ok((quantity, rest)),
        }
    }

    /// What it is, as shown beside the number.
    pub fn about(&self) -> Message {
        Message::new(word!("studio.quantities.{}", self.name))
    }

    /// What follows its name, for people: a task, a sequence or a feature is called what it is
    /// called elsewhere.
    pub fn of(&self, rest: &str) -> Value {
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let called = match self.takes.split([' ', ',']).next() {
            Some("a") if self.takes.starts_with("a task") => word!("tasks.{}.inline", first),
            Some("a") if self.takes.starts_with("a measure") => word!("learn.measure.{}", first),
            Some("a") if self.takes.starts_with("a curve") => word!("learn.curve.{}", first),
            Some("a") if self.takes.starts_with("a gate") => word!("learn.gate.{}", first),
            Some("clicks") => word!("studio.sequences.{}", first),
            Some("position") => word!("studio.bias-features.{}", first),
            _ => return Value::Text(rest.into()),
        };
        match after {
            "" => Value::Message(Message::new(called)),
            after => Value::Message(
                Message::new(word!("studio.lessons.of-two"))
                    .with("first", Message::new(called))
                    .with("second", after),
            ),
        }
    }

    /// How many states, or runs of a training, it is measured on.
    pub fn states(&self) -> usize {
        match self.measure {
            One(_) | Learned(_) => 1,
            Two(_) => 2,
        }
    }
}

impl Unit {
    /// A number as people read it.
    pub fn write(self, value: f64) -> String {
        match self {
            Self::Number(digits) => words::signed(value as f32, digits),
            Self::Share => words::percent(value as f32),
            Self::Dollars => format!("${}", words::fixed(value, 2)),
            Self::Figure if value.abs() >= 100.0 => words::signed(value as f32, 0),
            Self::Figure => words::signed(value as f32, 3),
        }
    }
}

fn order(seen: &Seen) -> Order {
    Order::new(seen.answer, seen.state, Some(seen.catalogue))
}

fn expected(seen: &Seen) -> Result<Expected, Message> {
    order(seen).expected.ok_or_else(|| Message::new(word!("studio.unmeasured.no-ranker")))
}

fn product<'a>(seen: &Seen<'a>, id: ProductId) -> Option<&'a Product> {
    seen.answer.product(seen.catalogue, id)
}

/// What was retrieved, best first.
fn retrieved<'a>(seen: &Seen<'a>) -> Vec<&'a Product> {
    seen.answer.candidates.iter().filter_map(|c| product(seen, c.product)).collect()
}

/// The numbers, among the candidates, of those on the first page.
fn numbers_on_page(seen: &Seen) -> Vec<usize> {
    let Seen { state, answer, .. } = *seen;
    let ranked = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    ranked.iter().take(state.page_size()).map(|ranked| ranked.candidate).collect()
}

/// The candidates on the first page.
fn on_page<'a>(seen: &Seen<'a>) -> Vec<&'a Candidate> {
    let all = &seen.answer.candidates;
    numbers_on_page(seen).into_iter().map(|number| &all[number]).collect()
}

fn page<'a>(seen: &Seen<'a>) -> Vec<&'a Product> {
    on_page(seen).into_iter().filter_map(|c| product(seen, c.product)).collect()
}

fn dollars(product: &Product) -> f64 {
    f64::from(product.price_cents) / 100.0
}

fn mean(values: impl Iterator<Item = f64>) -> Result<f64, Message> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    if count > 0.0 {
        Ok(sum / count)
    } else {
        Err(Message::new(word!("studio.unmeasured.nothing")))
    }
}

fn first(values: &[f32], what: &str) -> Result<f32, Message> {
    values
        .first()
        .copied()
        .ok_or_else(|| Message::new(word!("studio.unmeasured.empty")).with("what", what))
}

fn number(text: &str) -> Result<usize, Message> {
    text.parse().map_err(|_| Message::new(word!("studio.unmeasured.no-number")).with("text", text))
}

fn type_number(seen: &Seen, name: &str) -> Result<usize, Message> {
    let found = seen.catalogue.product_types.iter().position(|of| of.name == name);
    found.ok_or_else(|| Message::new(word!("studio.unmeasured.no-type")).with("type", name))
}

fn is_of_type(seen: &Seen, id: ProductId, kind: usize) -> bool {
    product(seen, id).is_some_and(|product| usize::from(product.product_type) == kind)
}

/// Number of a task among the ranker's, by its name in small letters.
fn task_number(seen: &Seen, name: &str) -> Result<usize, Message> {
    let is_named = |task: &Task| task.name().eq_ignore_ascii_case(name);
    let found = seen.answer.ranker.tasks.iter().position(is_named);
    found.ok_or_else(|| Message::new(word!("studio.unmeasured.no-task")).with("task", name))
}

fn two<'a>(text: &'a str, wanted: &str) -> Result<(&'a str, &'a str), Message> {
    text.split_once(' ').ok_or_else(|| {
        Message::new(word!("studio.unmeasured.not")).with("text", text).with("wanted", wanted)
    })
}

fn predicted(seen: &Seen, name: &str) -> Result<f64, Message> {
    let kind = type_number(seen, name)?;
    let categories = &seen.answer.retrieval.categories;
    let found = categories.iter().find(|(of, _)| usize::from(*of) == kind);
    Ok(found.map_or(0.0, |(_, probability)| f64::from(*probability)))
}

fn share_of_type(seen: &Seen, name: &str, products: Vec<&Product>) -> Result<f64, Message> {
    let kind = type_number(seen, name)?;
    mean(products.iter().map(|p| f64::from(u8::from(usize::from(p.product_type) == kind))))
}

fn order_kept(seen: &Seen, _: &str) -> Result<f64, Message> {
    let places: Vec<f32> = (0..seen.answer.candidates.len()).map(|place| place as f32).collect();
    let predicted = seen.answer.predicted();
    let scores = seen.answer.candidates.iter();
    let scores: Vec<f32> =
        scores.map(|c| -blend::score(c, predicted, &seen.state.settings)).collect();
    kendall_tau(&places, &scores)
        .ok_or_else(|| Message::new(word!("studio.unmeasured.same-scores")))
}

fn own_brands(seen: &Seen, _: &str) -> Result<f64, Message> {
    let mut counts = vec![0_u32; seen.catalogue.brands.len()];
    for entry in &seen.answer.history {
        if let Some(product) = product(seen, entry.event.product)
            && let Some(count) = counts.get_mut(usize::from(product.brand))
        {
            *count += 1;
        }
    }
    let mut brands: Vec<usize> = (0..counts.len()).filter(|brand| counts[*brand] > 0).collect();
    brands.sort_by_key(|brand| std::cmp::Reverse(counts[*brand]));
    brands.truncate(OWN_BRANDS);
    mean(page(seen).iter().map(|p| f64::from(u8::from(brands.contains(&usize::from(p.brand))))))
}

fn place(seen: &Seen, id: &str) -> Result<usize, Message> {
    let id = number(id)? as ProductId;
    order(seen).rank(id).ok_or_else(|| {
        Message::new(word!("studio.unmeasured.no-candidate")).with("product", id.to_string())
    })
}

fn product_chance(seen: &Seen, text: &str) -> Result<f64, Message> {
    let (task, id) = two(text, "a task and the number of a product")?;
    let (task, id) = (task_number(seen, task)?, number(id)? as ProductId);
    let found = seen.answer.candidates.iter().find(|c| c.product == id);
    let candidate = found.ok_or_else(|| {
        Message::new(word!("studio.unmeasured.no-candidate")).with("product", id.to_string())
    })?;
    Ok(probability(candidate, task, &seen.state.settings).into())
}

fn type_chance(seen: &Seen, text: &str) -> Result<f64, Message> {
    let (task, name) = two(text, "a task and a product type")?;
    let (task, kind) = (task_number(seen, task)?, type_number(seen, name)?);
    let of_type = seen.answer.candidates.iter().filter(|c| is_of_type(seen, c.product, kind));
    mean(of_type.map(|c| probability(c, task, &seen.state.settings).into()))
}

/// Mean weights of the last layer's gates over the page, by task.
fn utilisation(seen: &Seen) -> Result<Vec<Vec<f32>>, Message> {
    let no_gates = || Message::new(word!("studio.unmeasured.no-gates"));
    let gates = seen.answer.blocks.gates().ok_or_else(no_gates)?;
    let last = gates.layers.last().ok_or_else(no_gates)?;
    let (tasks, experts) = (last.tasks.len(), last.experts.len());
    let all = gates.mean(numbers_on_page(seen));
    if experts == 0 || all.len() < tasks * experts {
        return Err(no_gates());
    }
    Ok(all[all.len() - tasks * experts..].chunks(experts).map(<[f32]>::to_vec).collect())
}

fn expert_weight(seen: &Seen, text: &str) -> Result<f64, Message> {
    let (task, expert) = two(text, "a task and the number of an expert")?;
    let weights = utilisation(seen)?.swap_remove(task_number(seen, task)?);
    let weight = number(expert)?.checked_sub(1).and_then(|expert| weights.get(expert));
    weight
        .map(|w| f64::from(*w))
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-expert")).with("expert", expert))
}

/// What two distributions have in common: the sum of the smaller of each pair.
fn shared<'a>(a: impl Iterator<Item = &'a f32>, b: impl Iterator<Item = &'a f32>) -> f64 {
    a.zip(b).map(|(a, b)| f64::from(a.min(*b))).sum()
}

fn shared_by_entry(a: Vec<(u32, f32)>, b: Vec<(u32, f32)>) -> f64 {
    let total = |weights: &[(u32, f32)]| -> f64 { weights.iter().map(|w| f64::from(w.1)).sum() };
    let whole = total(&a).max(total(&b)).max(f64::MIN_POSITIVE);
    let of = |entry| b.iter().find(|(of, _)| *of == entry).map_or(0.0, |(_, weight)| *weight);
    a.iter().map(|(entry, weight)| f64::from(weight.min(of(*entry)))).sum::<f64>() / whole
}

fn bias_at(seen: &Seen, place: usize) -> Result<f64, Message> {
    let page = on_page(seen);
    let candidate =
        page.get(place).ok_or_else(|| Message::new(word!("studio.unmeasured.no-place")))?;
    Ok(candidate.bias.into())
}

fn bias_spread(seen: &Seen, _: &str) -> Result<f64, Message> {
    let page = on_page(seen);
    let logits = || page.iter().map(|candidate| f64::from(candidate.bias));
    let (high, low) = (logits().fold(f64::MIN, f64::max), logits().fold(f64::MAX, f64::min));
    if page.is_empty() {
        Err(Message::new(word!("studio.unmeasured.nothing")))
    } else {
        Ok(high - low)
    }
}

/// Examination by place: learned, and true.
fn examination<'a>(seen: &Seen<'a>) -> [&'a [f32]; 2] {
    let curves = seen.answer.blocks.curves("examination");
    curves.map(|curves| [curves.learned.as_slice(), curves.truth.as_slice()]).unwrap_or_default()
}

fn curve(values: &[f32], place: &str) -> Result<f64, Message> {
    let value = number(place)?.checked_sub(1).and_then(|place| values.get(place));
    value.map(|v| f64::from(*v)).ok_or_else(|| Message::new(word!("studio.unmeasured.no-place")))
}

/// What the ranker shows of the chosen product.
fn shown<'a>(seen: &Seen<'a>) -> Result<&'a [Block], Message> {
    let found = seen.answer.detail.as_ref().map(|detail| detail.blocks.as_slice());
    found.ok_or_else(|| Message::new(word!("studio.unmeasured.none-chosen")))
}

fn bias_term(seen: &Seen, name: &str) -> Result<f64, Message> {
    let term = shown(seen)?.row("bias", name);
    term.map(f64::from)
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-bias")).with("feature", name))
}

fn transfer<'a>(seen: &Seen<'a>, task: &str) -> Result<&'a Step, Message> {
    let steps = shown(seen)?.steps("chain").unwrap_or_default();
    steps
        .get(task_number(seen, task)?)
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-transfer")))
}

fn tower(seen: &Seen, name: &str) -> Result<f64, Message> {
    let number = seen.answer.retrieval.blocks.pair("towers", name);
    number.map(f64::from).ok_or_else(|| Message::new(word!("studio.unmeasured.no-towers")))
}

fn tree(seen: &Seen, name: &str) -> Result<f64, Message> {
    let number = seen.answer.retrieval.blocks.pair("tree", name);
    number.map(f64::from).ok_or_else(|| Message::new(word!("studio.unmeasured.no-tree")))
}

fn sequence(seen: &Seen, name: &str) -> Result<Vec<(u32, f32)>, Message> {
    let found = shown(seen)?.sequences().iter().find(|sequence| sequence.sequence == name);
    let found = found.ok_or_else(|| {
        Message::new(word!("studio.unmeasured.no-sequence")).with("sequence", name)
    })?;
    Ok(found.weights.clone())
}

fn attention_on_type(seen: &Seen, text: &str) -> Result<f64, Message> {
    let (name, kind) = two(text, "a sequence and a product type")?;
    let kind = type_number(seen, kind)?;
    let is_of_kind = |entry: u32| {
        let shown = seen.answer.history.iter().find(|shown| shown.entry == entry);
        shown.is_some_and(|shown| is_of_type(seen, shown.event.product, kind))
    };
    let weights = sequence(seen, name)?;
    Ok(weights.iter().filter(|(entry, _)| is_of_kind(*entry)).map(|w| f64::from(w.1)).sum())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use languages::english;

    #[test]
    fn names_are_unique_and_what_follows_them_is_asked_for() {
        let names: HashSet<_> = QUANTITIES.iter().map(|quantity| quantity.name).collect();
        assert_eq!(names.len(), QUANTITIES.len());
        assert_eq!(Quantity::named("page.of-type sofa bed").expect("known").1, "sofa bed");
        for (text, why) in [
            ("page.size", "no quantity “page.size”"),
            ("page.of-type", "wants a product type"),
            ("page.clicks 3", "takes nothing"),
        ] {
            let said = Quantity::named(text).expect_err(text);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_follows_a_name_is_called_as_it_is_elsewhere() {
        for (text, said) in [
            ("type.chance click sofa", "click sofa"),
            ("learned.measure auc-click", "AUC of clicks"),
            ("learned.curve examination 10", "Examination by place 10"),
            ("learned.mixed order", "order"),
            ("page.with-word oak", "oak"),
        ] {
            let (quantity, rest) = Quantity::named(text).expect(text);
            let found = match quantity.of(rest) {
                Value::Message(message) => english(&message),
                Value::Text(text) => text,
            };
            assert_eq!(found, said);
        }
    }

    #[test]
    fn every_quantity_is_in_the_guide_for_those_who_write_lessons() {
        let guide = include_str!("../../docs/lessons.md");
        for quantity in QUANTITIES {
            let (Quantity { name, takes, .. }, about) = (quantity, english(&quantity.about()));
            let row = format!("| `{name}` | {takes} | {about} |");
            assert!(guide.contains(&row), "docs/lessons.md lacks the row\n{row}");
        }
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(Share.write(0.431), "43 %");
        assert_eq!(Dollars.write(12.5), "$12.50");
        assert_eq!(Number(1).write(-2.34), "−2.3");
        assert_eq!([1185.74, 0.7812].map(|value| Figure.write(value)), ["1186", "0.781"]);
    }

    #[test]
    fn what_two_attentions_share_is_the_smaller_of_each_pair() {
        let a = vec![(1, 0.5), (2, 0.5)];
        assert!((shared_by_entry(a.clone(), a.clone()) - 1.0).abs() < 1e-9);
        assert!((shared_by_entry(a.clone(), vec![(2, 0.75), (3, 0.25)]) - 0.5).abs() < 1e-9);
        assert_eq!(shared_by_entry(a, vec![]), 0.0);
    }
}
