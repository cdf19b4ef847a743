//! `vitrine lessons`: runs the checks of the lessons and prints what the engine says, and what came of runs
//! of a training.

pub mod runs;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
use clap::Args;

use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use languages::english;
use lessons::check::{Check, Outcome};
use lessons::lesson::{INDEX, Lesson, in_language, write_index};
use lessons::quantity::Seen;
use link::State;
use market::language::{Language, Message};
use protocol::learn::Look;
use protocol::{Answer, Backend};
use runs::Runs;

/// Folder of the lessons within the assets folder.
const LESSONS: &str = "lessons";

/// Which lessons.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Names of lessons, or beginnings of them; all, where none is given.
    pub names: Vec<String>,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Where a lesson or an asset cannot be read, or a check does not hold.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |name: &str| {
        arguments.names.is_empty() || arguments.names.iter().any(|start| name.starts_with(start))
    };
    let folder = Folder(arguments.assets.clone());
    let lessons = read_all(&arguments.assets)?.into_iter();
    let lessons: Vec<(String, Lesson)> = lessons.filter(|(name, _)| wanted(name)).collect();
    let steps = lessons.iter().flat_map(|(_, lesson)| &lesson.steps);
    let runs = Runs::make(&folder, steps.flat_map(|step| &step.checks))
        .map_err(|why| anyhow!(english(&why)))?;
    let mut funnel =
        futures::executor::block_on(Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ()))
            .map_err(|notice| anyhow!(english(&notice.says)))?;
    let mut failed = 0;
    for (name, lesson) in &lessons {
        println!("{name}: {}", lesson.title);
        for step in &lesson.steps {
            for check in &step.checks {
                let line = match outcome(&mut funnel, &runs, check) {
                    Ok(Outcome { about, found, expected, holds }) => {
                        failed += usize::from(!holds);
                        let so = if holds { "so" } else { "NOT SO" };
                        let (about, expected) = (english(&about), english(&expected));
                        format!("{about}: {}; {expected}: {so}", found.join(" -> "))
                    }
                    Err(why) => {
                        failed += 1;
                        format!("NOT SO: {}", english(&why))
                    }
                };
                println!("  {}: {line}", step.heading);
            }
        }
    }
    match failed {
        0 => Ok(()),
        1 => bail!("a check does not hold"),
        many => bail!("{many} checks do not hold"),
    }
}

/// Every lesson of an assets folder with its name, in the order of names.
///
/// # Errors
/// Where one cannot be read; the error names it.
pub fn read_all(assets: &Path) -> Result<Vec<(String, Lesson)>> {
    let folder = assets.join(LESSONS);
    let mut lessons = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let (Some(name), Some("md")) = (name, path.extension().and_then(|end| end.to_str())) else {
            continue;
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let lesson = Lesson::read(&text).map_err(|why| anyhow!("{}: {why}", path.display()))?;
        lessons.push((name.to_string(), lesson));
    }
    lessons.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(lessons)
}

/// The lessons in another language, with their names: those that it has words for, in the order of
/// names.
///
/// # Errors
/// Where a file cannot be read, or does not fit its lesson; the error names it.
pub fn read_translated(
    assets: &Path,
    lessons: &[(String, Lesson)],
    language: Language,
) -> Result<Vec<(String, Lesson)>> {
    let mut translated = Vec::new();
    for (name, lesson) in lessons {
        let path = assets.join(LESSONS).join(in_language(language, &format!("{name}.md")));
        if !path.is_file() {
            continue;
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let lesson =
            lesson.translated(&text).map_err(|why| anyhow!("{}: {why}", path.display()))?;
        translated.push((name.clone(), lesson));
    }
    Ok(translated)
}

/// Writes the list of an assets folder's lessons in every language, where it has any.
///
/// # Errors
/// Where a lesson cannot be read or the list cannot be written.
pub fn write_list(assets: &Path) -> Result<()> {
    if !assets.join(LESSONS).is_dir() {
        return Ok(());
    }
    let lessons = read_all(assets)?;
    for (language, _) in Language::ALL {
        let lessons = match language {
            Language::English => lessons.clone(),
            other => read_translated(assets, &lessons, other)?,
        };
        let index = write_index(lessons.iter().map(|(name, lesson)| (name.as_str(), lesson)));
        let path = assets.join(LESSONS).join(in_language(language, INDEX));
        if path.parent().is_some_and(Path::is_dir) {
            fs::write(&path, index).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

/// What comes of a check. Where it is judged on runs of a training, these are made already.
///
/// # Errors
/// Where the engine or a run fails, or there is nothing to measure.
pub fn outcome<S: AssetSource>(
    funnel: &mut Funnel<S>,
    runs: &Runs,
    check: &Check,
) -> Result<Outcome, Message> {
    if check.learns() {
        let looks = check.runs();
        let looks: Vec<&Look> =
            looks.iter().map(|told| runs.look(told)).collect::<Result<_, _>>()?;
        return check.judge_learned(&looks);
    }
    let states = check.states();
    let answers = states.iter().map(|state| answer(funnel, state));
    let answers: Vec<Answer> = answers.collect::<Result<_, _>>()?;
    let catalogue = &funnel.stock().catalogue;
    let seen = states.iter().zip(&answers);
    let seen: Vec<Seen> = seen.map(|(state, answer)| Seen { state, answer, catalogue }).collect();
    check.judge(&seen)
}

fn answer<S: AssetSource>(funnel: &mut Funnel<S>, state: &State) -> Result<Answer, Message> {
    let answer = futures::executor::block_on(funnel.run(1, state, &Patient::default()));
    answer
        .map_err(|notice| notice.says)?
        .ok_or_else(|| Message::new(word!("studio.unmeasured.nothing")))
}
