//! What the papers' texts state, and which comparisons of their tables decide it: docs/claims.md is
//! made of this.
//!
//! A claim is decided by comparisons ([`Decided::By`]), by the rule that stands with it, or waits for
//! a measurement that the tables do not have yet ([`Decided::Open`]).

use super::report::{Comparison, Report, Tally, Verdict};

/// Something that a paper states.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Paper.
    pub paper: &'static str,
    /// Section.
    pub section: &'static str,
    /// What is stated, in words of our own.
    pub says: &'static str,
    /// What decides it.
    pub decided: Decided,
}

/// What decides a claim.
#[derive(Clone, Copy, Debug)]
pub enum Decided {
    /// Comparisons of tables.
    By(Rule, &'static [Check]),
    /// A measurement that is none of the tables'.
    Open(&'static str),
}

/// How comparisons decide a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// All come out; it goes the other way as soon as one does.
    Every,
    /// More come out than not, and more than go the other way; it goes the other way where more of
    /// them do than come out.
    Most,
    /// The mean of the first differences is larger than that of the second: for "gains more in". It
    /// is not tested, for the two are not paired.
    Larger,
}

/// Comparisons of two rows of a table.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Short name of the table.
    pub table: &'static str,
    /// The row that is said to be higher.
    pub higher: &'static str,
    /// The row that is said to be lower.
    pub lower: &'static str,
    /// Metrics; all of the table's comparisons of the two rows where there is none.
    pub metrics: &'static [&'static str],
}

const fn check(
    table: &'static str,
    higher: &'static str,
    lower: &'static str,
    metrics: &'static [&'static str],
) -> Check {
    Check { table, higher, lower, metrics }
}

const fn claim(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    rule: Rule,
    checks: &'static [Check],
) -> Claim {
    Claim { paper, section, says, decided: Decided::By(rule, checks) }
}

const fn open(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    by: &'static str,
) -> Claim {
    Claim { paper, section, says, decided: Decided::Open(by) }
}

const RECALLS: &[&str] = &["recall@K", "recall_p@K"];
const NDCGS: &[&str] = &["nDCG@K", "nDCG_p@K"];
const BOUGHT: &[&str] = &["recall_p@K", "nDCG_p@K"];
const PERSONAL: &[&str] = &["recall@K", "nDCG@K", "recall_p@K", "nDCG_p@K"];
const GOOD: &[&str] = &["P_good"];
const AUCS: &[&str] = &["click AUC", "cart AUC", "order AUC"];
const FIRSTS: &[&str] = &["click nDCG@1", "cart nDCG@1", "order nDCG@1"];
const CLICK: &[&str] = &["click AUC"];
const ORDER: &[&str] = &["order AUC"];
const BOTH: &[&str] = &["click AUC", "order AUC"];
const RETARGETING: &[&str] = &["retargeting gain"];
const DISCOVERY: &[&str] = &["discovery gain"];

use Rule::{Every, Larger, Most};

