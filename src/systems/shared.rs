//! The knobs that no system has for itself: where products are shown, how candidates are drawn, how a
//! ranker's tasks are blended, and the page.

use serde::{Deserialize, Serialize};

use crate::Task;
use crate::knob::{Facts, Group, Idle, Knob, Needs, Settings, alone, enough, wholly};
use crate::registry;

/// A choice as a type: its options in the order of the knob's.
macro_rules! options {
    (
        $(#[$about:meta])*
        $name:ident of $knob:ident { $($(#[$of:meta])* $variant:ident = $key:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// All, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// Their names in links.
            pub const KEYS: &[&str] = &[$($key),+];

            /// The one that is chosen.
            pub fn of(settings: &$crate::knob::Settings) -> Self {
                Self::ALL[settings.option(&$knob)]
            }

            /// Its value as a setting.
            pub const fn value(self) -> f32 {
                self as u8 as f32
            }
        }
    };
}

pub(crate) use options;

options! {
    /// Where products are shown.
    Surface of SURFACE {
        /// Results of a query.
        Search = "search",
        /// Recommendations without a query.
        Feed = "feed",
    }
}

options! {
    /// Where the person wants it computed.
    BackendChoice of BACKEND {
        /// WebGPU where it is there and not slower than the CPU by more than a frame.
        Auto = "auto",
        /// WebGPU.
        Webgpu = "webgpu",
        /// CPU.
        Cpu = "cpu",
    }
}

options! {
    /// How many products the shop sells. What every model was trained on is the smallest; a larger one sells
    /// all of a smaller one under the same numbers, and behind them products that no log tells of.
    ShopSize of PRODUCTS {
        /// What ships.
        Shipped = "4000",
        /// Ten times as many.
        Large = "40000",
        /// A hundred times as many.
        Larger = "400000",
        /// A million.
        Largest = "1000000",
    }
}

impl ShopSize {
    /// Products that it sells or sold; none where they are as many as ship, which a market of one's own
    /// decides.
    pub const fn products(self) -> Option<u32> {
        match self {
            Self::Shipped => None,
            Self::Large => Some(40_000),
            Self::Larger => Some(400_000),
            Self::Largest => Some(1_000_000),
        }
    }
}

options! {
    /// How the products of a query vector are found.
    SearchedIn of INDEX {
        /// Every product is scored.
        Exact = "exact",
        /// The clusters that the query points to are opened, down a tree of them (MOPPR 6).
        Tree = "tree",
    }
}

options! {
    /// Which weights a ranker ranks with, or a retriever retrieves with. Those that were learned are a tab's:
    /// where there are none for the system that is chosen, it goes by what ships.
    Weights of WEIGHTS {
        /// Those that ship.
        Shipped = "shipped",
        /// Those that were learned in this tab, or opened in it.
        Learned = "learned",
    }
}

impl Weights {
    /// Which a retriever retrieves with: [`RETRIEVER_WEIGHTS`].
    pub fn of_retriever(settings: &Settings) -> Self {
        Self::ALL[settings.option(&RETRIEVER_WEIGHTS)]
    }
}

options! {
    /// How the probabilities y_k of the ranker's tasks become one score; w are the weights' shares
    /// and b_k is the base rate of a task.
    Blend of BLEND {
        /// Sum of w_k y_k (DMT equation 6): what is frequent outweighs what is rare.
        Sum = "sum",
        /// Sum of w_k y_k / b_k: each task counts by how far it is above the usual.
        Lift = "lift",
        /// Product of (y_k / b_k)^w_k: the same, with the weights as exponents.
        Product = "product",
    }
}

/// What the bias network reads (DMT 4.4 and table 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BiasFeatures {
    /// Index of the product in the list ("position_index").
    pub position: bool,
    /// Page number ("position_page").
    pub page: bool,
    /// Categories of the target and of its six nearest neighbours ("neighboring").
    pub neighbours: bool,
}

/// Where products are shown: [`Surface`].
pub static SURFACE: Knob = Knob::choice("surface", Group::Setting, Surface::KEYS);

/// Where it is computed: [`BackendChoice`].
pub static BACKEND: Knob =
    Knob::choice("backend", Group::Setting, BackendChoice::KEYS).testid("backend-choice");

/// Which system retrieves.
pub static RETRIEVER: Knob = Knob::choice("retriever", Group::Retrieval, &registry::RETRIEVER_KEYS);

/// Which weights it retrieves with: [`Weights`].
pub static RETRIEVER_WEIGHTS: Knob =
    Knob::choice("retriever-weights", Group::Retrieval, Weights::KEYS).idle(|set, facts| {
        no_vectors(set).or(wholly(!facts.learned_towers, word!("idle.no-towers")))
    });

/// Objectives weigh nothing where it retrieves with learned towers: those are one set, of the weights that they
/// were trained at.
pub(crate) fn one_set(settings: &Settings, facts: &Facts) -> Option<Idle> {
    let learned = Weights::of_retriever(settings) == Weights::Learned;
    wholly(learned && facts.learned_towers, word!("idle.learned-towers"))
}

/// tau, temperature of the softmax over candidates (MOPPR equation 15).
pub static TEMPERATURE: Knob = Knob::number("tau", Group::Retrieval, [0.005, 0.2], 0.005)
    .at(0.02)
    .testid("temperature")
    .symbol("τ")
    .section("candidates")
    .idle(|set, _| wholly(!set.is_on(&SAMPLE), word!("idle.until-sampling")));

/// Number of products handed to the ranker.
pub static CANDIDATES: Knob = Knob::whole("candidates", Group::Retrieval, [10.0, 1000.0], 10.0)
    .at(30.0)
    .symbol("K")
    .unit("products")
    .idle(|set, facts| {
        let asked = set.count(&CANDIDATES);
        // Fewer than were asked for: there are no more.
        let all = facts.retrieved < asked;
        all.then(|| enough(asked, 10, facts.retrieved, word!("idle.all-in")))?
    });

/// Hand on only products of categories that the query is predicted to mean: the relevance control
/// between retrieval and ranking (MOPPR 1, figure 1).
pub static RELEVANCE_CONTROL: Knob = Knob::switch("relevance-control", Group::Retrieval)
    .on()
    .idle(|_, facts| wholly(!facts.asked, word!("idle.no-query")));

/// Cut what was retrieved to fewer by the coarse ranker before it is ranked (MOPPR 7.3).
pub static COARSE: Knob = Knob::switch("coarse", Group::Retrieval)
    .testid("coarse-ranker")
    .section("cascade")
    .idle(|set, facts| {
        wholly(facts.retrieved <= set.count(&COARSE_KEEP), word!("idle.nothing-to-cut"))
    });

/// Products that the coarse ranker lets through, at most.
pub static COARSE_KEEP: Knob = Knob::whole("coarse-keep", Group::Retrieval, [10.0, 500.0], 10.0)
    .at(20.0)
    .unit("products")
    .idle(|set, facts| {
        let off = wholly(!set.is_on(&COARSE), word!("idle.until-coarse"));
        off.or(enough(set.count(&COARSE_KEEP), 10, facts.retrieved, word!("idle.nothing-to-cut")))
    });

/// Rank by expected GMV (MOPPR equations 22 to 24).
pub static GMV: Knob =
    Knob::switch("gmv", Group::Retrieval).section("expected-gmv").idle(|set, _| no_vectors(set));

/// sigma of MOPPR equation 22.
pub static SIGMA: Knob = Knob::number("sigma", Group::Retrieval, [0.0, 0.5], 0.01)
    .at(0.02)
    .symbol("σ")
    .idle(|set, _| no_vectors(set).or(wholly(!set.is_on(&GMV), word!("idle.until-gmv"))));

/// Draw the candidates by Gumbel top-K at [`TEMPERATURE`] in place of taking the best.
pub static SAMPLE: Knob = Knob::switch("sample", Group::Retrieval).section("sampling");

/// Seed of that draw.
pub static SEED: Knob = Knob::whole("seed", Group::Retrieval, [0.0, 999.0], 1.0)
    .at(1.0)
    .idle(|set, _| wholly(!set.is_on(&SAMPLE), word!("idle.until-sampling")));

/// Search int8 vectors in place of f32.
pub static QUANTISED: Knob =
    Knob::switch("int8", Group::Retrieval).on().testid("quantised").idle(|set, _| no_vectors(set));

/// How many products the shop sells: [`ShopSize`].
pub static PRODUCTS: Knob =
    Knob::choice("products", Group::Retrieval, ShopSize::KEYS).section("index").takes_long();

/// How the nearest products are found: [`SearchedIn`].
pub static INDEX: Knob =
    Knob::choice("index", Group::Retrieval, SearchedIn::KEYS).idle(|set, _| no_vectors(set));

/// Clusters of each level that a search of the tree keeps.
pub static BEAM: Knob = Knob::whole("beam", Group::Retrieval, [1.0, 64.0], 1.0)
    .at(4.0)
    .unit("clusters")
    .idle(|set, _| no_vectors(set).or(until_tree(set)));

/// Levels of the tree below its root.
pub static LEVELS: Knob = Knob::whole("levels", Group::Retrieval, [1.0, 3.0], 1.0)
    .at(2.0)
    .idle(|set, _| no_vectors(set).or(until_tree(set)));

/// Which system ranks.
pub static RANKER: Knob = Knob::choice("ranker", Group::Ranking, &registry::RANKER_KEYS);

/// Which weights it ranks with: [`Weights`].
pub static WEIGHTS: Knob = Knob::choice("weights", Group::Ranking, Weights::KEYS)
    .needs(Needs::AnyTask)
    .idle(|set, facts| unweighted(set).or(wholly(!facts.learned, word!("idle.nothing-learned"))));

/// How the tasks' probabilities are blended: [`Blend`].
pub static BLEND: Knob = Knob::choice("blend", Group::Ranking, Blend::KEYS)
    .at(Blend::Product.value())
    .section("blend")
    .needs(Needs::AnyTask)
    .idle(|set, _| unweighted(set));

/// w_click of DMT equation 6.
pub static WEIGHT_CLICK: Knob = weight("w-click", Task::Click)
    .testid("weight-click")
    .symbol("w_click")
    .idle(|set, _| alone(&task_weights(set), 0));

/// The same for the cart.
pub static WEIGHT_CART: Knob = weight("w-cart", Task::Cart)
    .testid("weight-cart")
    .symbol("w_cart")
    .idle(|set, _| alone(&task_weights(set), 1));

/// w_order of DMT equation 6.
pub static WEIGHT_ORDER: Knob = weight("w-order", Task::Order)
    .testid("weight-order")
    .symbol("w_order")
    .idle(|set, _| alone(&task_weights(set), 2));

/// Temperature of the gates' softmax; 1 is the paper.
pub static GATE_TEMPERATURE: Knob =
    Knob::number("gate-temperature", Group::Ranking, [0.1, 5.0], 0.1)
        .at(1.0)
        .symbol("T")
        .section("experts")
        .needs(Needs::AnyTask)
        .idle(|set, _| {
            let gates = (registry::ranker(set).gates)(set);
            unweighted(set).or(wholly(!gates, word!("idle.no-gates")))
        });

/// Serve with sigmoid(u + y_b) of DMT equation 5 in place of equation 6.
pub static BIAS_AT_SERVING: Knob = Knob::switch("bias-at-serving", Group::Ranking)
    .symbol("y_b")
    .needs(Needs::Bias)
    .idle(|set, _| {
        let reads = registry::ranker(set).bias.is_some_and(|reads| reads(set));
        unweighted(set).or(wholly(!reads, word!("idle.no-bias")))
    });

/// Products a page.
pub static PAGE_SIZE: Knob = Knob::whole("size", Group::Page, [4.0, 60.0], 4.0)
    .at(20.0)
    .testid("page-size")
    .unit("products")
    .idle(|set, facts| {
        let size = set.count(&PAGE_SIZE);
        // A page that retrieval could not fill, or that is as large as it was asked to be.
        let full = facts.retrieved < size || set.count(&CANDIDATES) <= size;
        let why = match facts.ranked < facts.retrieved {
            true => word!("idle.only-kept"),
            false => word!("idle.only-k"),
        };
        (full && facts.ranked <= size).then_some(Idle::Beyond(why))
    });

/// Products a page, one at least.
pub fn page_size(settings: &Settings) -> u32 {
    settings.count(&PAGE_SIZE).max(1)
}

/// Page shown, from 0.
pub static PAGE_NUMBER: Knob =
    Knob::whole("page", Group::Page, [0.0, 249.0], 1.0).testid("page-number").idle(|set, facts| {
        let last = facts.ranked.saturating_sub(1) / page_size(set);
        enough(set.count(&PAGE_NUMBER), 0, last, word!("idle.last-page"))
    });

/// Device that the page is shown on: the bias network's context.
pub static DEVICE: Knob = Knob::choice("device", Group::Page, &["desktop", "phone"])
    .idle(|_, _| Some(Idle::Wholly(word!("idle.curves-alone"))));

/// Shared knobs of the retrieval stage, in the order in which the page shows them.
pub(crate) static RETRIEVAL: [&Knob; 14] = [
    &TEMPERATURE,
    &CANDIDATES,
    &RELEVANCE_CONTROL,
    &COARSE,
    &COARSE_KEEP,
    &GMV,
    &SIGMA,
    &SAMPLE,
    &SEED,
    &PRODUCTS,
    &QUANTISED,
    &INDEX,
    &BEAM,
    &LEVELS,
];

/// Shared knobs of the ranking stage.
pub(crate) static RANKING: [&Knob; 6] =
    [&WEIGHTS, &BLEND, &WEIGHT_CLICK, &WEIGHT_CART, &WEIGHT_ORDER, &GATE_TEMPERATURE];

/// Those that come after a ranker's own.
pub(crate) static SERVING: [&Knob; 1] = [&BIAS_AT_SERVING];

/// Knobs of the page.
pub(crate) static PAGE: [&Knob; 3] = [&PAGE_SIZE, &PAGE_NUMBER, &DEVICE];

const fn weight(key: &'static str, task: Task) -> Knob {
    Knob::number(key, Group::Ranking, [0.0, 1.0], 0.01).at(1.0).needs(Needs::Task(task))
}

/// The knob of a task's weight in the blend.
pub fn weight_of(task: Task) -> &'static Knob {
    match task {
        Task::Click => &WEIGHT_CLICK,
        Task::Cart => &WEIGHT_CART,
        Task::Order => &WEIGHT_ORDER,
    }
}

/// w_k, a task's weight in the blend: 0 where it is negative or no number.
pub fn task_weight(settings: &Settings, task: Task) -> f32 {
    let weight = settings.number(weight_of(task));
    if weight > 0.0 { weight } else { 0.0 }
}

/// Weights of the blend, by task; 0 for what the ranker does not predict.
fn task_weights(settings: &Settings) -> [f32; 3] {
    let predicted = registry::ranker(settings).tasks;
    [Task::Click, Task::Cart, Task::Order]
        .map(|task| if predicted.contains(&task) { task_weight(settings, task) } else { 0.0 })
}

/// Where the retriever has no vectors there is nothing to make small, and no place for a price.
fn no_vectors(settings: &Settings) -> Option<Idle> {
    wholly(!registry::retriever(settings).has_vectors, word!("idle.no-vectors"))
}

/// Exact search has no clusters.
fn until_tree(settings: &Settings) -> Option<Idle> {
    wholly(SearchedIn::of(settings) == SearchedIn::Exact, word!("idle.until-tree"))
}

/// A ranker whose tasks all weigh nothing orders nothing.
pub(crate) fn unweighted(settings: &Settings) -> Option<Idle> {
    wholly(task_weights(settings).iter().all(|weight| *weight == 0.0), word!("idle.no-weights"))
}

/// A knob that none of this makes idle.
pub(crate) fn unless_unweighted(settings: &Settings, _: &Facts) -> Option<Idle> {
    unweighted(settings)
}
