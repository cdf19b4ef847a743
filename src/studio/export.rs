//! A ranking as a file: CSV for a table, JSON for a program; and a state as a file, and back.

use serde::{Deserialize, Serialize};

use crate::language::Message;
use crate::pipeline::blend::{self, probability};
use crate::protocol::{Answer, Candidate, Shop};
use crate::share::view::Link;
use crate::share::{State, Task};

/// Most bytes of a state's file that are read.
pub const MOST: usize = 200_000;

/// One product of a ranking, with every score it has.
#[derive(Serialize)]
struct Row<'a> {
    rank: usize,
    product: u32,
    title: &'a str,
    product_type: &'a str,
    brand: &'a str,
    price: f64,
    /// y, equation 6.
    score: f32,
    retrieval_score: f32,
    /// Softmax over the catalogue at tau.
    softmax: f32,
    click: Option<f32>,
    cart: Option<f32>,
    order: Option<f32>,
    /// Utility logits in the order of the tasks.
    utilities: &'a [f32],
    /// Bias logit y_b at its place.
    bias: f32,
    /// Gate weights by gating, task and expert.
    gates: &'a [f32],
}

fn rows<'a>(answer: &'a Answer, state: &State, shop: &'a Shop) -> Vec<Row<'a>> {
    let tasks = answer.ranker.tasks();
    let row = |(rank, ranked): (usize, &blend::Ranked)| {
        let candidate: &Candidate = &answer.candidates[ranked.candidate];
        let catalogue = &shop.catalogue;
        let product = catalogue.products.get(candidate.product as usize)?;
        let chance = |wanted: Task| {
            let number = tasks.iter().position(|task| *task == wanted)?;
            Some(probability(candidate, number, &state.ranking))
        };
        let product_type = catalogue.product_types.get(product.product_type as usize);
        let brand = catalogue.brands.get(product.brand as usize);
        Some(Row {
            rank: rank + 1,
            product: candidate.product,
            title: &product.title,
            product_type: product_type.map_or("", |of| &of.name),
            brand: brand.map_or("", String::as_str),
            price: f64::from(product.price_cents) / 100.0,
            score: ranked.score,
            retrieval_score: candidate.retrieval_score,
            softmax: candidate.probability,
            click: chance(Task::Click),
            cart: chance(Task::Cart),
            order: chance(Task::Order),
            utilities: &candidate.utility,
            bias: candidate.bias,
            gates: &candidate.gates,
        })
    };
    let order = blend::order(&answer.candidates, tasks, &state.ranking);
    order.iter().enumerate().filter_map(row).collect()
}

