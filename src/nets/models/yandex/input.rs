//! From behaviour and pages to the tensors that the towers read.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{WEB_SEARCH, WebQueries, YandexConfig};
use market::catalogue::Catalogue;
use market::history::{Event, Minutes, PageDevice, WebSearch};
use market::text::TokenVectors;

/// One behaviour, in the shop or on the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Number among [`super::KINDS`].
    pub kind: u8,
    /// Number of its text: the product's for a behaviour in the shop.
    pub content: u32,
    /// When.
    pub time: Minutes,
}

impl Behaviour {
    fn is_web_search(&self) -> bool {
        self.kind == WEB_SEARCH
    }
}

/// Events and web searches, each oldest first, as one sequence, oldest first. The text of web
/// search number `n` is `query(n)`. Of the same minute, the web search came first.
pub fn timeline(
    events: &[Event],
    searches: &[WebSearch],
    mut query: impl FnMut(usize) -> u32,
) -> Vec<Behaviour> {
    let mut behaviours = Vec::with_capacity(events.len() + searches.len());
    let mut web = searches.iter().enumerate().peekable();
    let mut until = |time: Minutes, behaviours: &mut Vec<Behaviour>| {
        while let Some((number, search)) = web.next_if(|(_, search)| search.time <= time) {
            let content = query(number);
            behaviours.push(Behaviour { kind: WEB_SEARCH, content, time: search.time });
        }
    };
    for event in events {
        until(event.time, &mut behaviours);
        let (kind, content) = (event.kind as u8, event.product);
        behaviours.push(Behaviour { kind, content, time: event.time });
    }
    until(Minutes::MAX, &mut behaviours);
    behaviours
}

/// What the user tower reads of a sequence that is oldest first: positions in it, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Behaviour in the shop, and web searches where they are fused with it.
    pub behaviour: Vec<usize>,
    /// Web searches where they have a transformer of their own.
    pub web: Vec<usize>,
}

impl Read {
    /// The newest behaviours, as many as the model takes.
    pub fn new(config: &YandexConfig, timeline: &[Behaviour]) -> Self {
        let newest = |wanted: &dyn Fn(&Behaviour) -> bool, length| {
            let positions = (0..timeline.len()).rev().filter(|&p| wanted(&timeline[p]));
            positions.take(length).collect()
        };
        let shop = |behaviour: &Behaviour| !behaviour.is_web_search();
        match config.web_queries {
            WebQueries::Fused => {
                Self { behaviour: newest(&|_| true, config.history), web: Vec::new() }
            }
            WebQueries::None => Self { behaviour: newest(&shop, config.history), web: Vec::new() },
            WebQueries::Separate => Self {
                behaviour: newest(&shop, config.history),
                web: newest(&Behaviour::is_web_search, config.web_history),
            },
        }
    }
}

/// A sequence of behaviours for each of B shoppers, newest first, padded at its end.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Row of each behaviour's text in the table of contents, `[B, T]`; any valid row where there
    /// is padding.
    pub content: Tensor<2, Int>,
    /// Type of each, `[B, T]`.
    pub kinds: Tensor<2, Int>,
    /// One for a behaviour, zero for padding, `[B, T]`.
    pub present: Tensor<2>,
}

impl Sequence {
    /// One row for each history, of pairs of a row in the table of contents and a type; padded to
    /// the longest.
    pub fn new<'a>(
        histories: impl Iterator<Item = &'a [(u32, u8)]> + Clone,
        device: &Device,
    ) -> Self {
        // A tensor has no axis of length zero: without any behaviour there is one of padding.
        let longest = histories.clone().map(<[_]>::len).max().unwrap_or(0).max(1);
        let (mut content, mut kinds, mut present) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = 0;
        for history in histories {
            content.extend(history.iter().map(|&(row, _)| row.cast_signed()));
            kinds.extend(history.iter().map(|&(_, kind)| i32::from(kind)));
            present.extend(history.iter().map(|_| 1.0));
            rows += 1;
            content.resize(rows * longest, 0);
            kinds.resize(rows * longest, 0);
            present.resize(rows * longest, 0.0_f32);
        }
        let shape = [rows, longest];
        Self {
            content: Tensor::from_data(TensorData::new(content, shape), device),
            kinds: Tensor::from_data(TensorData::new(kinds, shape), device),
            present: Tensor::from_data(TensorData::new(present, shape), device),
        }
    }
}

/// What the user tower reads of B shoppers.
#[derive(Clone, Debug)]
pub struct Histories {
    /// Behaviour in the shop, and web searches where they are fused with it.
    pub behaviour: Sequence,
    /// Web searches where they have a transformer of their own.
    pub web: Option<Sequence>,
}

/// Where V page views were shown.
#[derive(Clone, Debug)]
pub struct Contexts {
    /// Surface, `[V]`.
    pub surface: Tensor<1, Int>,
    /// Device, `[V]`.
    pub device: Tensor<1, Int>,
}

impl Contexts {
    /// Of page views: whether each is a search, and the device it was seen on.
    pub fn new(views: impl Iterator<Item = (bool, PageDevice)> + Clone, device: &Device) -> Self {
        let ids = |ids: Vec<i32>| {
            let n = ids.len();
            Tensor::from_data(TensorData::new(ids, [n]), device)
        };
        Self {
            surface: ids(views.clone().map(|(is_search, _)| i32::from(is_search)).collect()),
            device: ids(views.map(|(_, seen_on)| seen_on as i32).collect()),
        }
    }
}

/// Sums of the word vectors of the titles of all products, one after another.
pub fn title_sums(catalogue: &Catalogue, words: &TokenVectors) -> Vec<f32> {
    words.sums(catalogue.titles())
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::history::EventKind;

    fn event(product: u32, time: Minutes) -> Event {
        Event { kind: EventKind::Cart, product, time }
    }

    #[test]
    fn the_timeline_is_in_the_order_of_time() {
        let search = |time| WebSearch { query: String::new(), time };
        let events = [event(7, -20), event(8, 5), event(9, 5), event(3, 30)];
        let searches = [search(-50), search(5), search(30), search(31)];
        let timeline = timeline(&events, &searches, |number| 100 + number as u32);
        let found: Vec<(u32, Minutes)> = timeline.iter().map(|b| (b.content, b.time)).collect();
        // A web search comes before what was done in the shop in the same minute.
        let expected =
            [(100, -50), (7, -20), (101, 5), (8, 5), (9, 5), (102, 30), (3, 30), (103, 31)];
        assert_eq!(found, expected);
        let kinds: Vec<bool> = timeline.iter().map(Behaviour::is_web_search).collect();
        assert_eq!(kinds, expected.map(|(content, _)| content >= 100));
    }

    #[test]
    fn what_is_read_is_newest_first_and_as_long_as_the_settings_say() {
        let events: Vec<Event> = (0..6).map(|n| event(n, n as Minutes)).collect();
        let searches: Vec<WebSearch> =
            (0..6).map(|n| WebSearch { query: String::new(), time: n }).collect();
        let timeline = timeline(&events, &searches, |_| 9);
        let read = |web_queries| {
            let config = YandexConfig {
                history: 4,
                web_history: 2,
                web_queries,
                ..YandexConfig::playground()
            };
            Read::new(&config, &timeline)
        };
        assert_eq!(read(WebQueries::Fused).behaviour, [11, 10, 9, 8]);
        assert_eq!(read(WebQueries::None).behaviour, [11, 9, 7, 5]);
        let separate = read(WebQueries::Separate);
        assert_eq!((separate.behaviour, separate.web), (vec![11, 9, 7, 5], vec![10, 8]));
    }
}
