//! The scores of Yandex's two towers for the whole catalogue.

use burn::tensor::{Device, Tensor, Transaction};

use super::map::{Vectors, axes};
use super::{Scored, precision};
use crate::pipeline::assets::{AssetError, AssetSource, Manifest, damaged};
use crate::pipeline::request::Request;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::{StageError, numbers};
use crate::retrieval::{ExactIndex, Precision, gmv};
use link::{RetrievalKnobs, TrainingStage};
use market::catalogue::ProductId;
use market::history::{Event, PageDevice, WebSearch};
use nets::models::yandex::input::title_sums;
use nets::models::yandex::retriever::{FILE, PRETRAINED_FILE, Retriever, Source, User};
use protocol::TowerInsides;

/// What the user tower reads, in groups.
pub const GROUPS: [&str; 3] = ["query", "behaviour", "web searches"];

/// The towers of both stages of training, as far as they were asked for.
#[derive(Default)]
pub struct Yandex {
    fine_tuned: Option<Towers>,
    pre_trained: Option<Towers>,
}

/// The towers of one stage of training, with the last answers of their stages.
struct Towers {
    model: Retriever,
    index: Stage<Precision, ExactIndex>,
    user: Stage<UserKey, User>,
}

/// What the user tower reads.
#[derive(Clone, Debug, PartialEq)]
struct UserKey {
    request: Request,
    history_length: u32,
    web_searches: bool,
}

impl Yandex {
    /// Fetches the towers of a stage of training, if they are not here yet.
    ///
    /// # Errors
    /// Where the file is missing or damaged.
    pub async fn fetch(
        &mut self,
        stage: TrainingStage,
        manifest: &Manifest,
        source: &impl AssetSource,
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError> {
        let (towers, name) = match stage {
            TrainingStage::FineTuned => (&mut self.fine_tuned, FILE),
            TrainingStage::PreTrained => (&mut self.pre_trained, PRETRAINED_FILE),
        };
        if towers.is_none() {
            let bytes = manifest.file(source, name).await?;
            let titles = title_sums(&stock.catalogue, &stock.words);
            let model = Retriever::load(&bytes, &titles, device).map_err(|e| damaged(name, e))?;
            *towers = Some(Towers { model, index: Stage::default(), user: Stage::default() });
        }
        Ok(())
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        for towers in [&mut self.fine_tuned, &mut self.pre_trained].into_iter().flatten() {
            towers.user.clear();
        }
    }

    /// Scores every product for a request. A query is one more web search, made now.
    ///
    /// # Errors
    /// Where the device fails, or the towers of the stage that is asked for are not here.
    pub async fn score(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<Scored, StageError> {
        self.towers(knobs)?.score(stock, request, knobs).await
    }

    fn towers(&mut self, knobs: &RetrievalKnobs) -> Result<&mut Towers, StageError> {
        let towers = match knobs.stage {
            TrainingStage::FineTuned => &mut self.fine_tuned,
            TrainingStage::PreTrained => &mut self.pre_trained,
        };
        towers.as_mut().ok_or(StageError::OutOfOrder)
    }

    /// Score of one product where the user tower reads only some of [`GROUPS`]: those whose bits
    /// are set in the place on the list.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub async fn coalitions(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        let towers = self.towers(knobs)?;
        let all = (0..1 << GROUPS.len()).map(|coalition| {
            let (events, searches) = read(request, knobs, coalition);
            towers.model.user(&events, &searches, &stock.words).vector
        });
        let mut queries = Tensor::cat(all.collect(), 0);
        if knobs.gmv {
            queries = gmv::extend_queries(queries, knobs.sigma);
        }
        let index = towers.index(stock, precision(knobs)).await?;
        let scores = index.scores(queries).narrow(1, product as usize, 1);
        numbers(scores.into_data_async().await?)
    }

    /// v_i of every product, and v_u of a request.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub async fn vectors(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<Vectors, StageError> {
        let model = &self.towers(knobs)?.model;
        let (events, searches) = read(request, knobs, usize::MAX);
        let query = model.user(&events, &searches, &stock.words).vector;
        let items = numbers(model.items.clone().into_data_async().await?)?;
        let axes = axes(&items, stock.prices_cents.len());
        Ok(Vectors { axes, items, query: numbers(query.into_data_async().await?)? })
    }
}