/// The ranking as CSV, a header first.
///
/// # Errors
/// Says why it could not be written.
pub fn csv(answer: &Answer, state: &State, shop: &Shop) -> Result<String, String> {
    let tasks = answer.ranker.tasks();
    let mut header: Vec<String> = [
        "rank",
        "product",
        "title",
        "product type",
        "brand",
        "price",
        "score",
        "retrieval score",
        "softmax",
    ]
    .map(String::from)
    .into();
    header.extend(tasks.iter().map(|task| format!("P({})", task.name())));
    header.extend(tasks.iter().map(|task| format!("u {}", task.name())));
    header.push("bias logit".into());
    for (number, gating) in answer.gatings.iter().enumerate() {
        for task in tasks {
            for expert in &gating.experts {
                let task = task.name();
                header.push(format!("gate {} {task} {expert}", number + 1));
            }
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let said = |error: csv::Error| error.to_string();
    writer.write_record(&header).map_err(said)?;
    for row in rows(answer, state, shop) {
        let mut cells = vec![
            row.rank.to_string(),
            row.product.to_string(),
            row.title.into(),
            row.product_type.into(),
            row.brand.into(),
            format!("{:.2}", row.price),
            row.score.to_string(),
            row.retrieval_score.to_string(),
            row.softmax.to_string(),
        ];
        let chances = [(Task::Click, row.click), (Task::Cart, row.cart), (Task::Order, row.order)];
        let of_tasks = chances.iter().filter(|(task, _)| tasks.contains(task));
        cells.extend(of_tasks.map(|(_, chance)| chance.unwrap_or(0.0).to_string()));
        cells.extend(row.utilities.iter().map(f32::to_string));
        cells.push(row.bias.to_string());
        cells.extend(row.gates.iter().map(f32::to_string));
        cells.resize(header.len(), String::new());
        writer.write_record(&cells).map_err(said)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The ranking as JSON.
///
/// # Errors
/// Says why it could not be written.
pub fn json(answer: &Answer, state: &State, shop: &Shop, link: &str) -> Result<String, String> {
    #[derive(Serialize)]
    struct Ranking<'a> {
        link: &'a str,
        retriever: crate::share::Retriever,
        ranker: crate::share::Ranker,
        tasks: Vec<&'static str>,
        gatings: &'a [crate::protocol::Gating],
        products: Vec<Row<'a>>,
    }
    let ranking = Ranking {
        link,
        retriever: answer.retriever,
        ranker: answer.ranker,
        tasks: answer.ranker.tasks().iter().map(|task| task.name()).collect(),
        gatings: &answer.gatings,
        products: rows(answer, state, shop),
    };
    serde_json::to_string_pretty(&ranking).map_err(|error| error.to_string())
}

/// A state's file. The link says all; the state is there for who reads it by machine.
#[derive(Serialize)]
struct Written<'a> {
    vitrine: u32,
    link: &'a str,
    state: &'a State,
}

/// What is read of a state's file.
#[derive(Deserialize)]
struct Read {
    vitrine: u32,
    link: String,
}

/// A state as a file.
///
/// # Errors
/// Says why it could not be written.
pub fn write_state(link: &str) -> Result<String, String> {
    let (Link { state, .. }, _) = Link::read(link);
    let file = Written { vitrine: crate::share::link::LINK_VERSION, link, state: &state };
    serde_json::to_string_pretty(&file).map_err(|error| error.to_string())
}

/// The link in a state's file.
///
/// # Errors
/// Says what is wrong with the file.
pub fn read_state(file: &str) -> Result<String, Message> {
    if file.len() > MOST {
        return Err(Message::new("studio.why.too-large"));
    }
    let read: Read = serde_json::from_str(file).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Message::new("studio.why.other-json"),
        _ => Message::new("studio.why.no-json").with("line", error.line().to_string()),
    })?;
    if read.vitrine > crate::share::link::LINK_VERSION {
        return Err(Message::new("studio.why.too-new").with("version", read.vitrine.to_string()));
    }
    Ok(read.link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::english;
    use crate::market::catalogue::Catalogue;
    use crate::market::{MarketConfig, World};
    use crate::protocol::{Answer, Backend, Gating};
    use crate::share::{Ranker, Retriever};

    fn shop() -> Shop {
        let config = MarketConfig { products: 400, shoppers: 2, ..MarketConfig::default() };
        let catalogue: Catalogue = World::generate(&config).catalogue.clone();
        Shop { catalogue, shoppers: vec![], queries: vec![] }
    }

    fn answer() -> Answer {
        let candidate = |product: u32, click: f32| Candidate {
            product,
            retrieval_score: 0.5,
            probability: 0.01,
            utility: vec![click, -3.0],
            gates: vec![0.25, 0.75, 1.0, 0.0],
            bias: -0.5,
        };
        Answer {
            run: 1,
            backend: Backend::Cpu,
            retriever: Retriever::Moppr,
            ranker: Ranker::Dmt,
            timings: vec![],
            notices: vec![],
            history: vec![],
            retrieval: crate::protocol::RetrievalInsides {
                pieces: vec![],
                personal_attention: vec![],
                categories: vec![],
                entropy: 0.0,
                effective_candidates: 1.0,
                softmax: vec![],
                searched: 0,
                retrieved: 0,
                relevant: 0,
                towers: None,
            },
            gatings: vec![Gating {
                name: String::new(),
                experts: vec!["expert 1".into(), "expert 2".into()],
            }],
            candidates: vec![candidate(7, -1.0), candidate(3, 1.0)],
            examination: crate::protocol::Examination::default(),
            detail: None,
        }
    }

    #[test]
    fn a_ranking_is_a_table_with_every_score() {
        let (shop, state) = (shop(), State::default());
        let text = csv(&answer(), &state, &shop).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        assert_eq!(header.iter().next_back(), Some("gate 1 order expert 2"));
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let column = |name: &str| header.iter().position(|cell| cell == name).unwrap();
        assert_eq!((rows.len(), &rows[0][column("product")]), (2, "3"));
        assert_eq!(&rows[1][column("title")], shop.catalogue.products[7].title);
        assert_eq!(&rows[0][column("gate 1 click expert 2")], "0.75");
        let chance: f32 = rows[0][column("P(click)")].parse().unwrap();
        assert!((chance - 1.0 / (1.0 + (-1.0_f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn a_ranking_is_json_too() {
        let text = json(&answer(), &State::default(), &shop(), "?v=1&q=sofa").unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["link"], "?v=1&q=sofa");
        assert_eq!(value["products"][0]["product"], 3);
        assert_eq!(value["products"][0]["cart"], serde_json::Value::Null);
    }

    #[test]
    fn a_state_comes_back_from_its_file() {
        let link = "?v=1&q=sofa&tau=0.1&a=q:couch";
        assert_eq!(read_state(&write_state(link).unwrap()).as_deref(), Ok(link));
    }

    #[test]
    fn a_file_that_holds_no_state_is_said_to() {
        for (file, why) in [
            ("", "no JSON"),
            ("{\"vitrine\":1,", "no JSON"),
            ("[1,2]", "another kind"),
            ("{\"vitrine\":9,\"link\":\"\"}", "version 9"),
        ] {
            let said = english(&read_state(file).unwrap_err());
            assert!(said.contains(why), "{file}: {said}");
        }
        assert!(english(&read_state(&"x".repeat(MOST + 1)).unwrap_err()).contains("too large"));
    }
}
