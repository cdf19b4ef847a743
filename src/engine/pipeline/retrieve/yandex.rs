//! The scores of Yandex's two towers for the whole catalogue.

use async_trait::async_trait;
use burn::tensor::{Device, Tensor, Transaction};

use super::{Asked, LearnedReads, Retrieves, Scored, newcomer_scores, precision, searched_by};
use crate::pipeline::assets::{AssetError, refused};
use crate::pipeline::request::{Part, Request};
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::watch::{Named, Watch, days};
use crate::pipeline::{Numbers, StageError, numbers};
use crate::retrieval::{ExactIndex, Precision};
use market::catalogue::ProductId;
use market::history::{Event, PageDevice, WebSearch};
use market::language::{Message, Value};
use nets::models::weights::{Weights, WeightsError};
use nets::models::yandex::YandexConfig;
use nets::models::yandex::retriever::{
    FILE, MODEL, PRETRAINED_FILE, Retriever, Seen, Source, User,
};
use protocol::block::{Block, Pair, Shape, Share, Unit};
use protocol::machine::Activity;
use systems::knob::Settings;
use systems::yandex::{HISTORY_LENGTH, RETRIEVER, TrainingStage, WEB_SEARCHES};

/// The towers of both stages of training, as far as they were asked for.
#[derive(Default)]
pub struct Yandex {
    fine_tuned: Option<Towers>,
    pre_trained: Option<Towers>,
}

/// How it comes from weights that were learned: the towers of the second stage, which is what learns.
pub static LEARNED: LearnedReads = LearnedReads {
    of: &RETRIEVER,
    model: MODEL,
    file: |settings| match TrainingStage::of(settings) {
        TrainingStage::FineTuned => FILE,
        TrainingStage::PreTrained => PRETRAINED_FILE,
    },
    read: |bytes, stock, device| {
        // Before any network of these sizes is made.
        let config: YandexConfig = Weights::from_bytes(bytes, MODEL)?.config()?;
        config.as_shipped()?;
        let fine_tuned = Some(Towers::read(bytes, stock, device)?);
        Ok(Box::new(Yandex { fine_tuned, pre_trained: None }))
    },
};

/// The towers of one stage of training, with the last answers of their stages.
struct Towers {
    model: Retriever,
    index: Stage<Precision, ExactIndex>,
    user: Stage<UserKey, User>,
}

/// The parts that the user tower reads of a request.
const USER: &[Part] = &[Part::History, Part::WebSearches, Part::Query];

/// What the user tower reads.
#[derive(Clone, Debug, PartialEq)]
struct UserKey {
    request: Request,
    settings: Settings,
}

impl Yandex {
    fn towers(&mut self, settings: &Settings) -> Result<&mut Towers, StageError> {
        let (towers, file) = match TrainingStage::of(settings) {
            TrainingStage::FineTuned => (&mut self.fine_tuned, FILE),
            TrainingStage::PreTrained => (&mut self.pre_trained, PRETRAINED_FILE),
        };
        towers.as_mut().ok_or(StageError::NotFetched(file))
    }
}

