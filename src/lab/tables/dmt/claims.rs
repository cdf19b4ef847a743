//! What DMT's text states.

use crate::online::arm::On;
use crate::tables::claims::Rule::{Every, Larger, Most};
use crate::tables::claims::Shows::Higher;
use crate::tables::claims::{Claim, Trial, check, claim, online, open, study};
use crate::tables::study::Contrast::{Above, Differ, Over, Under};

const CLICK: &[&str] = &["click AUC"];
const ORDER: &[&str] = &["order AUC"];
const BOTH: &[&str] = &["click AUC", "order AUC"];

/// The feed with the neighbours as bias (table 6), and without any.
const BIAS: Trial = Trial {
    name: "dmt-6-bias",
    on: On::Feed,
    arms: ["#bias-position=off&bias-neighbours=off", "#bias-position=off"],
    assets: ["assets", "assets"],
};

/// The feed with the neighbours as bias, and with GRUs in place of transformers and without bias.
const DIEN: Trial = Trial {
    name: "dmt-6-dien",
    on: On::Feed,
    arms: ["#bias-position=off&bias-neighbours=off", "#bias-position=off"],
    assets: ["target/online/dien", "assets"],
};

/// What its text states.
pub const CLAIMS: &[Claim] = &[
    claim(
        "DMT",
        "6.1",
        "DIN is above DNN, without dense features",
        Most,
        &[check("dmt-1", "din-ids", "dnn-ids", &[])],
    ),
    claim(
        "DMT",
        "6.1",
        "DIEN is above DIN, without dense features",
        Most,
        &[check("dmt-1", "dien-ids", "din-ids", &[])],
    ),
    claim(
        "DMT",
        "6.1",
        "DMT is above every network, without dense features",
        Most,
        &[
            check("dmt-1", "dmt-ids", "dnn-ids", &[]),
            check("dmt-1", "dmt-ids", "din-ids", &[]),
            check("dmt-1", "dmt-ids", "dien-ids", &[]),
        ],
    ),
    claim(
        "DMT",
        "6.1",
        "DMT is above every network, with dense features",
        Most,
        &[
            check("dmt-1", "dmt", "dnn", &[]),
            check("dmt-1", "dmt", "din", &[]),
            check("dmt-1", "dmt", "dien", &[]),
        ],
    ),
    claim("DMT", "6.1", "DMT is above the trees", Every, &[check("dmt-1", "dmt", "gbdt", &[])]),
    claim(
        "DMT",
        "6.1",
        "with dense features the gains over DNN are smaller",
        Larger,
        &[check("dmt-1", "dmt-ids", "dnn-ids", BOTH), check("dmt-1", "dmt", "dnn", BOTH)],
    ),
    claim(
        "DMT",
        "6.2.1",
        "learned positions are above none",
        Every,
        &[check("dmt-3", "trans-ids", "positions-none", &[])],
    ),
    claim(
        "DMT",
        "6.2.1",
        "learned positions are above sines and cosines",
        Every,
        &[check("dmt-3", "trans-ids", "positions-sinusoidal", &[])],
    ),
    claim(
        "DMT",
        "6.2.1",
        "carts on top of clicks help",
        Every,
        &[check("dmt-4", "cart-single", "click-single", &[])],
    ),
    claim(
        "DMT",
        "6.2.1",
        "orders on top of both bring nothing more",
        Every,
        &[check("dmt-4", "trans-ids", "cart-single", &[])],
    ),
    study(
        "DMT",
        "6.2.1",
        "what is bought again seldom is clicked and not bought soon after an order",
        "dmt-repurchase",
        &[Over("long: clicks kept", 0.5), Under("long: orders kept", 0.5)],
    ),
    study(
        "DMT",
        "6.2.1",
        "what is bought again often is clicked and bought soon after an order",
        "dmt-repurchase",
        &[Over("short: clicks kept", 0.5), Over("short: orders kept", 0.5)],
    ),
    claim(
        "DMT",
        "6.2.2",
        "several sequences are above clicks alone, with either kind of sharing",
        Most,
        &[
            check("dmt-4", "cart-shared", "click-shared", &[]),
            check("dmt-4", "cart-mmoe", "click-mmoe", &[]),
        ],
    ),
    claim(
        "DMT",
        "6.2.2",
        "a shared bottom is above a network for each task",
        Most,
        &[
            check("dmt-4", "click-shared", "click-single", &[]),
            check("dmt-4", "cart-shared", "cart-single", &[]),
            check("dmt-4", "all-shared", "trans-ids", &[]),
        ],
    ),
    claim(
        "DMT",
        "6.2.2",
        "MMoE is above a shared bottom",
        Most,
        &[
            check("dmt-4", "click-mmoe", "click-shared", &[]),
            check("dmt-4", "cart-mmoe", "cart-shared", &[]),
            check("dmt-4", "all-mmoe", "all-shared", &[]),
        ],
    ),
    claim(
        "DMT",
        "6.2.2",
        "with dense features, too, MMoE is above a network for each task",
        Every,
        &[check("dmt-5", "mmoe", "trans", &[])],
    ),
    study(
        "DMT",
        "6.2.2",
        "each task is led by experts of its own and by shared ones (figure 3)",
        "dmt-gates",
        &[
            Over("the most shared expert, in the task that it weighs less in", 0.25),
            Above(
                "the expert that is most a task's own, in that task",
                "the expert that is most a task's own, in the other task",
            ),
        ],
    ),
    study(
        "DMT",
        "6.2.2",
        "every expert weighs differently in the two tasks (figure 3)",
        "dmt-gates",
        &[
            Differ("click, expert 1", "order, expert 1"),
            Differ("click, expert 2", "order, expert 2"),
            Differ("click, expert 3", "order, expert 3"),
            Differ("click, expert 4", "order, expert 4"),
        ],
    ),
    claim(
        "DMT",
        "6.2.3",
        "neighbours as bias are above the place on the list, in clicks",
        Every,
        &[check("dmt-5", "dmt", "mmoe-index", CLICK)],
    ),
    claim("DMT", "6.2.3", "and in orders", Every, &[check("dmt-5", "dmt", "mmoe-index", ORDER)]),
    claim(
        "DMT",
        "6.2.3",
        "neighbours are above the page as bias",
        Every,
        &[check("dmt-5", "dmt", "mmoe-page", &[])],
    ),
    online(
        "DMT",
        "6.3",
        "bias modelling raises CTR, CVR and GMV online (table 6)",
        &BIAS,
        &[Higher("CTR"), Higher("CVR"), Higher("GMV")],
    ),
    online(
        "DMT",
        "6.3",
        "DMT raises them over DIEN (table 6)",
        &DIEN,
        &[Higher("CTR"), Higher("CVR"), Higher("GMV")],
    ),
    open(
        "DMT",
        "6.3",
        "and over the trees (table 6)",
        "an arm that is ordered by trees: they are grown for the tables alone, and nothing serves them",
    ),
];
