//! The one table of everything that can be turned: the page draws its controls from it, links
//! are checked against it, and "back to the default" reads it.

use super::{
    BackendChoice, BiasFeatures, MultiTask, Ranker, Retriever, State, Surface, TrainingStage,
};
use crate::market::history::PageDevice;

/// Where on the page a knob belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Which surface, where it is computed.
    Setting,
    /// The retrieval stage.
    Retrieval,
    /// The ranking stage.
    Ranking,
    /// The page on which results are shown.
    Page,
}

/// One thing that can be turned.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// Name in links, for example `w-click`.
    pub key: &'static str,
    /// `data-testid` of its control.
    pub testid: &'static str,
    /// Name as shown.
    pub name: &'static str,
    /// Symbol in the paper; empty if it has none.
    pub symbol: &'static str,
    /// Unit; empty for a pure number.
    pub unit: &'static str,
    /// What it does, in one line.
    pub explanation: &'static str,
    /// Stage it belongs to.
    pub group: Group,
    /// Heading above it, where a new section of its group begins.
    pub section: &'static str,
    /// Whose setting it is.
    pub of: Of,
    /// What it can be set to.
    pub control: Control,
}

/// Whose setting a knob is: it is shown while that system is in use, and kept meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Every system's.
    All,
    /// One retriever's.
    Retriever(Retriever),
    /// One ranker's.
    Ranker(Ranker),
}

/// What a knob can be set to, with the way to its place in the [`State`].
#[derive(Clone, Copy, Debug)]
pub enum Control {
    /// A number within bounds.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Step of its slider; links may carry values between.
        step: f64,
        /// Only whole numbers.
        whole: bool,
        /// Reads it.
        get: fn(&State) -> f64,
        /// Sets it; the value is within the bounds.
        set: fn(&mut State, f64),
    },
    /// On or off.
    Switch {
        /// Reads it.
        get: fn(&State) -> bool,
        /// Sets it.
        set: fn(&mut State, bool),
    },
    /// One of a few.
    Choice {
        /// Names in links and as shown.
        options: &'static [(&'static str, &'static str)],
        /// Number of the option that is chosen.
        get: fn(&State) -> usize,
        /// Chooses the option of this number, which exists.
        set: fn(&mut State, usize),
    },
}

