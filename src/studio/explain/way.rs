//! A product's way through the funnel, and what its scores are made of.

use leptos::prelude::*;

use super::changes::lost;
use super::shapley::shapley;
use super::texts;
use lessons::sources::linked;
use link::State;
use market::features::windows;
use market::language::Message;
use page::insides::blocks::{longest, two_sided};
use page::language::{say, say_with, text, worded};
use page::picture::Picture;
use page::store::store;
use protocol::block::Blocks;
use protocol::words::{self, ago, count, css_share, deed, fixed, percent, signed};
use protocol::{Answer, HistoryEntry, Parts, Passage, Trace};
use systems::{Attends, Retriever};

/// Entries of the history that are listed with the retriever's attention, of all and of each span.
const ATTENDED: usize = 10;
const ATTENDED_OF_SPAN: usize = 4;

/// A number as a stage judges by it.
fn judged(passage: &Passage, value: f32) -> String {
    match passage.stage.as_str() {
        _ if value.is_nan() => "–".into(),
        "relevance" => percent(value),
        texts::INDEX => {
            say_with(word!("studio.explain.cluster"), &[("number", &count(value as usize))])
        }
        _ => signed(value, 3),
    }
}

/// The stages, one a row.
pub fn way(trace: &Trace, state: &State) -> AnyView {
    let first = lost(trace);
    let mut before = true;
    let rows: Vec<AnyView> = trace
        .passages
        .iter()
        .map(|passage| {
            let own = judged(passage, passage.value);
            let place = passage.place.map(|place| format!(", {}", words::place(place as usize + 1)));
            let verdict =
                texts::verdict(passage, before, &judged(passage, passage.least - passage.value));
            before &= passage.passed;
            let class = match (passage.passed, before) {
                (false, _) if first == Some(passage) => "lost",
                (_, true) => "passed",
                _ => "would",
            };
            let about = texts::judged_by(&passage.stage);
            view! {
                <tr class=class data-stage=passage.stage.clone() data-passed=passage.passed.to_string()>
                    <th scope="row">
                        <span prop:textContent=texts::stage(&passage.stage)></span>
                        <small prop:textContent=about></small>
                    </th>
                    <td class="verdict" translate="no">{verdict}</td>
                    <td translate="no">{own}{place}</td>
                    <td translate="no">{judged(passage, passage.least)}</td>
                    <td translate="no">{count(passage.entered as usize)}</td>
                    <td translate="no">{count(passage.left as usize)}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let class = if before { "passed" } else { "would" };
    let (rank, ranked) = (trace.rank as usize, trace.ranked as usize);
    let size = state.page_size();
    let score = words::score(state.ranker().blend(&state.settings), trace.score);
    let ranker = if state.ranker().tasks.is_empty() { texts::NO_RANKER } else { texts::RANKER };
    let place = format!("{score}, {}", words::place(rank + 1));
    let page = texts::on_page(rank, size);
    view! {
        <div class="scrolls" tabindex="0" role="region" aria-label=text(texts::WAY_TABLE)>
            <table class="way" data-testid="way">
                <thead>
                    <tr>{texts::WAY_HEADS.map(|head| view! { <th scope="col" prop:textContent=text(head)></th> }).into_iter().collect_view()}</tr>
                </thead>
                <tbody>
                    {rows}
                    <tr class=class data-stage="rank">
                        <th scope="row" prop:textContent=text(ranker)></th>
                        <td class="verdict" translate="no">{texts::at_ranker(trace, first.is_some())}</td>
                        <td translate="no">{place}</td>
                        <td>"–"</td>
                        <td translate="no">{count(ranked)}</td>
                        <td translate="no">{count(ranked)}</td>
                    </tr>
                    <tr class=class data-stage="page">
                        <th scope="row" prop:textContent=text(texts::PAGE)></th>
                        <td class="verdict" translate="no">{page}</td>
                        <td translate="no">{words::place(rank + 1)}</td>
                        <td translate="no">{words::place(size)}</td>
                        <td translate="no">{count(ranked)}</td>
                        <td translate="no">{count(size.min(ranked))}</td>
                    </tr>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The retrieval score split over what the retriever reads.
pub fn split(parts: &Parts, retriever: &Retriever) -> AnyView {
    let values = shapley(&parts.coalitions);
    let base = parts.coalitions.first().copied().unwrap_or(0.0);
    let most = longest(values.iter().copied().chain([base]));
    let row = |name: String, said: &'static str, value: f32| {
        view! {
            <tr data-part=name.clone() data-value=value.to_string()>
                <th scope="row" prop:textContent=said></th>
                <td translate="no">{two_sided(value, most)} <small translate="no">{signed(value, 3)}</small></td>
            </tr>
        }
    };
    let rows: Vec<_> = parts
        .groups
        .iter()
        .zip(&values)
        .map(|(name, value)| row(name.clone(), texts::group(name), *value))
        .collect();
    let about = say(&word!("studio.explain.retrieval-{}", retriever.key));
    view! {
        <table class="bars wide" data-testid="split">
            <tbody>
                {row("base".into(), say(texts::BASE), base)}
                {rows}
                <tr class="sum" data-part="score" data-value=parts.candidate.retrieval_score.to_string()>
                    <th scope="row" prop:textContent=text(texts::SUM)></th>
                    <td><small translate="no">{signed(parts.candidate.retrieval_score, 3)}</small></td>
                </tr>
            </tbody>
        </table>
        <p class="note" inner_html=linked(about)></p>
    }
    .into_any()
}

/// Weight of each expert in each task's mixture.
pub fn gates(parts: &Parts) -> AnyView {
    let Some(gates) = parts.blocks.gates() else { return ().into_any() };
    let mut from = 0;
    let mut layers = Vec::new();
    for layer in &gates.layers {
        let (tasks, experts) = (layer.tasks.clone(), layer.experts.len());
        let cell = |task: usize, expert: usize| {
            let weight = gates.weights.get(from + task * experts + expert).copied();
            let weight = weight.unwrap_or(0.0);
            view! {
                <td>
                    <span class="bar ranker" style=format!("--share:{}", css_share(weight))></span>
                    <small translate="no">{percent(weight)}</small>
                </td>
            }
        };
        let rows = layer.experts.iter().enumerate().map(|(expert, name)| {
            view! {
                <tr>
                    <th scope="row" prop:textContent=worded(name)></th>
                    {(0..tasks.len()).map(|task| cell(task, expert)).collect_view()}
                </tr>
            }
        });
        let rows = rows.collect_view();
        from += tasks.len() * experts;
        let name = layer.name.clone();
        layers.push(view! {
            <table class="gates">
                <caption prop:textContent=move || name.as_ref().map(worded).unwrap_or_default()></caption>
                <thead>
                    <tr>
                        <th scope="col"><span class="hidden" prop:textContent=text(word!("studio.explain.expert"))></span></th>
                        {tasks.into_iter().map(|task| view! { <th scope="col" prop:textContent=move || worded(&task)></th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        });
    }
    view! {
        <h4 prop:textContent=text(texts::GATES)></h4>
        <p class="note" prop:textContent=text(texts::GATES_ABOUT)></p>
        {layers}
    }
    .into_any()
}

/// What each feature adds to a task's utility, most first.
pub fn features(parts: &Parts, task: usize) -> AnyView {
    let added = |place: usize| parts.features[place].1.get(task).copied().unwrap_or((0.0, 0.0));
    let mut order: Vec<usize> = (0..parts.features.len()).collect();
    order.sort_by(|&a, &b| added(b).0.abs().total_cmp(&added(a).0.abs()));
    let most = longest(order.iter().map(|&place| added(place).0));
    let rows = order.into_iter().map(|place| {
        let (feature, (share, error)) = (&parts.features[place].0, added(place));
        let name = word!("features.{}", feature.name);
        let (kind, value) = (word!("feature-kinds.{}", feature.kind), feature.value);
        view! {
            <tr title={move || say_with(&kind, &[("value", &signed(value, 3))])} data-value=share.to_string()>
                <th scope="row" prop:textContent=move || say(&name)></th>
                <td translate="no">{fixed(feature.value.into(), 2)}</td>
                <td translate="no">{signed(feature.z_score, 1)}</td>
                <td>
                    {two_sided(share, most)}
                    <small translate="no">{signed(share, 3)} " ± " {signed(error, 3)}</small>
                </td>
            </tr>
        }
    });
    let base = parts.base.get(task).copied().unwrap_or(f32::NAN);
    let utility = parts.candidate.utility.get(task).copied().unwrap_or(f32::NAN);
    view! {
        <div class="scrolls tall" tabindex="0" role="region" aria-label=text(texts::FEATURES_TABLE)>
            <table class="bars wide" data-testid="features" data-base=base.to_string() data-utility=utility.to_string()>
                <thead>
                    <tr>{texts::FEATURES_HEADS.map(|head| view! { <th scope="col" prop:textContent=text(head)></th> }).into_iter().collect_view()}</tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row" colspan="3" prop:textContent=text(texts::ALL_AT_MEAN)></th>
                        <td><small translate="no">{signed(base, 3)}</small></td>
                    </tr>
                    <tr class="sum">
                        <th scope="row" colspan="3" prop:textContent=text(texts::UTILITY)></th>
                        <td><small translate="no">{signed(utility, 3)}</small></td>
                    </tr>
                </tfoot>
            </table>
        </div>
    }
    .into_any()
}

/// Entries of the history that the retriever attends to most, most first, and what is left for the
/// others. Where each span of the history is attended to by itself, each adds up to the whole.
pub fn attention(answer: &Answer, now: Option<i32>) -> AnyView {
    let history = &answer.history;
    let kept = || history.iter().filter(|shown| shown.kept);
    let about = say(&word!("studio.explain.attention-{}", answer.retriever.key));
    let attends = texts::attends(kept().count(), history.len());
    let attends = match kept().count() {
        0 => attends,
        _ => [attends.as_str(), about].join(say(word!("sentences.between"))),
    };
    let now = now.or_else(|| history.iter().map(|shown| shown.event.time).max()).unwrap_or(0);
    let lists: Vec<AnyView> = match answer.retriever.attends {
        Attends::BySpan => {
            let spans = windows::BY_SPAN.iter().zip(texts::SPANS).filter_map(|(span, name)| {
                let age = |shown: &HistoryEntry| (now - shown.event.time).max(0);
                let within =
                    |shown: &&HistoryEntry| (span.from_age..span.to_age).contains(&age(shown));
                let read: Vec<_> = kept().filter(within).collect();
                (!read.is_empty()).then(|| attended(Some(name), read, ATTENDED_OF_SPAN))
            });
            spans.collect()
        }
        Attends::Whole => vec![attended(None, kept().collect(), ATTENDED)],
    };
    view! {
        <h3 prop:textContent=text(texts::ATTENTION)></h3>
        <p class="note" prop:textContent=attends></p>
        <div data-testid="retriever-attention">{lists}</div>
    }
    .into_any()
}

/// The entries of a span of the history with most attention, and the sum of the others.
fn attended(span: Option<&'static str>, mut read: Vec<&HistoryEntry>, listed: usize) -> AnyView {
    read.sort_by(|a, b| b.attention.total_cmp(&a.attention));
    let others = read.split_off(listed.min(read.len()));
    let most = longest(read.iter().map(|shown| shown.attention));
    let cell = move |attention: f32| {
        let share = if most > 0.0 { (attention / most).min(1.0) } else { 0.0 };
        view! {
            <td data-share=attention.to_string()>
                <span class="bar retriever" style=format!("--share:{}", css_share(share))></span>
                <small translate="no">{percent(attention)}</small>
            </td>
        }
    };
    let rows = read.into_iter().map(|shown| {
        view! { <tr><th scope="row">{done(shown)}</th>{cell(shown.attention)}</tr> }
    });
    let rest = (!others.is_empty()).then(|| {
        let (number, sum) = (others.len(), others.iter().map(|shown| shown.attention).sum());
        view! { <tr><th scope="row" prop:textContent=move || texts::others(number)></th>{cell(sum)}</tr> }
    });
    view! {
        <table class="gates attended">
            {span.map(|span| view! { <caption prop:textContent=text(span)></caption> })}
            <tbody>{rows.collect_view()} {rest}</tbody>
        </table>
    }
    .into_any()
}

/// An entry of the history: what was done to which product, and how long ago.
pub fn done(shown: &HistoryEntry) -> AnyView {
    let store = store();
    let event = shown.event;
    let now = untrack(|| store.now()).unwrap_or(event.time);
    let title = store.shop.with_untracked(|shop| {
        let product = shop.as_ref()?.product(event.product)?;
        Some(product.title.clone())
    });
    let said = Message::new(deed(event.kind))
        .with("title", title.unwrap_or_default())
        .with("ago", ago(now, event.time));
    view! {
            <span class="deed">
                <Picture product=event.product />
    <span prop:textContent=move || worded(&said)></span>
            </span>
        }
    .into_any()
}
