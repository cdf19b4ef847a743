//! What the page knows, as signals: the person's state, the engine's last answer, and what
//! follows from the two.

use std::sync::Arc;

use leptos::prelude::*;

use super::browser;
use super::kept::Kept;
use super::lasting::Lasting;
use super::moves::Effect;
use super::parts::follow;
use super::undo::GESTURE;
use link::view::{Link, View};
use link::{HistoryEdit, MAX_HISTORY_EDITS, State};
use market::catalogue::ProductId;
use market::features::split::day_of;
use market::history::Minutes;
use market::language::Message;
use protocol::blend::{self, Ranked};
use protocol::block::Blocks;
use protocol::supervisor::Status;
use protocol::{Answer, Listed, Notice, Shop};
use systems::Task;
use systems::knob::{Facts, Knob, Settings};
use systems::shared::{BIAS_AT_SERVING, BLEND, Surface, WEIGHT_CART, WEIGHT_CLICK, WEIGHT_ORDER};

/// What the blend reads, which the page itself computes.
const BLENDED: [&Knob; 5] = [&BLEND, &WEIGHT_CLICK, &WEIGHT_CART, &WEIGHT_ORDER, &BIAS_AT_SERVING];

/// Mark on the document: shops of every size are wanted, whatever the browser says of this device's memory.
pub const EVERY_SIZE: &str = "every-size";

/// A product's place in the present order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Which product.
    pub product: ProductId,
    /// From 0.
    pub rank: usize,
    /// Blended score.
    pub score: f32,
    /// Index in [`Answer::candidates`].
    pub candidate: usize,
}

/// Query, shopper and surface: what moves are counted within.
pub type Request = (String, String, Surface);

/// Every product's place, best first.
pub type Places = Arc<Vec<Place>>;

/// Place of a product. There are a thousand at most: looking through them takes no time.
pub fn place_of(places: &Places, product: ProductId) -> Option<Place> {
    places.iter().find(|place| place.product == product).copied()
}

/// A notice as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Rises with every notice there ever was, so that a new text is a new notice.
    pub number: u64,
    /// What is said.
    pub notice: Notice,
    /// Came with an answer and goes with it.
    pub of_answer: bool,
}

