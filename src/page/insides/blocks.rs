//! What a system shows of its insides, drawn by shape: whose it is makes no difference here.

use std::sync::Arc;

use leptos::prelude::*;

use super::curves::curve;
use super::utilisation::gates;
use crate::language::{say, say_with, worded};
use crate::picture::{Picture, Symbol};
use crate::store::store;
use market::language::{Message, Value};
use protocol::block::{Block, Pair, Row, Rows, SequenceAttention, Shape, Share, Step, Unit};
use protocol::words::{self, count, css_share, fixed, percent, signed};

/// Most entries shown of one sequence, those with the most attention.
const ENTRIES: usize = 4;

/// Blocks under their titles. `of` is whose colours their bars have: "retriever" or "ranker".
pub fn blocks(blocks: Vec<Block>, of: &'static str) -> AnyView {
    blocks.into_iter().map(|one| block(one, of)).collect_view().into_any()
}

fn block(Block { name, shape }: Block, of: &'static str) -> AnyView {
    let (title, note) = (say(&word!("{}.title", name)), say(&word!("{}.note", name)));
    let inside = match shape {
        Shape::Rows(shape) => rows(shape),
        Shape::Shares(shape) => shares(shape, of),
        Shape::Sequences(shape) => sequences(shape),
        Shape::Chain(shape) => chain(shape),
        Shape::Pairs(shape) => pairs(&name, shape),
        Shape::Gates(shape) => gates(&shape),
        Shape::Curve(shape) => curve(&name, Arc::new(move || Some(shape.clone()))),
    };
    view! {
        <section>
            <h3 prop:textContent=title></h3>
            <p class="note" inner_html=note></p>
            <div data-testid=name>{inside}</div>
        </section>
    }
    .into_any()
}

/// A bar to the right or to the left of a middle line, by its share of the longest.
pub fn two_sided(value: f32, longest: f32) -> impl IntoView {
    let share = if longest > 0.0 { 50.0 * (value / longest).clamp(-1.0, 1.0) } else { 0.0 };
    let (left, width) = if share < 0.0 { (50.0 + share, -share) } else { (50.0, share) };
    let class = if share < 0.0 { "below" } else { "" };
    let style = format!("left:{}%;width:{}%", fixed(left.into(), 1), fixed(width.into(), 1));
    view! {
        <span class="two-sided">
            <i class=class style=style></i>
        </span>
    }
}

/// The largest magnitude of the values that are numbers; 0 where there is none.
pub fn longest(values: impl IntoIterator<Item = f32>) -> f32 {
    values.into_iter().filter(|v| v.is_finite()).fold(0.0, |most, v| most.max(v.abs()))
}

/// A bar with its share beside it.
fn bar(share: f32, of: &str) -> impl IntoView + use<> {
    let (class, style) = (format!("bar {of}"), format!("--share:{}", css_share(share)));
    view! {
        <span class=class style=style></span>
        <small translate="no">{percent(share)}</small>
    }
}

fn rows(Rows { columns, rows, together }: Rows) -> AnyView {
    // Orders are rare, so what adds to their score is of another size than what adds to a click's.
    let most = |column: usize| {
        let all = rows.iter().chain(&together);
        longest(all.filter_map(|row| row.values.get(column).copied()))
    };
    let most: Vec<f32> = (0..columns.len().max(1)).map(most).collect();
    let row = |Row { name, hint, values }: Row, class: &'static str| {
        let cells = values.into_iter().zip(&most).map(|(value, most)| {
            view! { <td translate="no" title=signed(value, 3)>{two_sided(value, *most)} <small translate="no">{signed(value, 2)}</small></td> }
        });
        let cells = cells.collect_view();
        // Their words come behind the first ranking's.
        let title = move || hint.as_ref().map(worded);
        view! {
            <tr class=class title=title>
                <th scope="row" prop:textContent=move || worded(&name)></th>
                {cells}
            </tr>
        }
    };
    let head = (!columns.is_empty()).then(|| {
        let columns =
            columns.iter().map(|of| view! { <th scope="col" prop:textContent=worded(of)></th> });
        view! {
            <thead>
                <tr>
                    <td></td>
                    {columns.collect_view()}
                </tr>
            </thead>
        }
    });
    let all = rows.iter().cloned().map(|of| row(of, "")).collect_view();
    view! {
        <table class="bars">
            {head}
            <tbody>{all} {together.clone().map(|of| row(of, "sum"))}</tbody>
        </table>
    }
    .into_any()
}

