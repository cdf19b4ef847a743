//! A ranking as a file: CSV for a table, JSON for a program; and a state as a file, and back.

use serde::{Deserialize, Serialize};

use link::State;
use link::view::Link;
use market::language::{Message, Value};
use protocol::blend::{self, probability};
use protocol::block::{self, Blocks};
use protocol::{Answer, Candidate, Shop};
use systems::Task;
use systems::shared::{Blend, Surface, task_weight};

/// Most bytes of a state's file that are read.
pub const MOST: usize = 200_000;

/// Longest part of a file's name that is made of a query.
const LONGEST_NAME: usize = 40;

/// Where a ranking is from: each row of its file says so, so that the file is a table in any
/// program, and files may be put under each other.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What was set.
    pub state: &'a State,
    /// The address that opens it.
    pub address: &'a str,
    /// The day, as `2026-03-01`.
    pub date: &'a str,
}

impl Source<'_> {
    /// What was asked for, and for whom.
    fn asked(&self) -> (&str, &str) {
        let query = match self.state.surface() {
            Surface::Search => self.state.query.as_str(),
            Surface::Feed => "feed",
        };
        (query, &self.state.shopper)
    }

    /// The name of a file of this source: `ranking-oak-table-clara-2026-03-01.csv`.
    pub fn file(&self, what: &str, ending: &str) -> String {
        let (query, shopper) = self.asked();
        let signs = query.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' });
        let query: String = signs.take(LONGEST_NAME).collect();
        let parts = [what].into_iter().chain(query.split_whitespace()).chain([shopper, self.date]);
        format!("{}.{ending}", parts.collect::<Vec<_>>().join("-"))
    }
}

/// How the cells of a table are parted, and its numbers written. A program opens numbers as numbers
/// where both are its country's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cells {
    /// `0.5,0.25`, as in English.
    #[default]
    Comma,
    /// `0,5;0,25`, as in German, French and most languages of Europe.
    Semicolon,
    /// `0.5` and `0.25` with a tab between: what programs for statistics take.
    Tab,
}

impl Cells {
    /// Every way, with its name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Comma, "comma"), (Self::Semicolon, "semicolon"), (Self::Tab, "tab")];

    /// Ending of its file's name, and the file's type.
    pub fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Comma | Self::Semicolon => ("csv", "text/csv"),
            Self::Tab => ("tsv", "text/tab-separated-values"),
        }
    }

    fn delimiter(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    fn number(self, number: impl ToString) -> String {
        let number = number.to_string();
        if self == Self::Semicolon { number.replace('.', ",") } else { number }
    }
}

/// A text that no spreadsheet takes for a formula: such programs run what begins with these signs,
/// and take an apostrophe before it for the mark of a text.
fn harmless(text: &str) -> String {
    let signs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let mark = if text.trim_start_matches(' ').starts_with(signs) { "'" } else { "" };
    format!("{mark}{text}")
}

/// What a file of UTF-8 begins with, for programs that would take it for another encoding.
const UTF8: &str = "\u{feff}";

/// One product of a ranking, with every score it has.
#[derive(Serialize)]
struct Row<'a> {
    rank: usize,
    product: u32,
    title: &'a str,
    product_type: &'a str,
    brand: &'a str,
    price: f64,
    /// Blended: see [`score_is`].
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
    /// Gate weights by layer, task and expert.
    gates: &'a [f32],
}

fn rows<'a>(answer: &'a Answer, state: &State, shop: &'a Shop) -> Vec<Row<'a>> {
    let (tasks, gates) = (answer.ranker.tasks, answer.blocks.gates());
    let row = |(rank, ranked): (usize, &blend::Ranked)| {
        let candidate: &Candidate = &answer.candidates[ranked.candidate];
        let catalogue = &shop.catalogue;
        let product = shop.product(candidate.product)?;
        let chance = |wanted: Task| {
            let number = tasks.iter().position(|task| *task == wanted)?;
            Some(probability(candidate, number, &state.settings))
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
            gates: gates.map(|gates| gates.of(ranked.candidate)).unwrap_or_default(),
        })
    };
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    order.iter().enumerate().filter_map(row).collect()
}