/// Everything the components share.
#[derive(Clone, Copy)]
pub struct Store {
    /// What is ranked, and how.
    pub state: Lasting<RwSignal<State>>,
    /// What is looked at beside the shelf.
    pub view: Lasting<RwSignal<View>>,
    /// Both as a link.
    pub link: Lasting<Memo<String>>,
    /// What is sold and who shops; none before it has come.
    pub shop: Lasting<RwSignal<Option<Arc<Shop>>>>,
    /// The engine's last answer; none before the first.
    pub answer: Lasting<RwSignal<Option<Arc<Answer>>>>,
    /// The same for what stands around the shelf, once the shelf is painted: see
    /// [`Store::show_insides`].
    pub insides: Lasting<RwSignal<Option<Arc<Answer>>>>,
    /// How the engines stand.
    pub status: Lasting<RwSignal<Status>>,
    /// What is on show is not yet the answer to the state.
    pub waits: Lasting<RwSignal<bool>>,
    /// What decides whether a knob does anything; none before the first answer.
    pub facts: Lasting<Memo<Option<Facts>>>,
    /// What the person is told.
    pub notices: Lasting<RwSignal<Vec<Shown>>>,
    /// What is kept for offline use; none where nothing can be: not in a developer's build, nor where
    /// the browser forbids it.
    pub kept: Lasting<RwSignal<Option<Kept>>>,
    /// The person wants shops of every size, whatever the browser says of this device's memory.
    pub every_size: Lasting<RwSignal<bool>>,
    /// Rises when the person asks to start the engine again.
    pub retries: Lasting<RwSignal<u32>>,
    /// Dark or light, for what is drawn on a canvas.
    pub dark: Lasting<RwSignal<bool>>,
    /// Device pixels to one of the style sheet's, for the same.
    pub density: Lasting<RwSignal<f64>>,
    /// Settings of the blend, for what changes with them alone.
    pub ranking: Lasting<Memo<Settings>>,
    /// Whether a ranker made the answer, and not retrieval alone; so until there is one.
    pub ranks: Lasting<Memo<bool>>,
    /// What the ranker of the answer predicts.
    pub tasks: Lasting<Memo<&'static [Task]>>,
    /// The answer's candidates in the order of the blend.
    pub order: Lasting<Memo<Arc<Vec<Ranked>>>>,
    /// Every product's place in that order.
    pub places: Lasting<Memo<Places>>,
    /// Number of the page on show, within what there is.
    pub page: Lasting<Memo<usize>>,
    /// Places before the present gesture, which moves are counted from.
    pub baseline: Lasting<RwSignal<Places>>,
    /// Mean gate weights over the page on show, laid out as those of a candidate; empty without gates.
    pub experts: Lasting<Memo<Vec<f32>>>,
    /// The same before the present gesture.
    pub experts_before: Lasting<RwSignal<Vec<f32>>>,
    /// Rises whenever places change.
    pub moves: Lasting<RwSignal<u32>>,
    /// The knob that was turned last, and [`Self::moves`] before it; none once something else was
    /// done.
    pub turned: Lasting<RwSignal<Option<(&'static str, u32)>>>,
    /// What the knob that was turned last did.
    pub effect: Lasting<RwSignal<Option<Effect>>>,
    dismissed: StoredValue<Vec<String>>,
    /// Notices shown so far.
    told: StoredValue<u64>,
}

/// The store of this page.
pub fn store() -> Store {
    expect_context()
}

impl Store {
    /// Everything as it comes.
    // Signals are made in an owner, on purpose.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let state = Lasting(RwSignal::new(State::default()));
        let view = Lasting(RwSignal::new(View::default()));
        let answer = Lasting(RwSignal::new(None::<Arc<Answer>>));
        let ranking = Lasting(Memo::new(move |_| state.with(|s| s.settings.only(&BLENDED))));
        let tasks = Lasting(Memo::new(move |_| {
            answer.with(|answer| answer.as_ref().map_or([].as_slice(), |a| a.ranker.tasks))
        }));
        let ranks = Lasting(Memo::new(move |_| {
            answer.with(|answer| answer.as_ref().is_none_or(|a| !a.ranker.tasks.is_empty()))
        }));
        let order = Lasting(Memo::new(move |_| {
            Arc::new(answer.with(|answer| {
                match answer {
                    Some(answer) => ranking
                        .with(|knobs| blend::order(&answer.candidates, answer.predicted(), knobs)),
                    None => vec![],
                }
            }))
        }));
        let places = Lasting(Memo::new(move |_| {
            let order = order.get();
            let place = |(rank, ranked): (usize, &Ranked)| {
                let Ranked { candidate, score } = *ranked;
                let product =
                    answer.with(|a| Some(a.as_ref()?.candidates.get(candidate)?.product))?;
                Some(Place { product, rank, score, candidate })
            };
            Arc::new(order.iter().enumerate().filter_map(place).collect())
        }));
        let page = Lasting(Memo::new(move |_| {
            let (size, number) = state.with(|s| (s.page_size(), s.page_number()));
            let last = order.with(|order| order.len().saturating_sub(1)) / size;
            number.min(last)
        }));
        let experts = Lasting(Memo::new(move |_| {
            let (size, from) = (state.with(State::page_size), page.get());
            answer.with(|answer| {
                let gates = answer.as_ref().and_then(|answer| answer.blocks.gates());
                let Some(gates) = gates else { return vec![] };
                order.with(|order| {
                    let shown = order.iter().skip(from * size).take(size);
                    gates.mean(shown.map(|ranked| ranked.candidate))
                })
            })
        }));
        let store = Self {
            state,
            view,
            link: Lasting(Memo::new(move |_| {
                Link { state: state.get(), view: view.get() }.write()
            })),
            shop: Lasting(RwSignal::new(None)),
            answer,
            insides: Lasting(RwSignal::new(None)),
            status: Lasting(RwSignal::new(Status::default())),
            waits: Lasting(RwSignal::new(true)),
            facts: Lasting(Memo::new(move |_| {
                answer.with(|answer| answer.as_ref().map(|a| a.facts()))
            })),
            notices: Lasting(RwSignal::new(vec![])),
            kept: Lasting(RwSignal::new(None)),
            every_size: Lasting(RwSignal::new(!browser::marked(EVERY_SIZE).is_empty())),
            retries: Lasting(RwSignal::new(0)),
            dark: Lasting(RwSignal::new(browser::is_dark())),
            density: Lasting(RwSignal::new(browser::window().device_pixel_ratio())),
            ranking,
            tasks,
            ranks,
            order,
            places,
            page,
            baseline: Lasting(RwSignal::new(Places::default())),
            experts,
            experts_before: Lasting(RwSignal::new(vec![])),
            moves: Lasting(RwSignal::new(0)),
            turned: Lasting(RwSignal::new(None)),
            effect: Lasting(RwSignal::new(None)),
            dismissed: StoredValue::new(vec![]),
            told: StoredValue::new(0),
        };
        store.keep_baseline();
        store
    }

