//! What MOPPR's text states.

use crate::online::arm::On;
use crate::tables::claims::Rule::{Every, Larger, Most};
use crate::tables::claims::Shows::{Higher, Lower};
use crate::tables::claims::{Claim, Trial, check, claim, online, open, study};
use crate::tables::study::Contrast::Above;

const RECALLS: &[&str] = &["recall@K", "recall_p@K"];
const NDCGS: &[&str] = &["nDCG@K", "nDCG_p@K"];
const BOUGHT: &[&str] = &["recall_p@K", "nDCG_p@K"];
const PERSONAL: &[&str] = &["recall@K", "nDCG@K", "recall_p@K", "nDCG_p@K"];
const GOOD: &[&str] = &["P_good"];

/// MOPPR in place of MGDSPR as a channel of the production shop (figure 1).
const TABLE_3: Trial = Trial {
    name: "moppr-3",
    on: On::Search,
    arms: ["shop+#", "shop+#"],
    assets: ["target/online/mgdspr", "target/online/moppr"],
};

/// The same channel, MOPPR trained without non-clicked impressions.
const WITHOUT_NON_CLICKED: Trial = Trial {
    name: "moppr-no-nci",
    on: On::Search,
    arms: ["shop+#", "shop+#"],
    assets: ["target/online/moppr", "target/online/no-nci"],
};

/// What its text states.
pub const CLAIMS: &[Claim] = &[
    claim(
        "MOPPR",
        "5.5.1",
        "MOPPR is above MGDSPR in every metric",
        Every,
        &[check("moppr-2", "moppr", "mgdspr", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.1",
        "MOPPR is above alpha-DNN in every metric",
        Every,
        &[check("moppr-2", "moppr", "alpha-dnn", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.1",
        "it gains more over MGDSPR in what is bought than in what is clicked",
        Larger,
        &[
            check("moppr-2", "moppr", "mgdspr", BOUGHT),
            check("moppr-2", "moppr", "mgdspr", &["recall@K", "nDCG@K"]),
        ],
    ),
    claim(
        "MOPPR",
        "5.5.1",
        "it estimates relevance better than MGDSPR",
        Every,
        &[check("moppr-2", "moppr", "mgdspr", GOOD)],
    ),
    claim(
        "MOPPR",
        "5.2",
        "MGDSPR is more relevant than alpha-DNN",
        Every,
        &[check("moppr-2", "mgdspr", "alpha-dnn", GOOD)],
    ),
    claim(
        "MOPPR",
        "5.5.2",
        "without the relevance loss the retrieved are less relevant",
        Every,
        &[check("moppr-1", "moppr", "no-relevance", GOOD)],
    ),
    claim(
        "MOPPR",
        "5.5.2",
        "without it recall and nDCG are slightly better",
        Most,
        &[check("moppr-1", "no-relevance", "moppr", PERSONAL)],
    ),
    claim(
        "MOPPR",
        "5.5.2",
        "without the exposure loss it suffers",
        Most,
        &[check("moppr-1", "moppr", "no-exposure", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.2",
        "without the click loss it suffers",
        Most,
        &[check("moppr-1", "moppr", "no-click", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.2",
        "without the purchase loss it suffers",
        Most,
        &[check("moppr-1", "moppr", "no-purchase", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.3",
        "what non-clicked impressions do offline is hard to judge",
        Most,
        &[check("moppr-1", "moppr", "no-nci", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.3",
        "without under-impressions every metric is worse",
        Every,
        &[check("moppr-1", "moppr", "no-ui", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.3",
        "under-impressions help to order what is retrieved",
        Every,
        &[check("moppr-1", "moppr", "no-ui", NDCGS)],
    ),
    claim(
        "MOPPR",
        "5.5.3",
        "under-impressions help to find it",
        Every,
        &[check("moppr-1", "moppr", "no-ui", RECALLS)],
    ),
    claim(
        "MOPPR",
        "5.5.3",
        "without either the order is worse",
        Every,
        &[check("moppr-1", "moppr", "no-nci-ui", NDCGS)],
    ),
    online(
        "MOPPR",
        "5.5.3",
        "online, without non-clicked impressions clicks and transactions fall",
        &WITHOUT_NON_CLICKED,
        &[Lower("clicks"), Lower("transactions")],
    ),
    claim(
        "MOPPR",
        "5.5.4",
        "too few random negatives do harm",
        Every,
        &[check("moppr-figure-4", "moppr", "negatives-64", &[])],
    ),
    claim(
        "MOPPR",
        "5.5.4",
        "too many random negatives do harm",
        Every,
        &[check("moppr-figure-4", "moppr", "negatives-8192", &[])],
    ),
    online(
        "MOPPR",
        "6",
        "against MGDSPR it brings more transactions and GMV (table 3)",
        &TABLE_3,
        &[Higher("transactions"), Higher("GMV")],
    ),
    online(
        "MOPPR",
        "6",
        "more of what is exposed is relevant (table 3)",
        &TABLE_3,
        &[Higher("P_good (judge)"), Higher("P_good (truth)")],
    ),
    online(
        "MOPPR",
        "6",
        "more of what is exposed, clicked and bought comes from it (table 3)",
        &TABLE_3,
        &[Higher("P_exposure"), Higher("P_click"), Higher("P_purchase"), Higher("P_GMV")],
    ),
    claim(
        "MOPPR",
        "7.1.2",
        "30 under-impressions in place of 10 raise recall",
        Every,
        &[check("moppr-7", "ui-30", "moppr", RECALLS)],
    ),
    claim(
        "MOPPR",
        "7.1.2",
        "irrelevant products of the same query raise relevance",
        Every,
        &[check("moppr-7", "irrelevant", "moppr", GOOD)],
    ),
    open(
        "MOPPR",
        "7.1.1",
        "positives of other page views as negatives bring nothing",
        "a row of the table of section 7.1",
    ),
    study(
        "MOPPR",
        "7.3",
        "retriever and coarse ranker with several objectives are above before",
        "moppr-cascade",
        &[
            Above("recall@K, coarse ranker", "recall@K, retriever alone"),
            Above("nDCG@K, coarse ranker", "nDCG@K, retriever alone"),
        ],
    ),
];