/// What the score is, with its numbers, so that whoever has the file alone can compute it again:
/// P(k) is a task's probability, w its weight, b its base rate in this shop.
fn score_is(answer: &Answer, state: &State, form: Cells) -> String {
    let (predicted, settings) = (answer.predicted(), &state.settings);
    if predicted.tasks.is_empty() {
        return "no ranker: the retrieval score, in the order of retrieval".into();
    }
    let weights: Vec<f32> =
        predicted.tasks.iter().map(|task| task_weight(settings, *task)).collect();
    if !weights.iter().any(|weight| *weight > 0.0) {
        return "all weights are 0: the order of retrieval".into();
    }
    let numbers = |name: &str, values: &[f32]| {
        let value =
            |(task, value): (&Task, &f32)| format!("{} {}", task.name(), form.number(value));
        let values: Vec<String> = predicted.tasks.iter().zip(values).map(value).collect();
        format!(" | {name}: {}", values.join(" / "))
    };
    let formula = match Blend::of(settings) {
        Blend::Sum => "Σ w P(k) / Σ w",
        Blend::Lift => "Σ w (P(k) / b) / Σ w",
        Blend::Product => "Π (P(k) / b)^(w / Σ w)",
    };
    let rates = match Blend::of(settings) {
        Blend::Sum => String::new(),
        Blend::Lift | Blend::Product => numbers("b", predicted.base_rates),
    };
    format!("{formula}{}{rates}", numbers("w", &weights))
}

