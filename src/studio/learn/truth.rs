//! How near the order that learned weights give the page on show is to the truth's: on request, for it
//! ranks the page once more at every look.

use leptos::prelude::*;

use super::trainer::Trainer;
use crate::engine::{Engine, Lost};
use link::State;
use market::catalogue::ProductId;
use market::language::Message;
use market::metrics::kendall_tau;
use page::language::{say, say_with, text, worded};
use page::parts::{follow, live};
use page::store::Store;
use protocol::words::signed;
use protocol::{Question, Reply, Seat, blend};
use systems::learning::Role;

/// How near an order is to the truth's.
#[derive(Clone, Debug, PartialEq)]
enum Near {
    /// Kendall's correlation of the two.
    Tau(f32),
    /// The market does not know what the query asks for.
    Unknown,
    /// There is no order of fewer than two products, or of such as attract alike.
    Nothing,
}

impl Near {
    /// Of the places of a page, from the first on.
    fn of(seats: &[Seat]) -> Self {
        let attraction = seats.iter().filter_map(|seat| seat.truth.get(1).copied());
        let attraction: Vec<f32> = attraction.collect();
        if attraction.len() < seats.len() {
            return Self::Unknown;
        }
        let from_behind: Vec<f32> = (0..seats.len()).map(|place| -(place as f32)).collect();
        let tau = kendall_tau(&from_behind, &attraction);
        tau.map_or(Self::Nothing, |tau| Self::Tau(tau as f32))
    }

    /// None where the engine has no learned weights yet.
    async fn ask(engine: &Engine, state: &State) -> Result<Option<Self>, Lost> {
        let answer = engine.answer(state).await?;
        if !answer.learned {
            return Ok(None);
        }
        let ranked = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let products = ranked.iter().map(|ranked| answer.candidates[ranked.candidate].product);
        let order: Vec<ProductId> = products.collect();
        match engine.ask(state, Question::Seats(order)).await? {
            Reply::Seats(seats) => Ok(Some(Self::of(&seats))),
            _ => Err(Message::new(word!("studio.engine.other"))),
        }
    }

    fn said(&self) -> String {
        match self {
            Self::Tau(tau) => say_with(word!("learn.truth.near"), &[("value", &signed(*tau, 2))]),
            Self::Unknown => say(word!("studio.positions.no-market")).into(),
            Self::Nothing => say(word!("learn.truth.none")).into(),
        }
    }
}

/// The switch, and the figure.
pub fn truth(store: Store, trainer: &Trainer) -> AnyView {
    let engine: Engine = expect_context();
    let (shown, busy) = (trainer.truth, RwSignal::new(false));
    let found = RwSignal::new(None::<Result<Near, Lost>>);
    // The page on show, ranked with the weights that are meant.
    let wanted = {
        let trainer = trainer.clone();
        Memo::new(move |_| {
            let variant = shown.get().then(|| trainer.meant_variant(Role::Ranks)).flatten()?;
            let mut state = State { selected: None, ..store.state.get() };
            Role::Ranks.serve_with(&mut state.settings, &variant);
            Some(state)
        })
    };
    let mut asked = None;
    follow(move |_| {
        let now = (wanted.get(), engine.weighed.get());
        // Of looks that come faster than a page is ranked, the newest is taken.
        if busy.get() || asked.as_ref() == Some(&now) {
            return;
        }
        let Some(state) = now.0.clone() else {
            asked = None;
            found.set(None);
            return;
        };
        asked = Some(now);
        busy.set(true);
        let engine = engine.clone();
        leptos::task::spawn_local(async move {
            let near = Near::ask(&engine, &state).await;
            // The panel may have been closed meanwhile.
            let _ = found.try_set(near.transpose());
            let _ = busy.try_set(false);
        });
    });
    let turn = move |event| shown.set(event_target_checked(&event));
    let told = move || match (shown.get(), found.get()) {
        (false, _) => String::new(),
        (true, None) => say(word!("learn.truth.waits")).into(),
        (true, Some(Ok(near))) => near.said(),
        (true, Some(Err(why))) => worded(&why),
    };
    let value = move || match found.get() {
        Some(Ok(Near::Tau(tau))) => Some(tau.to_string()),
        _ => None,
    };
    let figure = live(move || {
        if !shown.get() {
            return ().into_any();
        }
        view! { <p class="note" data-testid="learn-truth-said" data-value=value prop:textContent=told></p> }
        .into_any()
    });
    view! {
        <label class="check" title=move || say(word!("learn.truth.about")).to_string()>
            <input type="checkbox" role="switch" data-testid="learn-truth" prop:checked=move || shown.get() on:change=turn />
            <span prop:textContent=text(word!("learn.truth"))></span>
        </label>
        {figure}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(attraction: &[Option<f32>]) -> Vec<Seat> {
        let seat = |(product, attraction): (usize, &Option<f32>)| Seat {
            product: product as ProductId,
            bias: 0.0,
            neighbours: None,
            truth: attraction.map(|attraction| vec![0.5, attraction, 1.0]).unwrap_or_default(),
        };
        attraction.iter().enumerate().map(seat).collect()
    }

    #[test]
    fn the_truths_own_order_is_nearest() {
        let of = |attraction: &[f32]| {
            Near::of(&seats(&attraction.iter().copied().map(Some).collect::<Vec<_>>()))
        };
        assert_eq!(of(&[0.9, 0.5, 0.1]), Near::Tau(1.0));
        assert_eq!(of(&[0.1, 0.5, 0.9]), Near::Tau(-1.0));
        let Near::Tau(tau) = of(&[0.9, 0.1, 0.5]) else { panic!("an order") };
        assert!((tau - 1.0 / 3.0).abs() < 1e-6, "{tau}");
        assert_eq!([of(&[]), of(&[0.5]), of(&[0.5, 0.5])], [const { Near::Nothing }; 3]);
        assert_eq!(Near::of(&seats(&[None, None])), Near::Unknown);
    }
}
