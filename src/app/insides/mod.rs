//! The walls of glass: what the models did, over the page and for the chosen product.

pub(crate) mod chart;
pub(crate) mod curves;
pub(crate) mod product;
mod retrieval;
mod utilisation;

use leptos::prelude::*;

use self::curves::{ExaminationCurve, SoftmaxCurve};
use self::product::ChosenProduct;
use self::retrieval::RetrievalInside;
use self::utilisation::ExpertUtilisation;

/// All insides, in the order of reading.
#[component]
pub fn Insides() -> impl IntoView {
    view! {
        <div class="insides">
            <Panel title="Experts by task" about="Mean weight that each task’s gate gives each expert, over the products on the page.">
                <ExpertUtilisation />
            </Panel>
            <Panel title="The chosen product" about="Its score taken apart.">
                <ChosenProduct />
            </Panel>
            <Panel title="The request, as retrieval reads it" about="What the retriever looks at, and the categories that the query is predicted to mean.">
                <RetrievalInside />
            </Panel>
            <Panel title="Who competes" about="Softmax of the retriever’s scores over the catalogue at the present temperature (MOPPR, equation 15).">
                <SoftmaxCurve />
            </Panel>
            <Panel title="Who is looked at" about="Chance that a place on the list is examined, relative to the first: what the bias network learned over what is so.">
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
                <h2>{title}</h2>
                <p>{about}</p>
            </summary>
            {children()}
        </details>
    }
}
