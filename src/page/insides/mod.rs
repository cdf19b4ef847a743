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
            <Panel title=word!("experts.title") about=word!("experts.about")>
                <ExpertUtilisation />
            </Panel>
            <Panel title=word!("product.panel") about=word!("product.panel.about")>
                <ChosenProduct />
            </Panel>
            <Panel title=word!("request.title") about=word!("request.about")>
                <RetrievalInside />
            </Panel>
            <Panel title=word!("softmax.title") about=word!("softmax.about")>
                <SoftmaxCurve />
            </Panel>
            <Panel title=word!("examination.title") about=word!("examination.about")>
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