impl Knob {
    /// The knob with this name in links.
    pub fn by_key(key: &str) -> Option<&'static Knob> {
        KNOBS.iter().find(|knob| knob.key == key)
    }

    /// Whether it does anything to the systems in use.
    pub fn is_in_use(&self, state: &State) -> bool {
        match self.of {
            Of::All => true,
            Of::Retriever(retriever) => state.retriever == retriever,
            Of::Ranker(ranker) => state.ranker == ranker,
        }
    }

    /// Its value as links write it.
    pub fn value(&self, state: &State) -> String {
        match self.control {
            // Through f32, which the state holds: shortest text that reads back the same.
            Control::Number { get, .. } => (get(state) as f32).to_string(),
            Control::Switch { get, .. } => if get(state) { "on" } else { "off" }.into(),
            Control::Choice { options, get, .. } => options[get(state)].0.into(),
        }
    }

    /// Sets it from text as links write it.
    ///
    /// # Errors
    /// Says in a sentence what is wrong with the value; the state stays as it was.
    pub fn set_text(&self, state: &mut State, text: &str) -> Result<(), String> {
        match self.control {
            Control::Number { min, max, whole, set, .. } => {
                let value = decimal(text.trim())
                    .ok_or_else(|| format!("it is not a number: “{}”", clip(text)))?;
                if !(min..=max).contains(&value) {
                    return Err(format!("{} is outside {min} to {max}", clip(text)));
                }
                if whole && value.fract() != 0.0 {
                    return Err(format!("{} is not a whole number", clip(text)));
                }
                set(state, value);
            }
            Control::Switch { set, .. } => match text {
                "on" => set(state, true),
                "off" => set(state, false),
                _ => return Err(format!("it is neither on nor off: “{}”", clip(text))),
            },
            Control::Choice { options, set, .. } => {
                match options.iter().position(|(name, _)| *name == text) {
                    Some(option) => set(state, option),
                    None => {
                        let names: Vec<_> = options.iter().map(|(name, _)| *name).collect();
                        return Err(format!("“{}” is none of {}", clip(text), names.join(", ")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether it stands at its default.
    pub fn is_default(&self, state: &State) -> bool {
        self.value(state) == self.value(&State::default())
    }

    /// Back to its default.
    pub fn reset(&self, state: &mut State) {
        let default = State::default();
        match self.control {
            Control::Number { get, set, .. } => set(state, get(&default)),
            Control::Switch { get, set } => set(state, get(&default)),
            Control::Choice { get, set, .. } => set(state, get(&default)),
        }
    }
}

/// A number as links write it: digits, perhaps a sign, a point and more digits. The standard
/// library reads every other way to write one too, and would be a twentieth of the page.
fn decimal(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    // Digits behind these say nothing that the state could hold.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits().fold(0.0, |number, digit| 10.0 * number + f64::from(digit - b'0'));
    // Whole numbers that a double holds exactly have a quotient that is the nearest double.
    Some(sign * number / fraction.bytes().fold(1.0, |ten, _| 10.0 * ten))
}

/// A piece of foreign text short enough to be quoted in a sentence.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 24;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// A number that is stored as f32.
macro_rules! number {
    ($min:literal ..= $max:literal, $step:literal, $($place:tt)+) => {
        Control::Number {
            min: $min, max: $max, step: $step, whole: false,
            get: |state| f64::from(state.$($place)+),
            set: |state, value| state.$($place)+ = value as f32,
        }
    };
}

/// A number that is stored as u32.
macro_rules! whole {
    ($min:literal ..= $max:literal, $step:literal, $($place:tt)+) => {
        Control::Number {
            min: $min, max: $max, step: $step, whole: true,
            get: |state| f64::from(state.$($place)+),
            set: |state, value| state.$($place)+ = value as u32,
        }
    };
}

/// On or off.
macro_rules! switch {
    ($($place:tt)+) => {
        Control::Switch {
            get: |state| state.$($place)+,
            set: |state, value| state.$($place)+ = value,
        }
    };
}

/// One of an enum's variants.
macro_rules! choice {
    ($($place:ident).+ : $($variant:path = $name:literal, $label:literal);+ $(;)?) => {
        Control::Choice {
            options: &[$(($name, $label)),+],
            get: |state| [$($variant),+].iter().position(|v| *v == state.$($place).+).unwrap_or(0),
            set: |state, option| {
                if let Some(&variant) = [$($variant),+].get(option) {
                    state.$($place).+ = variant;
                }
            },
        }
    };
}

/// A feature of the bias network. Every set of them is trained for the experts, and only one for
/// the other ways to share (see `multi-task`): another set brings the experts back.
macro_rules! bias_feature {
    ($feature:ident) => {
        Control::Switch {
            get: |state| state.ranking.bias.$feature,
            set: |state, value| {
                state.ranking.bias.$feature = value;
                if state.ranking.bias != BiasFeatures::SHIPPED {
                    state.ranking.multi_task = MultiTask::Mmoe;
                }
            },
        }
    };
}

/// Ways for tasks to share, in the order of the knob's options.
const SHARING: [MultiTask; 3] = [MultiTask::Mmoe, MultiTask::SharedBottom, MultiTask::SingleTask];

/// Every knob, in the order in which the page shows them.
pub const KNOBS: &[Knob] = &[
    Knob {
        key: "surface",
        testid: "surface",
        name: "Surface",
        symbol: "",
        unit: "",
        explanation: "Results of a query, or recommendations without one.",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(surface:
            Surface::Search = "search", "Search";
            Surface::Feed = "feed", "Feed";
        ),
    },
    Knob {
        key: "backend",
        testid: "backend-choice",
        name: "Compute on",
        symbol: "",
        unit: "",
        explanation: "Auto takes WebGPU unless it answers later than the CPU by more than a frame (16.7 ms).",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(backend:
            BackendChoice::Auto = "auto", "Auto";
            BackendChoice::Webgpu = "webgpu", "WebGPU";
            BackendChoice::Cpu = "cpu", "CPU";
        ),
    },
    Knob {
        key: "retriever",
        testid: "retriever",
        name: "Retriever",
        symbol: "",
        unit: "",
        explanation: "The system that picks candidates out of the catalogue.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: choice!(retriever:
            Retriever::Moppr = "moppr", "MOPPR two towers";
            Retriever::Yandex = "yandex", "Yandex two towers";
        ),
    },
    Knob {
        key: "w-relevance",
        testid: "weight-relevance",
        name: "Relevance",
        symbol: "w_relevance",
        unit: "",
        explanation: "Pull towards products that a judge finds relevant to the query.",
        group: Group::Retrieval,
        section: "Objectives",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[0]),
    },
    Knob {
        key: "w-exposure",
        testid: "weight-exposure",
        name: "Exposure",
        symbol: "w_exposure",
        unit: "",
        explanation: "Pull towards products that the shop's ranking has shown.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[1]),
    },
    Knob {
        key: "w-retrieval-click",
        testid: "weight-retrieval-click",
        name: "Click",
        symbol: "w_click",
        unit: "",
        explanation: "Pull towards products that people like this shopper click.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[2]),
    },
    Knob {
        key: "w-purchase",
        testid: "weight-purchase",
        name: "Purchase",
        symbol: "w_purchase",
        unit: "",
        explanation: "Pull towards products that people like this shopper buy.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[3]),
    },
    Knob {
        key: "stage",
        testid: "training-stage",
        name: "Training",
        symbol: "",
        unit: "",
        explanation: "Towers after the first stage, which learns to retrieve, or after the second, which learns to rank what is shown together.",
        group: Group::Retrieval,
        section: "Towers",
        of: Of::Retriever(Retriever::Yandex),
        control: choice!(retrieval.stage:
            TrainingStage::FineTuned = "fine-tuned", "Fine-tuned";
            TrainingStage::PreTrained = "pre-trained", "Pre-trained";
        ),
    },
    Knob {
        key: "history-length",
        testid: "history-length",
        name: "History",
        symbol: "",
        unit: "behaviours",
        explanation: "How many behaviours the user tower reads, the newest first.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: whole!(0.0..=64.0, 1.0, retrieval.history_length),
    },
    Knob {
        key: "web-searches",
        testid: "web-searches",
        name: "Web searches",
        symbol: "",
        unit: "",
        explanation: "Read what the shopper searched for on the web, in one sequence with the behaviour in the shop.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: switch!(retrieval.web_searches),
    },
    Knob {
        key: "tau",
        testid: "temperature",
        name: "Temperature",
        symbol: "τ",
        unit: "",
        explanation: "Sharpness of the softmax over the catalogue: low lets few products compete, high many.",
        group: Group::Retrieval,
        section: "Candidates",
        of: Of::All,
        control: number!(0.005..=0.2, 0.005, retrieval.temperature),
    },
    Knob {
        key: "candidates",
        testid: "candidates",
        name: "Candidates",
        symbol: "K",
        unit: "products",
        explanation: "How many products are handed to the ranker.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=1000.0, 10.0, retrieval.candidates),
    },
    Knob {
        key: "category-filter",
        testid: "category-filter",
        name: "Category filtering",
        symbol: "",
        unit: "",
        explanation: "Keep only the behaviours in categories that the query is predicted to mean.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: switch!(retrieval.category_filter),
    },
    Knob {
        key: "relevance-control",
        testid: "relevance-control",
        name: "Relevance control",
        symbol: "",
        unit: "",
        explanation: "Hand on to the ranker only products of categories that the query is predicted to mean.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: switch!(retrieval.relevance_control),
    },
    Knob {
        key: "coarse",
        testid: "coarse-ranker",
        name: "Coarse ranking",
        symbol: "",
        unit: "",
        explanation: "Let a small two-tower model, trained to tell relevant products apart, cut what was retrieved to fewer before the ranker sees them.",
        group: Group::Retrieval,
        section: "Cascade",
        of: Of::All,
        control: switch!(retrieval.coarse),
    },
    Knob {
        key: "coarse-keep",
        testid: "coarse-keep",
        name: "Handed on",
        symbol: "",
        unit: "products",
        explanation: "How many products the coarse ranker hands to the ranker, at most.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=500.0, 10.0, retrieval.coarse_keep),
    },
    Knob {
        key: "gmv",
        testid: "gmv",
        name: "Order by expected GMV",
        symbol: "",
        unit: "",
        explanation: "Extend the vectors by (σ, ln price), so that what is dear rises.",
        group: Group::Retrieval,
        section: "Expected GMV",
        of: Of::All,
        control: switch!(retrieval.gmv),
    },
    Knob {
        key: "sigma",
        testid: "sigma",
        name: "Scale",
        symbol: "σ",
        unit: "",
        explanation: "How strongly the price pulls when retrieving by expected GMV.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: number!(0.0..=0.5, 0.01, retrieval.sigma),
    },
    Knob {
        key: "sample",
        testid: "sample",
        name: "Sample the candidates",
        symbol: "",
        unit: "",
        explanation: "Draw the candidates by Gumbel top-K at temperature τ in place of taking the best.",
        group: Group::Retrieval,
        section: "Sampling",
        of: Of::All,
        control: switch!(retrieval.sample),
    },
    Knob {
        key: "seed",
        testid: "seed",
        name: "Seed of the draw",
        symbol: "",
        unit: "",
        explanation: "The same seed draws the same candidates.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(0.0..=999.0, 1.0, retrieval.seed),
    },
    Knob {
        key: "int8",
        testid: "quantised",
        name: "Search int8 vectors",
        symbol: "",
        unit: "",
        explanation: "A quarter of the memory of f32; switch it off to see what rounding costs.",
        group: Group::Retrieval,
        section: "Index",
        of: Of::All,
        control: switch!(retrieval.quantised),
    },
    Knob {
        key: "ranker",
        testid: "ranker",
        name: "Ranker",
        symbol: "",
        unit: "",
        explanation: "The system that scores the candidates.",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: choice!(ranker:
            Ranker::Dmt = "dmt", "DMT transformers";
            Ranker::Mlpr = "mlpr", "MLPR with BERT";
        ),
    },
    Knob {
        key: "w-click",
        testid: "weight-click",
        name: "Click",
        symbol: "w_click",
        unit: "",
        explanation: "Share of the click utility in the blended score.",
        group: Group::Ranking,
        section: "Blend",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_click),
    },
    Knob {
        key: "w-cart",
        testid: "weight-cart",
        name: "Cart",
        symbol: "w_cart",
        unit: "",
        explanation: "Share of the probability of the cart in the blended score.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Mlpr),
        control: number!(0.0..=1.0, 0.01, ranking.weight_cart),
    },
    Knob {
        key: "w-order",
        testid: "weight-order",
        name: "Order",
        symbol: "w_order",
        unit: "",
        explanation: "Share of the order utility in the blended score.",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_order),
    },
    Knob {
        key: "gate-temperature",
        testid: "gate-temperature",
        name: "Gate temperature",
        symbol: "T",
        unit: "",
        explanation: "Softness of the gates: 1 is the paper, lower trusts one expert, higher mixes all.",
        group: Group::Ranking,
        section: "Experts",
        of: Of::All,
        control: number!(0.1..=5.0, 0.1, ranking.gate_temperature),
    },
    Knob {
        key: "multi-task",
        testid: "multi-task",
        name: "Tasks share",
        symbol: "",
        unit: "",
        explanation: "How click and order share parameters: experts behind gates, one bottom, or nothing. The last two come with the bias network of the start, position and neighbours.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: Control::Choice {
            options: &[("mmoe", "MMoE"), ("shared-bottom", "Bottom"), ("single-task", "Nothing")],
            get: |state| {
                SHARING.iter().position(|way| *way == state.ranking.multi_task).unwrap_or(0)
            },
            set: |state, option| {
                if let Some(&way) = SHARING.get(option) {
                    state.ranking.multi_task = way;
                    if way != MultiTask::Mmoe {
                        state.ranking.bias = BiasFeatures::SHIPPED;
                    }
                }
            },
        },
    },
    Knob {
        key: "bias-position",
        testid: "bias-position",
        name: "Position on the list",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the product's index on the list.",
        group: Group::Ranking,
        section: "The bias network reads",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(position),
    },
    Knob {
        key: "bias-page",
        testid: "bias-page",
        name: "Page number",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the number of the page.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(page),
    },
    Knob {
        key: "bias-neighbours",
        testid: "bias-neighbours",
        name: "Neighbours",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the categories of the six nearest neighbours.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(neighbours),
    },
    Knob {
        key: "bias-at-serving",
        testid: "bias-at-serving",
        name: "Serve with the bias",
        symbol: "y_b",
        unit: "",
        explanation: "Keep the bias logit in the score (equation 5), as serving never should (equation 6).",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: switch!(ranking.bias_at_serving),
    },
    Knob {
        key: "precomputed",
        testid: "precomputed",
        name: "Products’ vectors ready",
        symbol: "ψ(i)",
        unit: "",
        explanation: "Look the products' vectors up in place of putting their texts through the BERT on the spot; the time of the stage shows the difference.",
        group: Group::Ranking,
        section: "Encoders",
        of: Of::Ranker(Ranker::Mlpr),
        control: switch!(ranking.precomputed),
    },
    Knob {
        key: "size",
        testid: "page-size",
        name: "Products a page",
        symbol: "",
        unit: "products",
        explanation: "How many products one page shows.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(4.0..=60.0, 4.0, page.size),
    },
    Knob {
        key: "page",
        testid: "page-number",
        name: "Page",
        symbol: "",
        unit: "",
        explanation: "Page that is shown; links count from 0.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(0.0..=249.0, 1.0, page.number),
    },
    Knob {
        key: "device",
        testid: "device",
        name: "Device",
        symbol: "",
        unit: "",
        explanation: "What the page is seen on: people look down a phone's two columns otherwise than along a desktop's five.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: choice!(page.device:
            PageDevice::Desktop = "desktop", "Desktop";
            PageDevice::Phone = "phone", "Phone";
        ),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_and_testids_are_unique() {
        let keys: HashSet<_> = KNOBS.iter().map(|k| k.key).collect();
        let testids: HashSet<_> = KNOBS.iter().map(|k| k.testid).collect();
        assert_eq!((keys.len(), testids.len()), (KNOBS.len(), KNOBS.len()));
    }

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in ["0", "7", "-1.5", "0.1", ".5", "3.", "0.30000001192092896", "123456.789"] {
            // The state holds no more than an f32.
            assert_eq!(decimal(text).map(|x| x as f32), text.parse().ok(), "{text}");
        }
        for text in ["", ".", "-", "--1", "1e3", "NaN", "Infinity", "0x1", "1.2.3", "½", "1.½"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn every_default_is_within_its_bounds_and_reads_back() {
        for knob in KNOBS {
            let mut state = State::default();
            let text = knob.value(&state);
            knob.set_text(&mut state, &text).expect(knob.key);
            assert_eq!(state, State::default(), "{}", knob.key);
            assert!(knob.is_default(&state));
        }
    }

    #[test]
    fn every_default_is_a_step_that_a_slider_can_stand_on() {
        for knob in KNOBS {
            if let Control::Number { min, step, get, .. } = knob.control {
                let steps = (get(&State::default()) - min) / step;
                assert!((steps - steps.round()).abs() < 1e-3, "{}: {steps} steps", knob.key);
            }
        }
    }

    #[test]
    fn every_knob_has_a_place_of_its_own_and_a_way_back() {
        for knob in KNOBS {
            let mut state = State::default();
            match knob.control {
                Control::Number { min, max, get, set, .. } => {
                    let other = if get(&state) == max { min } else { max };
                    set(&mut state, other);
                    assert!((get(&state) - other).abs() < 1e-6, "{}", knob.key);
                }
                Control::Switch { get, set } => {
                    let other = !get(&state);
                    set(&mut state, other);
                    assert_eq!(get(&state), other, "{}", knob.key);
                }
                Control::Choice { options, set, .. } if options.len() > 1 => {
                    let other = options.len() - 1;
                    set(&mut state, other);
                }
                Control::Choice { .. } => continue,
            }
            assert!(!knob.is_default(&state), "{}", knob.key);
            for another in KNOBS.iter().filter(|another| another.key != knob.key) {
                assert!(another.is_default(&state), "{} moves {}", knob.key, another.key);
            }
            knob.reset(&mut state);
            assert_eq!(state, State::default(), "{}", knob.key);
        }
    }

    #[test]
    fn only_variants_of_dmt_that_are_trained_can_be_chosen() {
        let set = |state: &mut State, key: &str, text: &str| {
            Knob::by_key(key).expect(key).set_text(state, text).expect(key);
        };
        let mut state = State::default();
        set(&mut state, "bias-page", "on");
        set(&mut state, "multi-task", "single-task");
        assert_eq!(state.ranking.bias, BiasFeatures::SHIPPED);
        assert_eq!(state.ranking.multi_task, MultiTask::SingleTask);
        set(&mut state, "bias-neighbours", "off");
        assert_eq!(state.ranking.multi_task, MultiTask::Mmoe);
        assert!(!state.ranking.bias.neighbours);
    }

    #[test]
    fn a_wrong_value_leaves_the_state_alone_and_says_why() {
        let mut state = State::default();
        for (key, text, why) in [
            ("tau", "NaN", "not a number"),
            ("tau", "7", "outside 0.005 to 0.2"),
            ("tau", "-0.1", "outside"),
            ("tau", "-inf", "not a number"),
            ("candidates", "100.5", "whole"),
            ("gmv", "yes", "neither on nor off"),
            ("multi-task", "ple", "none of mmoe, shared-bottom, single-task"),
        ] {
            let said = Knob::by_key(key).expect(key).set_text(&mut state, text).expect_err(key);
            assert!(said.contains(why), "{key}={text}: {said}");
        }
        assert_eq!(state, State::default());
    }
}
