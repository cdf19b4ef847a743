//! Online tests, simulated: two shops answer the same kind of people on the same days, and what comes
//! of it is measured as the papers measure theirs (MOPPR 6, DMT 6.3, Yandex 4.4).
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`arm`] | what answers: the production shop, a state of the playground, or one beside the other |
//! | [`measures`] | what is counted of a shopper's days, and what is measured of the counts |
//! | [`difference`] | how far apart two arms are, and how sure that is |
//! | [`experiment`] | who takes part, and the running of it |
//! | [`kept`] | what came of a test, on disk |

pub mod arm;
pub mod difference;
pub mod experiment;
pub mod kept;
pub mod measures;
