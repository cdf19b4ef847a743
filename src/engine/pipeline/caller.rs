//! Who asks the funnel: it may lose interest between two stages, and it has a clock.

use protocol::Growing;

/// Whoever waits for an answer.
pub trait Caller {
    /// Lets newer messages in, and says whether this answer is still wanted.
    fn still_wanted(&self) -> impl Future<Output = bool>;

    /// Milliseconds on a clock that never goes back.
    fn milliseconds(&self) -> f64;

    /// How far a larger shop is that is being made for the answer. Whoever shows no progress need not listen.
    fn growing(&self, _growing: Growing) {}
}