/// What the user tower reads of a request, of those of [`GROUPS`] whose bits are set.
fn read(request: &Request, knobs: &RetrievalKnobs, groups: usize) -> (Vec<Event>, Vec<WebSearch>) {
    let mut searches = searches(request, knobs.web_searches);
    let events = &request.history.events;
    let (first_event, first_search) = newest(events, &searches, knobs.history_length as usize);
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

impl Towers {
    async fn index(
        &mut self,
        stock: &Stock,
        precision: Precision,
    ) -> Result<&ExactIndex, StageError> {
        if self.index.cached(&precision).is_none() {
            let items = self.model.items.clone();
            let index = ExactIndex::new(items, &stock.prices_cents, precision).await?;
            self.index.keep(precision, index);
        }
        self.index.cached(&precision).ok_or(StageError::OutOfOrder)
    }

    async fn score(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<Scored, StageError> {
        let precision = precision(knobs);
        self.index(stock, precision).await?;
        let searches = searches(request, knobs.web_searches);
        let events = &request.history.events;
        let (first_event, first_search) = newest(events, &searches, knobs.history_length as usize);
        let key = UserKey {
            request: request.clone(),
            history_length: knobs.history_length,
            web_searches: knobs.web_searches,
        };
        if self.user.cached(&key).is_none() {
            let (events, searches) = (&events[first_event..], &searches[first_search..]);
            self.user.keep(key.clone(), self.model.user(events, searches, &stock.words));
        }
        let (Some(user), Some(index)) = (self.user.cached(&key), self.index.cached(&precision))
        else {
            return Err(StageError::OutOfOrder);
        };
        let mut query = user.vector.clone();
        if knobs.gmv {
            query = gmv::extend_queries(query, knobs.sigma);
        }
        let mut read = Transaction::default()
            .register(index.scores(query))
            .register(self.model.model().loss.temperature());
        let last = user.attention.last().map(mean_over_heads);
        if let Some(attention) = &last {
            read = read.register(attention.clone());
        }
        let scalars = self.model.model().context_scalars();
        for scalars in &scalars {
            read = read.register(scalars.clone());
        }
        let mut read = read.execute_async().await?.into_iter();
        let mut next = || read.next().ok_or(StageError::OutOfOrder).and_then(numbers);
        let scores = next()?;
        let temperature = next()?.first().copied().unwrap_or(f32::NAN);
        let attention = if last.is_some() { next()? } else { Vec::new() };
        let scalar = |of: Vec<f32>, place: usize| of.get(place).copied().unwrap_or(0.0);
        let surface = scalar(next()?, usize::from(request.query.is_some()));
        let context = (surface, scalar(next()?, device_number(request.device)));

        let mut behaviours = vec![None; events.len()];
        let mut of_searches = Vec::new();
        // Behind [CLS] itself.
        for (seen, &attention) in user.behaviour.iter().zip(attention.iter().skip(1)) {
            match seen.source {
                Source::Event(event) => behaviours[first_event + event] = Some(attention),
                Source::WebSearch(search) => {
                    let query = searches[first_search + search].query.clone();
                    of_searches.push((query, attention));
                }
            }
        }
        let towers = TowerInsides {
            read: user.behaviour.len() as u32,
            recent_searches: recent_searches(request, knobs) as u32,
            own_attention: attention.first().copied().unwrap_or(1.0),
            searches: of_searches,
            temperature,
            context,
        };
        Ok(Scored { scores, behaviours, personal_attention: Vec::new(), towers: Some(towers) })
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
fn recent_searches(request: &Request, knobs: &RetrievalKnobs) -> usize {
    let all = searches(request, true);
    let (_, first) = newest(&request.history.events, &all, knobs.history_length as usize);
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
    use link::State;
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
        let knobs = RetrievalKnobs { history_length: 4, ..State::default().retrieval };
        let groups = |request: &Request, groups| {
            let (events, searches) = read(request, &knobs, groups);
            let queries: Vec<String> = searches.into_iter().map(|search| search.query).collect();
            (events.len(), queries.join(" "))
        };
        let found = [0, 1, 2, 4, 5, 7].map(|of| groups(&request, of));
        let expected =
            [(0, ""), (0, "asked"), (2, ""), (0, "newer"), (0, "newer asked"), (2, "newer asked")];
        assert_eq!(found, expected.map(|(events, queries)| (events, queries.to_string())));
        assert_eq!(recent_searches(&request, &knobs), 1, "the oldest has no room");
        assert_eq!(
            recent_searches(&request, &RetrievalKnobs { history_length: 2, ..knobs.clone() }),
            0
        );
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
