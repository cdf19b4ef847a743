//! What the Yandex paper's text states.

use crate::online::arm::On;
use crate::tables::claims::Rule::{Every, Larger, Most};
use crate::tables::claims::Shows::{Early, Higher, More};
use crate::tables::claims::{Claim, Trial, check, claim, online};

const RETARGETING: &[&str] = &["retargeting gain"];
const DISCOVERY: &[&str] = &["discovery gain"];

/// The production shop's feed, with the two towers and without.
const TABLE_4: Trial = Trial {
    name: "yandex-4",
    on: On::Feed,
    arms: ["shop", "shop+#retriever=yandex"],
    assets: ["assets", "assets"],
};

/// What its text states.
pub const CLAIMS: &[Claim] = &[
    claim(
        "Yandex",
        "4.3",
        "fine-tuning for ranking adds much to pre-training",
        Every,
        &[check("yandex-1", "two-stage", "sampled-softmax", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "calibrated pairs cost nothing",
        Every,
        &[check("yandex-1", "calibrated", "two-stage", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "one pointwise loss is enough",
        Every,
        &[check("yandex-1", "single-pointwise", "calibrated", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "a history twice as long greatly helps discovery",
        Every,
        &[check("yandex-1", "history-double", "single-pointwise", DISCOVERY)],
    ),
    claim(
        "Yandex",
        "4.3",
        "web searches add to both",
        Most,
        &[check("yandex-1", "web-queries", "context", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "web searches add more to discovery than to retargeting",
        Larger,
        &[
            check("yandex-1", "web-queries", "context", DISCOVERY),
            check("yandex-1", "web-queries", "context", RETARGETING),
        ],
    ),
    claim(
        "Yandex",
        "3.5",
        "trained for ranking from nothing it gives almost nothing",
        Every,
        &[check("yandex-2", "sampled-softmax", "fine-tuning-only", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "both stages are above fine-tuning alone",
        Every,
        &[check("yandex-2", "two-stage", "fine-tuning-only", &[])],
    ),
    claim(
        "Yandex",
        "4.3",
        "fused, web searches help discovery more than apart",
        Every,
        &[check("yandex-3", "web-queries", "web-separate", DISCOVERY)],
    ),
    claim(
        "Yandex",
        "4.3",
        "fused over a longer history, discovery is above apart",
        Every,
        &[check("yandex-3", "history-quadruple", "web-separate", DISCOVERY)],
    ),
    claim(
        "Yandex",
        "4.3",
        "a longer fused history improves retargeting",
        Every,
        &[check("yandex-1", "history-quadruple", "web-queries", RETARGETING)],
    ),
    online(
        "Yandex",
        "4.4",
        "orders attributed to recommendations rise, and so do new ones (table 4)",
        &TABLE_4,
        &[Higher("RecOrders"), Higher("new RecOrders")],
    ),
    online(
        "Yandex",
        "4.4",
        "new ones rise more (table 4)",
        &TABLE_4,
        &[More("new RecOrders", "RecOrders")],
    ),
    online(
        "Yandex",
        "4.4",
        "the uplift is largest in the first days",
        &TABLE_4,
        &[Early("RecOrders")],
    ),
];