#[async_trait(?Send)]
impl Retrieves for Yandex {
    /// The device is the context's, and what was searched for on the web counts even where it is
    /// not read.
    fn reads(&self, _: &Request) -> &'static [Part] {
        &[Part::History, Part::WebSearches, Part::Query, Part::Device]
    }

    /// The towers of the stage of training that is asked for.
    fn wants(&self, settings: &Settings) -> Vec<String> {
        let (towers, name) = match TrainingStage::of(settings) {
            TrainingStage::FineTuned => (&self.fine_tuned, FILE),
            TrainingStage::PreTrained => (&self.pre_trained, PRETRAINED_FILE),
        };
        if towers.is_some() { Vec::new() } else { vec![name.into()] }
    }

    fn read(
        &mut self,
        names: &[String],
        files: &[Vec<u8>],
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError> {
        for (name, bytes) in names.iter().zip(files) {
            let read = Towers::read(bytes, stock, device).map_err(|error| refused(name, error))?;
            let towers = if name == FILE { &mut self.fine_tuned } else { &mut self.pre_trained };
            *towers = Some(read);
        }
        Ok(())
    }

    fn meet(&mut self, stock: &Stock) {
        for towers in [&mut self.fine_tuned, &mut self.pre_trained].into_iter().flatten() {
            let [rows, _] = towers.model.items.dims();
            let news = stock.met.since(rows.saturating_sub(stock.catalogue.logged()));
            if !news.is_empty() {
                towers.model.meet(&stock.words.sums(stock.titles_of(news)));
            }
        }
    }

    fn words_changed(&mut self) {
        for towers in [&mut self.fine_tuned, &mut self.pre_trained].into_iter().flatten() {
            towers.user.clear();
        }
    }

    /// A query is one more web search, made now.
    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError> {
        self.towers(asked.settings)?.score(asked).await
    }

    async fn coalitions(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        let Asked { stock, request, settings, .. } = asked;
        let towers = self.towers(settings)?;
        let all = (0..1 << RETRIEVER.reads.len()).map(|coalition| {
            let (events, searches) = read(request, settings, coalition);
            towers.model.user(&rows(stock, &events), &searches, &stock.words).vector
        });
        let queries = Tensor::cat(all.collect(), 0);
        let scores = match (product as usize) < stock.catalogue.logged() {
            true => {
                let queries = searched_by(queries, settings);
                let index = laid_out(&mut towers.index, &towers.model, stock, settings).await?;
                index.scores(queries).narrow(1, product as usize, 1)
            }
            false => {
                let item = towers.model.items.clone().narrow(0, stock.row(product) as usize, 1);
                newcomer_scores(queries, item, stock, settings, product)
            }
        };
        numbers(scores.into_data_async().await?)
    }

    async fn watch(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
        chance: f32,
    ) -> Result<Vec<Activity>, StageError> {
        let Asked { stock, request, settings, .. } = asked;
        let model = &self.towers(settings)?.model;
        let (events, searches) = read(request, settings, usize::MAX);
        let user = model.user(&rows(stock, &events), &searches, &stock.words);
        let row = |of: &Tensor<2>| of.clone().narrow(0, stock.row(product) as usize, 1);
        let (v_u, v_i) = (user.vector.clone(), row(&model.items));

        // What was read, newest first; a web search has no product.
        let name = |seen: &Seen| match seen.source {
            Source::Event(event) => Value::Text(
                stock.catalogue.products[events[event].product as usize].title.to_string(),
            ),
            Source::WebSearch(search) => Value::Text(searches[search].query.clone()),
        };
        let mut watch = Watch::default();
        let now = request.history.now;
        let mut of_shop = (Vec::new(), Vec::new());
        let mut of_web = (Vec::new(), Vec::new());
        for seen in &user.behaviour {
            match seen.source {
                Source::Event(event) => {
                    of_shop.0.push(events[event].product);
                    of_shop.1.push(days(now, events[event].time));
                }
                Source::WebSearch(search) => {
                    of_web.0.push(name(seen));
                    of_web.1.push(days(now, searches[search].time));
                }
            }
        }
        let named = Message::new(word!("machine.in-the-shop"));
        watch.known_of("behaviour", named, of_shop.0, of_shop.1);
        watch.known_as(
            "behaviour",
            Message::new(word!("machine.web-searches")),
            of_web.0,
            of_web.1,
        );
        watch.matrix("title", Named::alone(), row(model.content()));
        let scalars = [word!("towers.surface"), word!("towers.device")].map(Message::new);
        let places = [usize::from(request.query.is_some()), device_number(request.device)];
        for ((name, of), place) in
            scalars.into_iter().zip(model.model().context_scalars()).zip(places)
        {
            let [count, _] = of.dims();
            let of = of.reshape([1, count]).narrow(1, place.min(count - 1), 1);
            watch.matrix("context", Named::rows([name]), of);
        }
        if let Some(attention) = user.attention.last() {
            let [heads, _] = attention.dims();
            let heads = (1..=heads)
                .map(|n| Message::new(word!("machine.head")).with("number", n.to_string()));
            let columns =
                std::iter::once(Value::from("[CLS]")).chain(user.behaviour.iter().map(name));
            watch.matrix("attention", Named::rows(heads).columns(columns), attention.clone());
        }
        watch.matrix("relevance", Named::alone(), (v_u.clone() * v_i.clone()).sum_dim(1));
        watch.matrix("user", Named::alone(), v_u);
        watch.matrix("item", Named::alone(), v_i);
        watch.known("chance", "", vec![chance]);
        watch.read().await
    }

    /// The item tower's vector of every product that a log tells of.
    async fn items(&mut self, stock: &Stock, settings: &Settings) -> Result<Vec<f32>, StageError> {
        let items = self.towers(settings)?.model.items.clone();
        let items = items.narrow(0, 0, stock.catalogue.logged());
        numbers(items.into_data_async().await?)
    }

    /// The item tower's vector of newcomers.
    async fn newcomers(
        &mut self,
        stock: &Stock,
        settings: &Settings,
        products: &[ProductId],
    ) -> Result<Vec<f32>, StageError> {
        let titles = stock.words.sums(stock.titles_of(products));
        let vectors = self.towers(settings)?.model.vectors(&titles);
        numbers(vectors.into_data_async().await?)
    }

    /// The user tower's vector.
    async fn query(&mut self, asked: Asked<'_>) -> Result<Vec<f32>, StageError> {
        let Asked { stock, request, settings, .. } = asked;
        let (events, searches) = read(request, settings, usize::MAX);
        let events = rows(stock, &events);
        let query = self.towers(settings)?.model.user(&events, &searches, &stock.words).vector;
        numbers(query.into_data_async().await?)
    }
}

