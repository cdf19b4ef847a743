//! The walls of glass: what the models did, over the page and for the chosen product.

pub mod blocks;
pub mod chart;
pub mod curves;
pub mod product;
mod retrieval;
pub mod utilisation;

use leptos::prelude::*;

use self::curves::{ExaminationCurve, SoftmaxCurve};
use self::product::ChosenProduct;
use self::retrieval::RetrievalInside;
use self::utilisation::ExpertUtilisation;
use super::language::say;

/// All insides, in the order of reading.
#[component]
pub fn Insides() -> impl IntoView {
    view! {
        <div class="insides">
            <Panel title="experts.title" about="experts.about">
                <ExpertUtilisation />
            </Panel>
            <Panel title="product.panel" about="product.panel.about">
                <ChosenProduct />
            </Panel>
            <Panel title="request.title" about="request.about">
                <RetrievalInside />
            </Panel>
            <Panel title="softmax.title" about="softmax.about">
                <SoftmaxCurve />
            </Panel>
            <Panel title="examination.title" about="examination.about">
                <ExaminationCurve />
            </Panel>
        </div>
    }
}

#[component]
fn Panel(title: &'static str, about: &'static str, children: Children) -> impl IntoView {
    view! {
        <details class="panel" open>
            <summary>
                <h2>{say(title)}</h2>
                <p>{say(about)}</p>
            </summary>
            {children()}
        </details>
    }
}
