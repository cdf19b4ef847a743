//! The trial of the WebGPU engine: fixed requests that it and the CPU answer in turn, and what comes of
//! holding the answers side by side. When a request is sent, and what follows, the supervisor decides.

use crate::blend::order;
use crate::words::percent;
use crate::{Answer, Backend};
use link::State;
use market::language::Message;

/// Largest relative difference between the utilities of two backends that compute the same.
pub const TOLERANCE: f32 = 1e-3;
/// Queries of the trial. The first warms up (shaders are compiled) and is not timed. They
/// differ so that no stage's cache answers for the stage.
pub const QUERIES: [&str; 4] = ["lamp", "running shoes", "coffee", "tent"];

/// What one engine made of one request, and after how many milliseconds.
type Timed = (Box<Answer>, f64);

/// What was answered so far.
#[derive(Debug, Default)]
pub struct Trial {
    /// By request, CPU and WebGPU.
    results: [[Option<Timed>; 2]; QUERIES.len()],
}

/// A request of the trial.
pub fn state(request: usize) -> State {
    State { query: QUERIES[request].into(), ..State::default() }
}

impl Trial {
    /// The request that comes next, and who is asked: each is asked of both before the next is of one.
    pub fn due(&self) -> Option<(usize, Backend)> {
        let next = self.results.as_flattened().iter().position(Option::is_none)?;
        Some((next / 2, if next % 2 == 0 { Backend::Cpu } else { Backend::Webgpu }))
    }

    /// Takes in an answer, and how many milliseconds it took. Once both have answered all, says how long each
    /// takes (the median, CPU and WebGPU), or how they differ; then it may begin anew.
    pub fn put(
        &mut self,
        request: usize,
        from: Backend,
        answer: Box<Answer>,
        took: f64,
    ) -> Option<Result<(f64, f64), Message>> {
        self.results[request][from as usize] = Some((answer, took));
        if self.due().is_some() {
            return None;
        }
        let results: Vec<_> = std::mem::take(&mut self.results)
            .into_iter()
            .filter_map(|[cpu, gpu]| Some((cpu?, gpu?)))
            .collect();
        let differ = results.iter().find_map(|((cpu, _), (gpu, _))| difference(cpu, gpu));
        if let Some(how) = differ {
            return Some(Err(how));
        }
        let timed = &results[1..];
        Some(Ok((
            median(&timed.iter().map(|((_, cpu), _)| *cpu).collect::<Vec<_>>()),
            median(&timed.iter().map(|(_, (_, gpu))| *gpu).collect::<Vec<_>>()),
        )))
    }
}

/// The time in the middle; of an even number, the later of the two.
fn median(times: &[f64]) -> f64 {
    let earlier = |time: f64| times.iter().filter(|other| **other < time).count();
    let latest = times.iter().copied().filter(|&time| earlier(time) <= times.len() / 2);
    latest.fold(0.0, f64::max)
}

/// How two backends' answers to one request differ, if by more than they may: the utilities of
/// every product relative to the largest, and the ten best, where scores closer than the
/// tolerance may trade places.
fn difference(cpu: &Answer, gpu: &Answer) -> Option<Message> {
    let largest = cpu
        .candidates
        .iter()
        .flat_map(|c| &c.utility)
        .fold(f32::MIN_POSITIVE, |m, u| m.max(u.abs()));
    let mut worst = 0.0_f32;
    for c in &cpu.candidates {
        // A product at the edge of retrieval may be in one list only.
        let Some(g) = gpu.candidates.iter().find(|g| g.product == c.product) else { continue };
        for (a, b) in c.utility.iter().zip(&g.utility) {
            let off = (a - b).abs() / largest;
            worst = if off.is_nan() { f32::INFINITY } else { worst.max(off) };
        }
    }
    if worst > TOLERANCE {
        return Some(Message::new(word!("trial.utilities")).with("share", percent(worst)));
    }
    let knobs = State::default().settings;
    let best = order(&cpu.candidates, cpu.predicted(), &knobs);
    let found: Vec<_> = order(&gpu.candidates, cpu.predicted(), &knobs)
        .iter()
        .take(10)
        .map(|r| gpu.candidates[r.candidate].product)
        .collect();
    let tenth = best.get(9).map_or(0.0, |r| r.score);
    best.iter()
        .take(10)
        .any(|r| {
            let clear = r.score - tenth > TOLERANCE * tenth;
            clear && !found.contains(&cpu.candidates[r.candidate].product)
        })
        .then(|| Message::new(word!("trial.order")))
}
