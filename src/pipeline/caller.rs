//! Who asks the funnel: it may lose interest between two stages, and it has a clock.

/// Whoever waits for an answer.
pub trait Caller {
    /// Lets newer messages in, and says whether this answer is still wanted.
    fn still_wanted(&self) -> impl Future<Output = bool>;

    /// Milliseconds on a clock that never goes back.
    fn milliseconds(&self) -> f64;
}

/// A caller on the command line: always waits.
#[cfg(feature = "cli")]
#[derive(Debug)]
pub struct Patient(std::time::Instant);

#[cfg(feature = "cli")]
impl Default for Patient {
    fn default() -> Self {
        Self(std::time::Instant::now())
    }
}

#[cfg(feature = "cli")]
impl Caller for Patient {
    async fn still_wanted(&self) -> bool {
        true
    }

    fn milliseconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }
}
