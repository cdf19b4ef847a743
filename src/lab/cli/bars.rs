//! How far a command is that trains one model after another.

use anyhow::Result;
use indicatif::ProgressBar;

use super::market::bar;

/// A bar for one training run after another.
pub(super) struct Bars {
    bar: ProgressBar,
    name: String,
    loss: f32,
}

impl Bars {
    pub fn new() -> Result<Self> {
        Ok(Self { bar: bar(0, "steps", "")?, name: String::new(), loss: 0.0 })
    }

    pub fn show(&mut self, name: &str, step: usize, steps: usize, loss: f32) {
        if self.name != name {
            self.bar.finish_and_clear();
            self.bar.reset();
            self.bar.set_length(steps as u64);
            (self.name, self.loss) = (name.into(), loss);
        }
        self.loss = 0.98 * self.loss + 0.02 * loss;
        self.bar.set_message(format!("{name}, loss {:.3}", self.loss));
        self.bar.set_position(step as u64);
        if step == steps {
            self.bar.finish_and_clear();
            println!("{name:<12} {steps} steps, loss {:.3}", self.loss);
        }
    }
}