/// Events with the model's rows in place of products.
fn rows(stock: &Stock, events: &[Event]) -> Vec<Event> {
    events.iter().map(|event| Event { product: stock.row(event.product), ..*event }).collect()
}

/// What the user tower reads of a request, of those groups whose bits are set.
fn read(request: &Request, settings: &Settings, groups: usize) -> (Vec<Event>, Vec<WebSearch>) {
    let mut searches = searches(request, settings.is_on(&WEB_SEARCHES));
    let events = &request.history.events;
    let (first_event, first_search) =
        newest(events, &searches, settings.count(&HISTORY_LENGTH) as usize);
    let mut searches = searches.split_off(first_search);
    // The request's own query is the newest of all.
    let own = request.query.as_ref().and_then(|_| searches.pop());
    if groups & 4 == 0 {
        searches.clear();
    }
    searches.extend(own.filter(|_| groups & 1 != 0));
    let events = if groups & 2 == 0 { Vec::new() } else { events[first_event..].to_vec() };
    (events, searches)
}

/// The index that settings search.
async fn laid_out<'a>(
    stage: &'a mut Stage<Precision, ExactIndex>,
    model: &Retriever,
    stock: &Stock,
    settings: &Settings,
) -> Result<&'a ExactIndex, StageError> {
    let index = stage.get_or_try_insert(precision(settings), async |&precision| {
        let logged = stock.catalogue.logged();
        let items = model.items.clone().narrow(0, 0, logged);
        Ok(ExactIndex::new(items, &stock.prices_cents[..logged], precision).await?)
    });
    index.await
}

