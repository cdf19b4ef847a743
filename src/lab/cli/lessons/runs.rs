//! Runs of trainings that the checks of lessons are judged on, made on this machine by what makes them in
//! the tab.

use futures::executor::block_on;

use crate::native::Folder;
use lessons::check::{Check, runs_of};
use lessons::learned::Told;
use link::recipe::{Learning, SHOPPERS};
use market::language::Message;
use protocol::learn::Look;
use trainer::run::{Data, Ground, Run, Stepped};

/// What was seen of each model after its last step, or why there is none.
pub struct Runs(Vec<(Told, Result<Look, Message>)>);

impl Runs {
    /// Makes the runs of all these checks, each once; nothing is read where there are none.
    ///
    /// # Errors
    /// Where the shop's files cannot be had, or samples cannot be gathered.
    pub fn make<'a>(
        folder: &Folder,
        checks: impl IntoIterator<Item = &'a Check>,
    ) -> Result<Self, Message> {
        let mut left = runs_of(checks);
        let mut made = Vec::new();
        if left.is_empty() {
            return Ok(Self(made));
        }
        let ground = block_on(Ground::fetch(folder)).map_err(|error| error.said())?;
        while let Some(samples) = left.first().map(samples_of) {
            // Those that learn from the same samples, which are gathered once.
            let (now, later): (Vec<Told>, Vec<Told>) =
                left.into_iter().partition(|told| samples_of(told) == samples);
            left = later;
            if let Some(first) = now.first() {
                let data = ground.gathered(&first.recipe).map_err(|notice| notice.says)?;
                for told in now {
                    let look = last_look(&ground, &data, &told, folder);
                    made.push((told, look));
                }
            }
        }
        Ok(Self(made))
    }

    /// What was seen of a run's model after its last step.
    ///
    /// # Errors
    /// Where the run was not made to its end.
    pub fn look(&self, told: &Told) -> Result<&Look, Message> {
        match self.0.iter().find(|(of, _)| of == told) {
            Some((_, look)) => look.as_ref().map_err(Message::clone),
            None => Err(Message::new(word!("studio.unmeasured.unlearned"))),
        }
    }
}

/// What samples are of: a system, and so many shoppers.
fn samples_of(told: &Told) -> (&'static Learning, usize) {
    (told.recipe.learning(), told.recipe.count(&SHOPPERS))
}

/// Makes all steps of a run, and looks at its model.
fn last_look(
    ground: &Ground,
    data: &Data<'_>,
    told: &Told,
    folder: &Folder,
) -> Result<Look, Message> {
    let asked = (&told.state, &told.recipe);
    let run = block_on(Run::new(1, asked, ground, data.samples(), folder));
    let mut run = run.map_err(|notice| notice.says)?;
    loop {
        match run.step() {
            Stepped::Loss(_) => {}
            Stepped::Broke(at) => {
                return Err(run.broken(at).says);
            }
            Stepped::Over => break,
        }
    }
    run.look().map_err(|notice| notice.says)
}