fn shares(shares: Vec<Share>, of: &'static str) -> AnyView {
    if shares.is_empty() {
        return none();
    }
    let share = |Share { name, share }: Share| {
        let name = match &name {
            Value::Text(text) => text.clone(),
            Value::Message(message) => worded(message),
        };
        view! {
            <li>
                <span class="what" translate="no">{name}</span>
                {bar(share, of)}
            </li>
        }
    };
    view! { <ol class="rows">{shares.into_iter().map(share).collect_view()}</ol> }.into_any()
}

fn none() -> AnyView {
    view! { <p class="empty">{say(word!("insides.none"))}</p> }.into_any()
}

/// The largest by size, largest first: (index, value).
fn strongest(values: &[f32], most: usize) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = vec![];
    while found.len() < most {
        let rest =
            values.iter().copied().enumerate().filter(|(i, value)| {
                value.is_finite() && found.iter().all(|(taken, _)| taken != i)
            });
        match rest.reduce(|a, b| if b.1.abs() > a.1.abs() { b } else { a }) {
            Some(next) => found.push(next),
            None => break,
        }
    }
    found
}

fn sequences(sequences: Vec<SequenceAttention>) -> AnyView {
    let store = store();
    let title = move |entry: u32| {
        store.answer.with_untracked(|answer| {
            let event = answer.as_ref()?.history.iter().find(|e| e.entry == entry)?.event;
            store.shop.with_untracked(|shop| {
                let product = shop.as_ref()?.product(event.product)?;
                Some((event.product, product.title.clone()))
            })
        })
    };
    let list = move |SequenceAttention { sequence, weights }: SequenceAttention| {
        let number = weights.len();
        let shares: Vec<_> = weights.iter().map(|(_, weight)| *weight).collect();
        let entry = |(i, weight): (usize, f32)| {
            let (product, name) = title(weights[i].0)?;
            let tip = name.clone();
            Some(view! {
                <li title=tip>
                    <Picture product />
                    <span class="what" translate="no">{name}</span>
                    {bar(weight, "ranker")}
                </li>
            })
        };
        let strongest = strongest(&shares, ENTRIES).into_iter().map(entry).collect_view();
        let key = word!("attention.{}", sequence);
        view! {
            <div class="sequence">
                <h4 prop:textContent=say_with(&key, &[("count", &words::count(number))])></h4>
                {if number == 0 { none() } else { view! { <ol>{strongest}</ol> }.into_any() }}
            </div>
        }
    };
    sequences.into_iter().map(list).collect_view().into_any()
}

fn chain(steps: Vec<Step>) -> AnyView {
    let row = |Step { name, conditional, joint, from_former }: Step| {
        view! {
            <tr>
                <th scope="row" prop:textContent=worded(&name)></th>
                <td translate="no">{percent(conditional)}</td>
                <td translate="no">{percent(joint)}</td>
                <td translate="no">{from_former.map(|share| bar(share, "ranker"))}</td>
            </tr>
        }
    };
    view! {
        <table class="chain">
            <thead>
                <tr>
                    <th scope="col"><span class="hidden">{say(word!("product.task"))}</span></th>
                    <th scope="col"><Symbol symbol="p_k" /></th>
                    <th scope="col"><Symbol symbol="y_k" /></th>
                    <th scope="col">{say(word!("chain.from-before"))}</th>
                </tr>
            </thead>
            <tbody>{steps.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn pairs(block: &str, pairs: Vec<Pair>) -> AnyView {
    let pair = |Pair { name: Message { key, .. }, symbol, value, unit }: Pair| {
        let symbol = (!symbol.is_empty()).then(|| view! { " " <i translate="no">{symbol}</i> });
        let value = match unit {
            Unit::Count => count(value as usize),
            Unit::Number => signed(value, 2),
            Unit::Share => percent(value),
        };
        let name = key.strip_prefix(block).and_then(|rest| rest.strip_prefix('.'));
        let testid = format!("{block}-{}", name.unwrap_or(&key));
        view! {
            <dt><span prop:textContent=say(&key)></span> {symbol}</dt>
            <dd translate="no" data-testid=testid>{value}</dd>
        }
    };
    view! { <dl class="pairs">{pairs.into_iter().map(pair).collect_view()}</dl> }.into_any()
}