    /// Goes where a link leads, and says what of it can't be used. What is there already is not
    /// told of again.
    pub fn go(&self, link: &str) {
        let (Link { state, view }, dropped) = Link::read(link);
        for part in dropped {
            self.tell(&format!("link-{}", part.key), part.says);
        }
        if self.view.with_untracked(|now| *now != view) {
            self.view.set(view);
        }
        if self.state.with_untracked(|now| *now != state) {
            self.state.set(state);
        }
    }

    /// The person turns a knob.
    pub fn turn(&self, knob: &'static Knob, value: f32) {
        // Within a gesture, what was before it counts.
        let before = self.turned.get_untracked().filter(|(of, _)| *of == knob.key);
        let moves = before.map_or_else(|| self.moves.get_untracked(), |(_, moves)| moves);
        self.turned.set(Some((knob.key, moves)));
        self.state.update(|state| state.settings.turn(knob, value));
    }

    /// Products on the page on show, best first.
    pub fn shown(&self) -> Vec<ProductId> {
        let size = self.state.with(State::page_size);
        let from = self.page.get() * size;
        self.order.with(|order| {
            self.answer.with(|answer| {
                let Some(answer) = answer else { return vec![] };
                let page = order.iter().skip(from).take(size);
                page.filter_map(|r| Some(answer.candidates.get(r.candidate)?.product)).collect()
            })
        })
    }

    /// "Now" for the shopper whose place is taken.
    pub fn now(&self) -> Option<Minutes> {
        self.state.with(|state| {
            self.shop.with(|shop| {
                let shoppers = &shop.as_ref()?.shoppers;
                shoppers.iter().find(|s| s.key == state.shopper).map(|s| s.now)
            })
        })
    }

    /// Whether a product is sold out for the shopper whose place is taken.
    pub fn is_sold_out(&self, product: ProductId) -> bool {
        let Some(now) = self.now() else { return false };
        let on_sale = |shop: &Shop| shop.catalogue.is_on_sale(product, day_of(now));
        self.shop.with(|shop| shop.as_ref().is_some_and(|shop| !on_sale(shop)))
    }

    /// Takes part in the history: the person did something to a product.
    pub fn edit_history(&self, edit: HistoryEdit) {
        if let HistoryEdit::Forget { kind } = edit {
            // Of all that was done there is nothing that can't be forgotten.
            let own = self.state.with_untracked(|state| {
                self.shop.with_untracked(|shop| {
                    let shoppers = &shop.as_ref()?.shoppers;
                    // The engine plays the first in the place of one that nobody knows.
                    let of = shoppers.iter().find(|s| s.key == state.shopper);
                    Some(of.or(shoppers.first())?.events.clone())
                })
            });
            self.state.update(|state| state.forget(kind, &own.unwrap_or_default()));
            return;
        }
        // What is out already: a second press came before the answer.
        let again = matches!(edit, HistoryEdit::Remove { .. });
        if again && self.state.with_untracked(|s| s.history.contains(&edit)) {
            return;
        }
        if self.state.with_untracked(State::is_history_full) {
            let says = Message::new(word!("notices.history-full"));
            self.tell("history-full", says.with("most", MAX_HISTORY_EDITS.to_string()));
            return;
        }
        self.state.update(|state| state.history.push(edit));
    }

    /// Shows a notice; one of the same key is replaced.
    pub fn tell(&self, key: &str, says: Message) {
        self.show(Notice { key: key.into(), says }, false);
    }