impl Towers {
    fn read(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, WeightsError> {
        let logged: Vec<ProductId> = (0..stock.catalogue.logged() as ProductId).collect();
        let titles = stock.words.sums(stock.titles_of(&logged));
        let model = Retriever::load(bytes, &titles, device)?;
        model.config().as_shipped()?;
        Ok(Self { model, index: Stage::default(), user: Stage::default() })
    }

    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError> {
        let Asked { stock, request, settings, .. } = asked;
        let Self { model, index, user } = self;
        let index = laid_out(index, model, stock, settings).await?;
        let searches = searches(request, settings.is_on(&WEB_SEARCHES));
        let events = &request.history.events;
        let (first_event, first_search) =
            newest(events, &searches, settings.count(&HISTORY_LENGTH) as usize);
        let key = UserKey {
            request: request.only(USER),
            settings: settings.only(&[&HISTORY_LENGTH, &WEB_SEARCHES]),
        };
        let user = user.get_or_insert(key, |_| {
            let events = rows(stock, &events[first_event..]);
            model.user(&events, &searches[first_search..], &stock.words)
        });
        let mut read = Transaction::default()
            .register(index.scores(searched_by(user.vector.clone(), settings)))
            .register(model.model().loss.temperature());
        let last = user.attention.last().map(mean_over_heads);
        if let Some(attention) = &last {
            read = read.register(attention.clone());
        }
        let scalars = model.model().context_scalars();
        for scalars in &scalars {
            read = read.register(scalars.clone());
        }
        let mut read = Numbers::read(read).await?;
        let scores = read.take()?.into();
        let temperature = read.take()?.first().copied().unwrap_or(f32::NAN);
        let attention = if last.is_some() { read.take()? } else { Vec::new() };
        let scalar = |of: Vec<f32>, place: usize| of.get(place).copied().unwrap_or(0.0);
        let surface = scalar(read.take()?, usize::from(request.query.is_some()));
        let context = (surface, scalar(read.take()?, device_number(request.device)));

        let mut behaviours = vec![None; events.len()];
        let mut of_searches = Vec::new();
        // Behind [CLS] itself.
        for (seen, &attention) in user.behaviour.iter().zip(attention.iter().skip(1)) {
            match seen.source {
                Source::Event(event) => behaviours[first_event + event] = Some(attention),
                Source::WebSearch(search) => {
                    let query = searches[first_search + search].query.clone();
                    of_searches.push(Share { name: query.into(), share: attention });
                }
            }
        }
        let pair = |name: &str, symbol: &str, value, unit| Pair {
            name: Message::new(word!("towers.{}", name)),
            symbol: symbol.into(),
            value,
            unit,
        };
        let own_attention = attention.first().copied().unwrap_or(1.0);
        let towers = vec![
            pair("read", "", user.behaviour.len() as f32, Unit::Count),
            pair("own-attention", "", own_attention, Unit::Share),
            // Similarities are multiplied by it (3.5.1).
            pair("temperature", "τ", temperature, Unit::Number),
            // r_ctx (3.4): detached in serving.
            pair("surface", "", context.0, Unit::Number),
            pair("device", "", context.1, Unit::Number),
        ];
        Ok(Scored {
            scores,
            behaviours,
            attention: None,
            recent_searches: Some(recent_searches(request, settings) as u32),
            blocks: vec![
                Block::new("searches", Shape::Shares(of_searches)),
                Block::new("towers", Shape::Pairs(towers)),
            ],
        })
    }
}

/// Number of a device among the context tower's.
fn device_number(device: PageDevice) -> usize {
    device as usize
}

/// `[heads, 1 + T]` to `[1 + T]`.
fn mean_over_heads(attention: &Tensor<2>) -> Tensor<1> {
    let [_, keys] = attention.dims();
    attention.clone().mean_dim(0).reshape([keys])
}

/// The web searches that are read, oldest first, the request's own query at their end.
fn searches(request: &Request, on_the_web: bool) -> Vec<WebSearch> {
    let made = if on_the_web { request.web_searches.as_slice() } else { &[] };
    let now = request.history.now;
    let own = request.query.iter().map(|query| WebSearch { query: query.clone(), time: now });
    made.iter().cloned().chain(own).collect()
}

/// Web searches that are among the newest behaviours, if web searches are read at all.
fn recent_searches(request: &Request, settings: &Settings) -> usize {
    let all = searches(request, true);
    let (_, first) =
        newest(&request.history.events, &all, settings.count(&HISTORY_LENGTH) as usize);
    // The request's own query is the newest of all, and not of the web.
    request.web_searches.len().saturating_sub(first.min(all.len()))
}

/// Where the newest `most` behaviours begin among events and among web searches, each oldest
/// first. Of the same minute, the web search is the older one.
fn newest(events: &[Event], searches: &[WebSearch], most: usize) -> (usize, usize) {
    let (mut event, mut search) = (0, 0);
    while events.len() - event + searches.len() - search > most {
        match (events.get(event), searches.get(search)) {
            (Some(e), Some(s)) if e.time < s.time => event += 1,
            (Some(_), None) => event += 1,
            _ => search += 1,
        }
    }
    (event, search)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::request::EditedHistory;
    use market::history::{EventKind, Profile};

    #[test]
    fn each_group_is_read_or_left_out() {
        let event = |time| Event { kind: EventKind::Click, product: 0, time };
        let search = |query: &str, time| WebSearch { query: query.into(), time };
        let profile = Profile {
            age_band: 0,
            gender: 0,
            purchase_power: 0,
            household: 0,
            town: 0,
            member_years: 0,
        };
        let history =
            EditedHistory { events: vec![event(1), event(3)], entries: vec![0, 1], now: 9 };
        let mut request = Request {
            profile,
            history,
            web_searches: vec![search("older", 0), search("newer", 2)],
            query: Some("asked".into()),
            device: PageDevice::Phone,
        };
        let settings = Settings::default().with(&HISTORY_LENGTH, 4.0);
        let groups = |request: &Request, groups| {
            let (events, searches) = read(request, &settings, groups);
            let queries: Vec<String> = searches.into_iter().map(|search| search.query).collect();
            (events.len(), queries.join(" "))
        };
        let found = [0, 1, 2, 4, 5, 7].map(|of| groups(&request, of));
        let expected =
            [(0, ""), (0, "asked"), (2, ""), (0, "newer"), (0, "newer asked"), (2, "newer asked")];
        assert_eq!(found, expected.map(|(events, queries)| (events, queries.to_string())));
        assert_eq!(recent_searches(&request, &settings), 1, "the oldest has no room");
        assert_eq!(recent_searches(&request, &Settings::default().with(&HISTORY_LENGTH, 2.0)), 0);
        request.query = None;
        assert_eq!(groups(&request, 7), (2, "older newer".into()));
    }

    #[test]
    fn the_newest_behaviours_are_kept_wherever_they_come_from() {
        let event = |time| Event { kind: EventKind::Click, product: 0, time };
        let search = |time| WebSearch { query: String::new(), time };
        let events = [event(1), event(3), event(5)];
        let searches = [search(2), search(5)];
        for (most, kept) in [(9, (0, 0)), (4, (1, 0)), (3, (1, 1)), (2, (2, 1)), (1, (2, 2))] {
            assert_eq!(newest(&events, &searches, most), kept, "{most}");
        }
        assert_eq!(newest(&events, &searches, 0), (3, 2));
        assert_eq!(newest(&[], &[], 0), (0, 0));
    }
}