/// Every claim, paper by paper.
pub const CLAIMS: &[Claim] = &[
    // MOPPR.
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
    open(
        "MOPPR",
        "5.5.3",
        "online, without non-clicked impressions clicks and transactions fall",
        "`vitrine ab --on search`, a shop with either retriever as a channel (`--assets-b`)",
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
    open(
        "MOPPR",
        "6",
        "against MGDSPR it brings more transactions and GMV (table 3)",
        "`vitrine ab --on search`: transactions, GMV",
    ),
    open(
        "MOPPR",
        "6",
        "more of what is exposed, clicked and bought comes from it (table 3)",
        "`vitrine ab --on search`: P_exposure, P_click, P_purchase, P_GMV",
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
    open(
        "MOPPR",
        "7.3",
        "retriever and coarse ranker with several objectives are above before",
        "`vitrine train coarse-ranker`",
    ),
    // MLPR.
    claim(
        "MLPR",
        "5.1",
        "MLPR is above every baseline in AUC",
        Most,
        &[
            check("mlpr-2", "mlpr", "mlp-single", AUCS),
            check("mlpr-2", "mlpr", "mlp-mtl", AUCS),
            check("mlpr-2", "mlpr", "esm2", AUCS),
            check("mlpr-2", "mlpr", "mmoe", AUCS),
            check("mlpr-2", "mlpr", "ple", AUCS),
            check("mlpr-2", "mlpr", "aitm", AUCS),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "MLPR is above every baseline in nDCG",
        Most,
        &[
            check("mlpr-2", "mlpr", "mlp-single", FIRSTS),
            check("mlpr-2", "mlpr", "mlp-mtl", FIRSTS),
            check("mlpr-2", "mlpr", "esm2", FIRSTS),
            check("mlpr-2", "mlpr", "mmoe", FIRSTS),
            check("mlpr-2", "mlpr", "ple", FIRSTS),
            check("mlpr-2", "mlpr", "aitm", FIRSTS),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "MLPR is above XGBoost",
        Every,
        &[check("mlpr-2", "mlpr", "xgboost", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "networks are above trees",
        Most,
        &[
            check("mlpr-2", "mlp-single", "xgboost", &[]),
            check("mlpr-2", "mlp-mtl", "xgboost", &[]),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "learning tasks together is mostly above learning them apart",
        Most,
        &[check("mlpr-2", "mlp-mtl", "mlp-single", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "MMoE is below a shared bottom",
        Most,
        &[check("mlpr-2", "mlp-mtl", "mmoe", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "experts of each task's own are far above a gate alone",
        Most,
        &[check("mlpr-2", "ple", "mmoe", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "attention between tasks is above the transfer of probabilities alone",
        Most,
        &[check("mlpr-2", "aitm", "esm2", &[])],
    ),
    claim(
        "MLPR",
        "5.2.1",
        "encoders that learn with the tasks help the plain model",
        Most,
        &[check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", &[])],
    ),
    claim("MLPR", "5.2.1", "they help MLPR", Most, &[check("mlpr-3", "mlpr", "mlpr-frozen", &[])]),
    claim(
        "MLPR",
        "5.2.1",
        "they help clicks most of all",
        Larger,
        &[
            check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", CLICK),
            check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", &["cart AUC", "order AUC"]),
        ],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with the uncertainty loss it is comparable",
        Most,
        &[check("mlpr-4", "mtl-uncertainty", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "specific experts improve it, clicks most of all",
        Most,
        &[check("mlpr-4", "ple", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with attention units it is above the base",
        Most,
        &[check("mlpr-4", "ple-attention", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with probability transfer it is above the base",
        Most,
        &[check("mlpr-4", "ple-transfer", "mlp-mtl", &[])],
    ),
    open(
        "MLPR",
        "5.3",
        "trees are fastest; vectors computed before save MLPR a third (table 5)",
        "`vitrine evaluate mlpr`",
    ),
    open(
        "MLPR",
        "5.4",
        "MLPR gains over the baselines most where impressions are fewest (figure 2)",
        "AUC and nDCG by impressions of a pair",
    ),
    claim(
        "MLPR",
        "5.5.1",
        "of dropout from 0.2 to 0.8 the least is best",
        Most,
        &[
            check("mlpr-figure-3", "mlpr", "dropout-40", &[]),
            check("mlpr-figure-3", "mlpr", "dropout-60", &[]),
            check("mlpr-figure-3", "mlpr", "dropout-80", &[]),
        ],
    ),
    claim(
        "MLPR",
        "5.5.2",
        "of 2 to 4 layers 3 are best",
        Most,
        &[
            check("mlpr-figure-3", "layers-3", "mlpr", &[]),
            check("mlpr-figure-3", "layers-3", "layers-4", &[]),
        ],
    ),
    // DMT.
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
    open(
        "DMT",
        "6.2.1",
        "long repurchase periods: clicks again, no orders; short ones: both",
        "the log's clicks and orders by gap since the last order",
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
    open(
        "DMT",
        "6.2.2",
        "each task is led by experts of its own and by shared ones (figure 3)",
        "mean gates of the shipped model",
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
    open(
        "DMT",
        "6.3",
        "bias modelling raises CTR, CVR and GMV online (table 6)",
        "`vitrine ab --on feed`: CTR, CVR, GMV",
    ),
    open(
        "DMT",
        "6.3",
        "DMT raises them over DIEN and over the trees (table 6)",
        "`vitrine ab --on feed`: CTR, CVR, GMV",
    ),
    // Yandex.
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
    open(
        "Yandex",
        "4.4",
        "orders attributed to recommendations rise, new ones more (table 4)",
        "`vitrine ab --on feed`: RecOrders, new RecOrders",
    ),
    open(
        "Yandex",
        "4.4",
        "the uplift is largest in the first days",
        "`vitrine ab --on feed`: RecOrders by week",
    ),
];

impl Claim {
    /// The verdict; none where a comparison that decides it was not made.
    pub fn verdict(&self, report: &Report) -> Option<Verdict> {
        let Decided::By(rule, checks) = self.decided else { return None };
        let found: Vec<Vec<&Comparison>> = checks.iter().map(|check| check.of(report)).collect();
        let verdicts = || {
            let all = checks.iter().zip(&found).flat_map(|(check, found)| {
                found.iter().map(|comparison| check.verdict(comparison))
            });
            all.collect::<Option<Vec<Verdict>>>()
        };
        let count =
            |verdicts: &[Verdict], wanted| verdicts.iter().filter(|&&v| v == wanted).count();
        match rule {
            _ if found.iter().all(Vec::is_empty) => None,
            Rule::Every => {
                let verdicts = verdicts()?;
                Some(match () {
                    () if count(&verdicts, Verdict::OtherWay) > 0 => Verdict::OtherWay,
                    () if count(&verdicts, Verdict::ComesOut) == verdicts.len() => {
                        Verdict::ComesOut
                    }
                    () => Verdict::NotSignificant,
                })
            }
            Rule::Most => {
                let verdicts = verdicts()?;
                let [out, other] =
                    [Verdict::ComesOut, Verdict::OtherWay].map(|wanted| count(&verdicts, wanted));
                Some(match () {
                    () if 2 * out > verdicts.len() && out > other => Verdict::ComesOut,
                    () if other > out => Verdict::OtherWay,
                    () => Verdict::NotSignificant,
                })
            }
            Rule::Larger => {
                let gains: Option<Vec<f64>> =
                    checks.iter().map(|check| check.gain(report)).collect();
                let [more, less] = gains?[..] else { return None };
                Some(if more > less { Verdict::ComesOut } else { Verdict::OtherWay })
            }
        }
    }
}

impl Check {
    /// The comparisons of a report that it names.
    fn of<'a>(&self, report: &'a Report) -> Vec<&'a Comparison> {
        let table = report.tables.iter().find(|table| table.id == self.table);
        let comparisons = table.map_or(&[][..], |table| &table.comparisons);
        let pair = [self.higher, self.lower];
        let named = |c: &&Comparison| {
            pair.contains(&&*c.higher)
                && pair.contains(&&*c.lower)
                && (self.metrics.is_empty() || self.metrics.contains(&&*c.metric))
        };
        comparisons.iter().filter(named).collect()
    }

    /// What a comparison says of it: the figures may have the other row higher.
    fn verdict(&self, comparison: &Comparison) -> Option<Verdict> {
        let verdict = comparison.here?.verdict;
        Some(match verdict {
            _ if comparison.higher == self.higher || comparison.tie => verdict,
            Verdict::ComesOut => Verdict::OtherWay,
            Verdict::OtherWay => Verdict::ComesOut,
            Verdict::NotSignificant => Verdict::NotSignificant,
        })
    }

    /// Mean difference over its metrics.
    fn gain(&self, report: &Report) -> Option<f64> {
        let table = report.tables.iter().find(|table| table.id == self.table)?;
        let mean_of = |variant: &str, metric: &str| {
            let row = table.rows.iter().find(|row| row.variant == variant)?;
            let column = table.metrics.iter().position(|name| name == metric)?;
            Some(row.here[column]?.mean)
        };
        let gain =
            |metric: &&str| Some(mean_of(self.higher, metric)? - mean_of(self.lower, metric)?);
        let gains: Option<Vec<f64>> = self.metrics.iter().map(gain).collect();
        let gains = gains?;
        (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
    }
}

/// Verdicts of all claims together.
pub fn tally(report: &Report) -> Tally {
    let mut tally = Tally::default();
    for claim in CLAIMS {
        tally.count(claim.verdict(report));
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::report::{Market, Outcome, RowReport, Spread, TableReport};
    use crate::tables::table::Table;
    use crate::tables::{dmt, mlpr, moppr, yandex};

    fn tables() -> Vec<&'static Table> {
        [moppr::TABLES, mlpr::TABLES, dmt::TABLES, yandex::TABLES].into_iter().flatten().collect()
    }

    #[test]
    fn there_are_enough_and_each_names_what_there_is() {
        let decided = CLAIMS.iter().filter(|c| matches!(c.decided, Decided::By(..))).count();
        assert!(decided >= 40, "{decided}");
        for claim in CLAIMS {
            let Decided::By(rule, checks) = claim.decided else { continue };
            assert!(!checks.is_empty() && (rule != Rule::Larger || checks.len() == 2), "{claim:?}");
            for check in checks {
                let table = tables().into_iter().find(|table| table.id == check.table);
                let table = table.unwrap_or_else(|| panic!("{claim:?}"));
                assert!(table.row(check.higher).is_some() && table.row(check.lower).is_some());
                let pairs = [[check.higher, check.lower], [check.lower, check.higher]];
                let compared = table.pairs.iter().any(|pair| pairs.contains(pair));
                assert!(compared || rule == Rule::Larger, "{claim:?}: {check:?}");
                for metric in check.metrics {
                    assert!(table.metrics.contains(metric), "{claim:?}: {metric}");
                }
            }
        }
    }

    #[test]
    fn the_document_has_every_claim_and_no_other() {
        let document = include_str!("../../../docs/claims.md");
        for Claim { paper, section, says, .. } in CLAIMS {
            let row = format!("\n| {paper} | {section} | {says} | ");
            assert!(document.contains(&row), "{row}");
        }
        // Two lines of the table are its head.
        let rows = document.lines().filter(|line| line.starts_with('|')).count();
        assert_eq!(rows, CLAIMS.len() + 2);
    }

    fn comparison(higher: &str, lower: &str, metric: &str, verdict: Verdict) -> Comparison {
        let here = Some(Outcome { difference: 0.1, p: 0.01, verdict });
        let (higher, lower, metric) = (higher.into(), lower.into(), metric.into());
        Comparison { higher, lower, metric, paper: Some(0.1), tie: false, here }
    }

    fn report(comparisons: Vec<Comparison>) -> Report {
        let spread = |mean| Some(Spread { mean, deviation: 0.0 });
        let row = |variant: &str, here: [f64; 2]| RowReport {
            variant: variant.into(),
            paper: vec![Some(0.0); 2],
            here: here.map(spread).into(),
        };
        let table = TableReport {
            id: "t-1".into(),
            percent: false,
            metrics: vec!["auc".into(), "mrr".into()],
            seeds: 1,
            rows: vec![row("a", [0.5, 0.5]), row("b", [0.6, 0.52])],
            least: vec![None; 2],
            tie: 0.0,
            comparisons,
        };
        let market = Market { seed: 1, products: 1, shoppers: 1, tested: 1 };
        Report { market, seeds: vec![1], tables: vec![table] }
    }

    const B_OVER_A: Check = check("t-1", "b", "a", &[]);

    #[test]
    fn rules_by_hand() {
        use Verdict::{ComesOut as Out, NotSignificant as Unsure, OtherWay as Other};
        let verdict = |rule, verdicts: &[Verdict]| {
            let of = |&verdict: &Verdict| comparison("b", "a", "auc", verdict);
            let report = report(verdicts.iter().map(of).collect());
            claim("", "", "", rule, &[B_OVER_A]).verdict(&report)
        };
        assert_eq!(verdict(Rule::Every, &[]), None);
        assert_eq!(verdict(Rule::Every, &[Out, Out]), Some(Out));
        assert_eq!(verdict(Rule::Every, &[Out, Unsure]), Some(Unsure));
        assert_eq!(verdict(Rule::Every, &[Out, Other]), Some(Other));
        assert_eq!(verdict(Rule::Most, &[Out, Out, Other]), Some(Out));
        assert_eq!(verdict(Rule::Most, &[Out, Unsure]), Some(Unsure));
        assert_eq!(verdict(Rule::Most, &[Other, Unsure, Unsure]), Some(Other));
    }

    #[test]
    fn a_claim_may_have_it_the_other_way_round_than_the_figures() {
        let report = report(vec![comparison("a", "b", "auc", Verdict::OtherWay)]);
        let claim = claim("", "", "", Rule::Every, &[B_OVER_A]);
        assert_eq!(claim.verdict(&report), Some(Verdict::ComesOut));
    }

    #[test]
    fn gains_are_held_against_gains() {
        const MORE: Check = check("t-1", "b", "a", &["auc"]);
        const LESS: Check = check("t-1", "b", "a", &["mrr"]);
        const NOWHERE: Check = check("t-1", "b", "none", &["auc"]);
        let report = report(vec![comparison("b", "a", "auc", Verdict::ComesOut)]);
        let verdict = |checks| claim("", "", "", Rule::Larger, checks).verdict(&report);
        assert_eq!(verdict(&[MORE, LESS]), Some(Verdict::ComesOut));
        assert_eq!(verdict(&[LESS, MORE]), Some(Verdict::OtherWay));
        assert_eq!(verdict(&[LESS, NOWHERE]), None);
    }
}