/// The ranking as a table, a header first.
///
/// # Errors
/// Says why it could not be written.
pub fn csv(
    answer: &Answer,
    source: &Source<'_>,
    shop: &Shop,
    form: Cells,
) -> Result<String, String> {
    let tasks = answer.ranker.tasks;
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
    let gates = answer.blocks.gates();
    for (layer, task, expert) in gates.into_iter().flat_map(|gates| gates.names()) {
        header.push(format!("gate {} {} {}", layer + 1, plain(task), plain(expert)));
    }
    let numbers = header.len();
    header.extend(["score is", "query", "shopper", "date", "link"].map(String::from));
    let (query, shopper) = source.asked();
    let score_is = score_is(answer, source.state, form);
    let of_source = [&score_is, query, shopper, source.date, source.address].map(harmless);
    let mut writer =
        csv::WriterBuilder::new().delimiter(form.delimiter()).from_writer(UTF8.as_bytes().to_vec());
    let said = |error: csv::Error| error.to_string();
    writer.write_record(&header).map_err(said)?;
    for row in rows(answer, source.state, shop) {
        let mut cells = vec![
            row.rank.to_string(),
            row.product.to_string(),
            harmless(row.title),
            harmless(row.product_type),
            harmless(row.brand),
            form.number(format!("{:.2}", row.price)),
            form.number(row.score),
            form.number(row.retrieval_score),
            form.number(row.softmax),
        ];
        let chances = [(Task::Click, row.click), (Task::Cart, row.cart), (Task::Order, row.order)];
        let of_tasks = chances.iter().filter(|(task, _)| tasks.contains(task));
        cells.extend(of_tasks.map(|(_, chance)| form.number(chance.unwrap_or(0.0))));
        cells.extend(row.utilities.iter().map(|utility| form.number(utility)));
        cells.push(form.number(row.bias));
        cells.extend(row.gates.iter().map(|gate| form.number(gate)));
        cells.resize(numbers, String::new());
        cells.extend(of_source.clone());
        writer.write_record(&cells).map_err(said)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// A layer of experts, in the one language that programs read.
#[derive(Serialize)]
struct Layer {
    name: Option<String>,
    experts: Vec<String>,
}

impl Layer {
    fn of(layer: &block::Layer) -> Self {
        Self {
            name: layer.name.as_ref().map(plain),
            experts: layer.experts.iter().map(plain).collect(),
        }
    }
}

/// The last word of a message's key and what stands in it: "expert 2".
pub fn plain(message: &Message) -> String {
    let key = message.key.rsplit('.').next().unwrap_or_default();
    let values = message.values.iter().filter_map(|(_, value)| match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Message(_) => None,
    });
    [key].into_iter().chain(values).collect::<Vec<_>>().join(" ")
}

/// The ranking as JSON.
///
/// # Errors
/// Says why it could not be written.
pub fn json(answer: &Answer, source: &Source<'_>, shop: &Shop) -> Result<String, String> {
    #[derive(Serialize)]
    struct Ranking<'a> {
        link: &'a str,
        date: &'a str,
        query: &'a str,
        shopper: &'a str,
        retriever: &'static systems::Retriever,
        ranker: &'static systems::Ranker,
        tasks: Vec<&'static str>,
        score_is: String,
        gatings: Vec<Layer>,
        products: Vec<Row<'a>>,
    }
    let (query, shopper) = source.asked();
    let gates = answer.blocks.gates();
    let ranking = Ranking {
        link: source.address,
        date: source.date,
        query,
        shopper,
        retriever: answer.retriever,
        ranker: answer.ranker,
        tasks: answer.ranker.tasks.iter().map(|task| task.name()).collect(),
        score_is: score_is(answer, source.state, Cells::Comma),
        gatings: gates.into_iter().flat_map(|gates| &gates.layers).map(Layer::of).collect(),
        products: rows(answer, source.state, shop),
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
    let file = Written { vitrine: link::LINK_VERSION, link, state: &state };
    serde_json::to_string_pretty(&file).map_err(|error| error.to_string())
}

/// The link in a state's file.
///
/// # Errors
/// Says what is wrong with the file.
pub fn read_state(file: &str) -> Result<String, Message> {
    if file.len() > MOST {
        return Err(Message::new(word!("studio.why.too-large")));
    }
    let read: Read = serde_json::from_str(file).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Message::new(word!("studio.why.other-json")),
        _ => Message::new(word!("studio.why.no-json")).with("line", error.line().to_string()),
    })?;
    if read.vitrine > link::LINK_VERSION {
        return Err(
            Message::new(word!("studio.why.too-new")).with("version", read.vitrine.to_string())
        );
    }
    Ok(read.link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use languages::english;
    use market::catalogue::Catalogue;
    use market::{MarketConfig, World};
    use protocol::{Answer, Backend, Listed};
    use systems::shared::{BLEND, SURFACE, WEIGHT_CLICK, WEIGHT_ORDER};
    use systems::{dmt, moppr};

    fn shop() -> Shop {
        let config = MarketConfig { products: 400, shoppers: 2, ..MarketConfig::default() };
        let catalogue: Catalogue = World::generate(&config).catalogue.clone();
        Shop { catalogue, shoppers: vec![], queries: vec![], others: vec![] }
    }

    fn answer() -> Answer {
        let candidate = |product: u32, click: f32| Candidate {
            product,
            retrieval_score: 0.5,
            probability: 0.01,
            tier: 0,
            utility: vec![click, -3.0],
            bias: -0.5,
        };
        let of_one = [0.25, 0.75, 1.0, 0.0];
        let expert = |number| Message::new("experts.expert").with("number", number);
        let layer = block::Layer {
            name: None,
            tasks: ["tasks.click", "tasks.order"].map(Message::new).into(),
            experts: ["1", "2"].map(expert).into(),
        };
        let gates = block::Gates { layers: vec![layer], weights: [of_one, of_one].concat() };
        Answer {
            run: 1,
            backend: Backend::Cpu,
            retriever: &moppr::RETRIEVER,
            ranker: &dmt::RANKER,
            base_rates: vec![0.07, 0.002],
            timings: vec![],
            notices: vec![],
            history: vec![],
            retrieval: protocol::RetrievalInsides {
                pieces: vec![],
                attention: None,
                categories: vec![],
                entropy: 0.0,
                effective_candidates: 1.0,
                softmax: vec![],
                searched: 0,
                retrieved: 0,
                relevant: 0,
                admitted: 0,
                recent_searches: None,
                blocks: vec![],
            },
            learned: false,
            learned_towers: false,
            blocks: vec![block::Block::new("experts", block::Shape::Gates(gates))],
            candidates: vec![candidate(7, -1.0), candidate(3, 1.0)],
            products: 400,
            others: vec![],
            detail: None,
        }
    }

    const ADDRESS: &str = "https://shop.example/#v=1&q=sofa";

    fn source(state: &State) -> Source<'_> {
        Source { state, address: ADDRESS, date: "2026-03-01" }
    }

    /// Header and rows of a table, read by another hand.
    fn table(text: &str, form: Cells) -> (csv::StringRecord, Vec<csv::StringRecord>) {
        let text = text.strip_prefix(UTF8).expect("the mark of UTF-8");
        let delimiter = form.delimiter();
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        (header, reader.records().map(Result::unwrap).collect())
    }

    #[test]
    fn a_ranking_is_a_table_with_every_score() {
        let (shop, state) = (shop(), State::default());
        for (form, _) in Cells::ALL {
            let text = csv(&answer(), &source(&state), &shop, form).unwrap();
            let (header, rows) = table(&text, form);
            assert_eq!(header.iter().rev().nth(5), Some("gate 1 order expert 2"));
            let column = |name: &str| header.iter().position(|cell| cell == name).unwrap();
            let read = |cell: &str| -> f32 {
                let written = if form == Cells::Semicolon { "," } else { "." };
                assert!(!cell.contains(if written == "," { "." } else { "," }), "{cell}");
                cell.replace(written, ".").parse().unwrap()
            };
            assert_eq!((rows.len(), &rows[0][column("product")]), (2, "3"));
            assert_eq!(&rows[1][column("title")], shop.catalogue.products[7].title);
            assert_eq!(read(&rows[0][column("gate 1 click expert 2")]), 0.75);
            assert_eq!(read(&rows[0][column("bias logit")]), -0.5);
            let chance = read(&rows[0][column("P(click)")]);
            assert!((chance - 1.0 / (1.0 + (-1.0_f32).exp())).abs() < 1e-6);
            // Every cell between the texts is a number where it is opened.
            for row in &rows {
                for at in column("price")..column("score is") {
                    let _ = read(&row[at]);
                }
                let of_source = ["query", "shopper", "date", "link"].map(|name| &row[column(name)]);
                assert_eq!(of_source, ["shoes", "clara", "2026-03-01", ADDRESS]);
            }
        }
    }

    #[test]
    fn a_product_of_a_larger_shop_stands_in_it_as_any_other() {
        let (mut shop, mut answer, state) = (shop(), answer(), State::default());
        let mut row = shop.catalogue.products[7].clone();
        row.title = "Lamp of oak".into();
        shop.learn(vec![Listed { product: 32_007, row }]);
        answer.candidates[0].product = 32_007;
        let text = csv(&answer, &source(&state), &shop, Cells::Comma).unwrap();
        let (header, rows) = table(&text, Cells::Comma);
        let column = |name: &str| header.iter().position(|cell| cell == name).unwrap();
        let told = |row: usize| [column("product"), column("title")].map(|at| &rows[row][at]);
        assert_eq!((rows.len(), told(1)), (2, ["32007", "Lamp of oak"]));
        assert_eq!(told(0), ["3", shop.catalogue.products[3].title.as_str()]);
    }

    #[test]
    fn what_the_score_is_stands_beside_it() {
        let shop = shop();
        let said = |blend: Blend, weight, form| {
            let mut state = State::default();
            state.settings.set(&BLEND, blend.value());
            state.settings.set(&WEIGHT_CLICK, weight);
            state.settings.set(&WEIGHT_ORDER, weight);
            let (header, rows) =
                table(&csv(&answer(), &source(&state), &shop, form).unwrap(), form);
            let at = header.iter().position(|cell| cell == "score is").unwrap();
            rows[0][at].to_string()
        };
        assert_eq!(
            said(Blend::Product, 0.5, Cells::Comma),
            "Π (P(k) / b)^(w / Σ w) | w: click 0.5 / order 0.5 | b: click 0.07 / order 0.002"
        );
        assert_eq!(
            said(Blend::Sum, 0.5, Cells::Semicolon),
            "Σ w P(k) / Σ w | w: click 0,5 / order 0,5"
        );
        assert_eq!(said(Blend::Lift, 0.0, Cells::Tab), "all weights are 0: the order of retrieval");
    }

    #[test]
    fn no_cell_is_run_by_a_spreadsheet() {
        let mut shop = shop();
        let titles = ["=HYPERLINK(\"x\")", "-2+3", " @SUM(1)", "\t=1", "＝1+1"];
        for title in titles.into_iter().chain(["oak, \"round\"; 3-legged", "O'Neill"]) {
            shop.catalogue.products[3].title = title.into();
            let state = State { query: title.into(), ..State::default() };
            for (form, _) in Cells::ALL {
                let text = csv(&answer(), &source(&state), &shop, form).unwrap();
                let (header, rows) = table(&text, form);
                let marked = if titles.contains(&title) { "'" } else { "" };
                for name in ["title", "query"] {
                    let at = header.iter().position(|cell| cell == name).unwrap();
                    assert_eq!(rows[0][at], format!("{marked}{title}"));
                }
            }
        }
    }

    #[test]
    fn a_file_is_named_by_what_it_holds() {
        let named = |query: &str, surface| {
            let state = State { query: query.into(), ..State::default() };
            let state = state.with(&SURFACE, Surface::value(surface));
            source(&state).file("ranking", "csv")
        };
        let search = |query| named(query, Surface::Search);
        assert_eq!(search("oak table"), "ranking-oak-table-clara-2026-03-01.csv");
        assert_eq!(search("../a:b*\u{202e}?"), "ranking-a-b-clara-2026-03-01.csv");
        assert_eq!(search("沙发"), "ranking-沙发-clara-2026-03-01.csv");
        assert_eq!(search(""), "ranking-clara-2026-03-01.csv");
        assert_eq!(search(&"x".repeat(200)).len(), "ranking--clara-2026-03-01.csv".len() + 40);
        assert_eq!(named("sofa", Surface::Feed), "ranking-feed-clara-2026-03-01.csv");
    }

    #[test]
    fn a_ranking_is_json_too() {
        let state = State::default();
        let text = json(&answer(), &source(&state), &shop()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&value["link"], &value["query"]), (&ADDRESS.into(), &"shoes".into()));
        assert_eq!(value["products"][0]["product"], 3);
        assert_eq!(value["products"][0]["cart"], serde_json::Value::Null);
        assert_eq!(value["products"][1]["gates"], serde_json::json!([0.25, 0.75, 1.0, 0.0]));
        assert_eq!(value["gatings"][0]["experts"][1], "expert 2");
    }

    #[test]
    fn a_state_comes_back_from_its_file() {
        let link = "#v=1&q=sofa&tau=0.1&a=q:couch";
        assert_eq!(read_state(&write_state(link).unwrap()).as_deref(), Ok(link));
    }

    #[test]
    fn a_file_that_holds_no_state_is_said_to() {
        for (file, why) in [
            ("", "not valid JSON"),
            ("{\"vitrine\":1,", "not valid JSON"),
            ("[1,2]", "another kind"),
            ("{\"vitrine\":9,\"link\":\"\"}", "version 9"),
        ] {
            let said = english(&read_state(file).unwrap_err());
            assert!(said.contains(why), "{file}: {said}");
        }
        assert!(english(&read_state(&"x".repeat(MOST + 1)).unwrap_err()).contains("too large"));
    }
}