    /// Shows a notice; one of the same key is replaced.
    pub fn show(&self, notice: Notice, of_answer: bool) {
        if self.notices.with_untracked(|all| {
            all.iter().any(|other| other.notice == notice && other.of_answer == of_answer)
        }) {
            return;
        }
        self.told.update_value(|told| *told += 1);
        let number = self.told.get_value();
        self.notices.update(|all| {
            let shown = Shown { number, notice, of_answer };
            match all.iter_mut().find(|other| other.notice.key == shown.notice.key) {
                Some(other) => *other = shown,
                None => all.push(shown),
            }
        });
    }

    /// Takes a notice back.
    pub fn withdraw(&self, key: &str) {
        if self.notices.with_untracked(|all| all.iter().any(|shown| shown.notice.key == key)) {
            self.notices.update(|all| all.retain(|shown| shown.notice.key != key));
        }
    }

    /// The person has read a notice; an answer that repeats it does not bring it back.
    pub fn dismiss(&self, key: &str) {
        self.dismissed.update_value(|keys| {
            keys.push(key.into());
        });
        self.withdraw(key);
    }

    /// The shop has come, also of an engine that was started again: what was named of a larger one stays
    /// known.
    pub fn open(&self, mut shop: Shop) {
        let others = self.shop.with_untracked(|known| Some(known.as_ref()?.others.clone()));
        shop.learn(others.unwrap_or_default());
        self.shop.set(Some(shop.into()));
    }

    /// Takes in products of a larger shop, where some are not known yet: whatever shows a product is told
    /// of another shop.
    pub fn learn(&self, others: &[Listed]) {
        let new = self.shop.with_untracked(|shop| {
            let new = shop.as_ref()?.unknown(others).into_iter().cloned().collect::<Vec<_>>();
            (!new.is_empty()).then_some(new)
        });
        if let Some(new) = new {
            self.shop.update(|shop| {
                if let Some(shop) = shop {
                    Arc::make_mut(shop).learn(new);
                }
            });
        }
    }

    /// A new answer: it is shown, with its notices in place of the last one's. Its products are known
    /// before it is.
    pub fn accept(&self, mut answer: Answer) {
        self.learn(&answer.others);
        let notices = std::mem::take(&mut answer.notices);
        let repeated = |key: &str| notices.iter().any(|notice| notice.key == key);
        self.dismissed.update_value(|keys| keys.retain(|key| repeated(key)));
        let gone = |shown: &Shown| shown.of_answer && !repeated(&shown.notice.key);
        if self.notices.with_untracked(|all| all.iter().any(gone)) {
            self.notices.update(|all| all.retain(|shown| !gone(shown)));
        }
        for notice in notices {
            if !self.dismissed.with_value(|keys| keys.contains(&notice.key)) {
                self.show(notice, true);
            }
        }
        self.answer.set(Some(Arc::new(answer)));
    }

    /// Shows the rest of the answer accepted last. It is more than the shelf, and nobody should
    /// wait for it to see the new order.
    pub fn show_insides(&self) {
        self.insides.set(self.answer.get_untracked());
    }

    /// What is asked for now.
    pub fn request(&self) -> Request {
        self.state.with_untracked(|s| (s.query.clone(), s.shopper.clone(), s.surface()))
    }

    /// Keeps [`Self::baseline`]. Another request (query, shopper, surface) starts afresh.
    fn keep_baseline(&self) {
        struct Last {
            request: Request,
            time: f64,
            places: Places,
            experts: Vec<f32>,
        }
        let Self { places, baseline, experts, experts_before, moves, .. } = *self;
        let store = *self;
        let mut last = None::<Last>;
        follow(move |_| {
            let places = places.get();
            if places.is_empty() {
                return;
            }
            let request = store.request();
            let (time, gesture) = (browser::now(), GESTURE.as_secs_f64() * 1000.0);
            let experts = experts.get_untracked();
            match last.take() {
                // Moves are counted from the order before the gesture.
                Some(last) if last.request == request && time - last.time <= gesture => {}
                Some(last) if last.request == request => {
                    baseline.set(last.places);
                    experts_before.set(last.experts);
                }
                _ => {
                    baseline.set(places.clone());
                    experts_before.set(experts.clone());
                }
            }
            moves.update(|moves| *moves += 1);
            last = Some(Last { request, time, places, experts });
        });
    }
}
