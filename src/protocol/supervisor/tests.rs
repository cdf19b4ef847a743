use super::trial::{QUERIES, TOLERANCE};
use super::*;
use crate::{Candidate, Making, RetrievalInsides};
use systems::shared::{BACKEND, PRODUCTS, ShopSize};
use systems::{dmt, moppr};

const GPU: Backend = Backend::Webgpu;
const CPU: Backend = Backend::Cpu;

/// A page with its engines: keeps the clock, and what the supervisor asked for.
struct Bench {
    supervisor: Supervisor,
    now: f64,
    log: Vec<Action>,
}

impl Bench {
    fn start(gpu: bool) -> Self {
        Self::with_state(gpu, State::default())
    }

    fn with_state(gpu: bool, state: State) -> Self {
        let mut bench = Self { supervisor: Supervisor::new(gpu, state), now: 0.0, log: vec![] };
        let todo = bench.supervisor.start(0.0);
        bench.log.extend(todo);
        bench
    }

    fn hear(&mut self, from: Backend, message: FromEngine) {
        let todo = self.supervisor.heard(from, message, self.now);
        self.log.extend(todo);
    }

    fn set(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = self.supervisor.state.clone();
        change(&mut state);
        let todo = self.supervisor.set_state(state, self.now);
        self.log.extend(todo);
    }

    /// Lets time pass; engines in `alive` answer their pings.
    fn wait(&mut self, seconds: u32, alive: &[Backend]) {
        for _ in 0..seconds / 3 {
            self.now += TICK;
            let todo = self.supervisor.tick(self.now);
            self.log.extend(todo);
            for backend in alive {
                self.hear(*backend, FromEngine::Alive);
            }
        }
    }

    fn load(&mut self, backend: Backend) {
        self.hear(backend, FromEngine::Hello { version: PROTOCOL_VERSION, backend });
        self.hear(backend, FromEngine::Ready { adapter: "an adapter".into() });
    }

    /// The runs that an engine has not answered yet.
    fn asked(&self, of: Backend) -> Vec<(u64, State)> {
        let mut asked = vec![];
        for action in &self.log {
            match action {
                Action::Send(to, ToEngine::Run { run, state }) if *to == of => {
                    asked.push((*run, (**state).clone()));
                }
                Action::Spawn(which) if *which == of => asked.clear(),
                _ => {}
            }
        }
        let busy = if of == CPU { &self.supervisor.cpu } else { &self.supervisor.gpu }.busy;
        asked.retain(|(run, _)| busy.is_some_and(|busy| busy.run == *run));
        asked
    }

    /// Answers the one run that an engine has.
    fn answer(&mut self, from: Backend, after: f64, scale: f32) {
        let asked = self.asked(from);
        assert_eq!(asked.len(), 1, "one run at a time: {asked:?}");
        self.now += after;
        let answer = answer(asked[0].0, from, scale);
        self.hear(from, FromEngine::Answer(Box::new(answer)));
    }

    /// The trial to its end, with the time each engine takes.
    fn trial(&mut self, cpu: f64, gpu: f64, scale: f32) {
        self.load(GPU);
        while self.supervisor.gpu_stands == Gpu::OnTrial {
            match (self.asked(CPU).len(), self.asked(GPU).len()) {
                (1, 0) => self.answer(CPU, cpu, 1.0),
                (0, 1) => self.answer(GPU, gpu, scale),
                both => panic!("the trial goes one by one: {both:?}"),
            }
        }
    }

    fn told(&self, key: &str) -> usize {
        self.log.iter().filter(|a| matches!(a, Action::Tell(n) if n.key == key)).count()
    }

    fn spawned(&self, backend: Backend) -> usize {
        self.log.iter().filter(|a| **a == Action::Spawn(backend)).count()
    }

    fn shown(&self) -> usize {
        self.log.iter().filter(|a| matches!(a, Action::Show(_))).count()
    }

    fn status(&self) -> Status {
        self.supervisor.status()
    }
}

/// Twenty products whose utilities are those of the CPU times `scale`.
fn answer(run: u64, backend: Backend, scale: f32) -> Answer {
    let candidate = |product| Candidate {
        product,
        retrieval_score: 0.0,
        probability: 0.0,
        tier: 0,
        utility: vec![scale * (2.0 - 0.2 * product as f32), -scale * product as f32],
        bias: 0.0,
    };
    Answer {
        run,
        backend,
        retriever: &moppr::RETRIEVER,
        ranker: &dmt::RANKER,
        base_rates: vec![0.07, 0.002],
        timings: vec![],
        notices: vec![],
        history: vec![],
        retrieval: RetrievalInsides {
            pieces: vec![],
            attention: None,
            categories: vec![],
            entropy: 0.0,
            effective_candidates: 1.0,
            softmax: vec![],
            searched: 20,
            retrieved: 20,
            relevant: 20,
            admitted: 20,
            recent_searches: None,
            blocks: vec![],
        },
        learned: false,
        learned_towers: false,
        blocks: vec![],
        candidates: (0..20).map(candidate).collect(),
        products: 4_000,
        others: vec![],
        detail: None,
    }
}

fn failed(key: &str) -> FromEngine {
    FromEngine::Failed(Notice::new(&format!("notices.{key}")))
}

#[test]
fn the_cpu_answers_first_and_webgpu_is_fetched_behind_it() {
    let mut bench = Bench::start(true);
    assert_eq!(bench.log, [Action::Spawn(CPU)]);
    assert_eq!(bench.status().readiness, Readiness::Loading);
    bench.load(CPU);
    assert_eq!(bench.status().readiness, Readiness::Ready);
    assert_eq!(bench.spawned(GPU), 0);
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!((bench.shown(), bench.spawned(GPU)), (1, 1));
}

#[test]
fn nothing_is_sent_before_the_engine_says_hello() {
    let mut bench = Bench::start(false);
    bench.set(|state| state.query = "lamp".into());
    assert!(!bench.log.iter().any(|a| matches!(a, Action::Send(..))));
    bench.load(CPU);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
}

#[test]
fn what_a_run_still_fetches_is_shown_until_it_is_here() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    let progress = |loaded| FromEngine::Progress(Progress { loaded, total: 600 });
    bench.hear(CPU, progress(200));
    assert_eq!(bench.status().fetching.map(|p| p.loaded), Some(200));
    bench.hear(CPU, progress(600));
    assert_eq!(bench.status().fetching, None);
    bench.answer(CPU, 20.0, 1.0);
    bench.hear(CPU, progress(200));
    assert_eq!(bench.status().fetching, None, "nobody waits for what is fetched behind");
}

fn growing(made: u32) -> FromEngine {
    FromEngine::Growing(Growing { what: Making::Products, made, of: 40_000, taken: 0 })
}

#[test]
fn how_far_a_larger_shop_is_is_shown_until_it_answers() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    assert_eq!(bench.status().growing, None);
    for made in [12_000, 40_000] {
        bench.hear(CPU, growing(made));
        assert_eq!(
            bench.status().growing,
            Some(Growing { what: Making::Products, made, of: 40_000, taken: 0 })
        );
    }
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!((bench.status().growing, bench.shown()), (None, 1));
    // An answer that comes too late ends it as well.
    bench.set(|state| state.query = "lamp".into());
    bench.hear(CPU, growing(20_000));
    bench.hear(CPU, FromEngine::Answer(Box::new(answer(1, CPU, 1.0))));
    assert_eq!((bench.status().growing, bench.shown()), (None, 1));
}

#[test]
fn a_larger_shop_that_goes_on_being_made_is_no_silence() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    // Longer than a run may take: it is told again and again that there is more.
    for made in (1_000..=40_000).step_by(1_000) {
        bench.hear(CPU, growing(made));
        bench.wait(9, &[]);
    }
    assert_eq!((bench.told("engine-lost"), bench.spawned(CPU)), (0, 1));
    // What comes behind the last product has nothing to tell for a while.
    bench.wait(45, &[]);
    assert_eq!(bench.told("engine-lost"), 0);
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!((bench.shown(), bench.told("engine-lost")), (1, 0));
    // Behind the answer it is as any other.
    bench.wait(15, &[]);
    assert_eq!(bench.told("engine-lost"), 1);
}

#[test]
fn a_larger_shop_that_is_lost_is_no_longer_shown() {
    let lost: [fn(&mut Bench); 3] = [
        |bench| bench.hear(CPU, failed("device-failed")),
        |bench| {
            let todo = bench.supervisor.broke(CPU, bench.now);
            bench.log.extend(todo);
        },
        // It lives, and makes nothing more.
        |bench| bench.wait(75, &[CPU]),
    ];
    for lose in lost {
        let mut bench = Bench::start(false);
        bench.load(CPU);
        bench.hear(CPU, growing(12_000));
        lose(&mut bench);
        assert_eq!((bench.spawned(CPU), bench.status().growing), (2, None));
        bench.load(CPU);
        assert_eq!(bench.status().growing, None);
        assert_eq!(bench.asked(CPU)[0].1, State::default(), "it is asked for again");
    }
}

#[test]
fn one_run_is_out_and_the_newest_state_is_next() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    for query in ["a", "ab", "abc"] {
        bench.set(|state| state.query = query.into());
    }
    assert_eq!(bench.asked(CPU)[0].1.query, State::default().query);
    bench.answer(CPU, 5.0, 1.0);
    assert_eq!(bench.asked(CPU)[0].1.query, "abc");
    bench.answer(CPU, 5.0, 1.0);
    assert!(bench.asked(CPU).is_empty());
    assert_eq!(bench.shown(), 2);
}

#[test]
fn a_slow_run_is_displaced_once_patience_is_over() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.now += 10.0;
    bench.set(|state| state.query = "lamp".into());
    assert_eq!(bench.asked(CPU)[0].1.query, State::default().query);
    bench.now += PATIENCE;
    let todo = bench.supervisor.press(bench.now);
    bench.log.extend(todo);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
    // The answer to the one that was displaced comes too late.
    bench.hear(CPU, FromEngine::Answer(Box::new(answer(1, CPU, 1.0))));
    assert_eq!(bench.shown(), 0);
}

#[test]
fn an_answer_nobody_waits_for_is_not_shown() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.hear(CPU, FromEngine::Answer(Box::new(answer(77, CPU, 1.0))));
    bench.hear(GPU, FromEngine::Answer(Box::new(answer(1, GPU, 1.0))));
    assert_eq!(bench.shown(), 0);
}

#[test]
fn webgpu_takes_over_when_it_computes_the_same_in_time() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.trial(30.0, 40.0, 1.0 + 0.5 * TOLERANCE);
    let status = bench.status();
    assert_eq!((status.gpu, status.serving), (Gpu::Passed, Some(GPU)));
    let (cpu, gpu) = status.trial.expect("both times");
    assert!((cpu - 30.0).abs() < 1e-6 && (gpu - 40.0).abs() < 1e-6, "{cpu} {gpu}");
    // What is on show is computed again by the new engine, and the trial is not shown.
    assert_eq!(bench.asked(GPU)[0].1, State::default());
    assert_eq!(bench.shown(), 1);
}

#[test]
fn auto_stays_on_the_cpu_if_webgpu_is_later_by_more_than_a_frame() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.trial(30.0, 30.0 + FRAME + 1.0, 1.0);
    assert_eq!((bench.status().gpu, bench.status().serving), (Gpu::Passed, Some(CPU)));
    // The person may want it all the same, and back.
    bench.set(|state| state.settings.set(&BACKEND, BackendChoice::Webgpu.value()));
    assert_eq!(bench.status().serving, Some(GPU));
    assert_eq!(bench.asked(GPU).len(), 1);
    bench.set(|state| state.settings.set(&BACKEND, BackendChoice::Cpu.value()));
    assert_eq!(bench.status().serving, Some(CPU));
}

#[test]
fn webgpu_that_computes_something_else_is_refused() {
    for scale in [1.0 + 3.0 * TOLERANCE, -1.0, f32::NAN] {
        let mut bench = Bench::start(true);
        bench.load(CPU);
        bench.answer(CPU, 20.0, 1.0);
        bench.trial(30.0, 10.0, scale);
        assert_eq!(bench.told("webgpu-differs"), 1, "{scale}");
        assert_eq!((bench.status().gpu, bench.status().serving), (Gpu::Refused, Some(CPU)));
        assert!(bench.log.contains(&Action::Terminate(GPU)));
    }
}

#[test]
fn the_person_comes_before_the_trial() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.load(GPU);
    bench.set(|state| state.query = "lamp".into());
    // The trial's request that the CPU has is finished first, then the person's.
    assert_eq!(bench.asked(CPU)[0].1.query, QUERIES[0]);
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
}

#[test]
fn the_trial_waits_until_the_shop_is_the_one_that_ships() {
    let large = State::default().with(&PRODUCTS, ShopSize::Large.value());
    let mut bench = Bench::with_state(true, large);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.load(GPU);
    assert_eq!((bench.asked(CPU), bench.asked(GPU)), (vec![], vec![]));
    assert_eq!(bench.status().gpu, Gpu::OnTrial);
    bench.set(|state| state.settings.set(&PRODUCTS, ShopSize::Shipped.value()));
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!(bench.asked(CPU)[0].1.query, QUERIES[0]);
}

#[test]
fn cpu_means_that_webgpu_is_not_even_fetched() {
    let mut bench =
        Bench::with_state(true, State::default().with(&BACKEND, BackendChoice::Cpu.value()));
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!(bench.spawned(GPU), 0);
    bench.set(|state| state.settings.set(&BACKEND, BackendChoice::Auto.value()));
    assert_eq!(bench.spawned(GPU), 1);
}

#[test]
fn a_browser_without_webgpu_is_told_and_served() {
    let mut bench = Bench::start(false);
    assert_eq!(bench.told("no-webgpu"), 1);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!((bench.spawned(GPU), bench.status().gpu), (0, Gpu::Missing));
}

#[test]
fn a_lost_gpu_gives_way_to_the_cpu_with_the_same_state() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.trial(30.0, 10.0, 1.0);
    bench.set(|state| state.query = "lamp".into());
    bench.hear(GPU, failed("device-lost"));
    assert_eq!(bench.told("device-lost"), 1);
    assert_eq!(bench.status().serving, Some(CPU));
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
    // Asked for by name, it is tried again.
    bench.set(|state| state.settings.set(&BACKEND, BackendChoice::Webgpu.value()));
    assert_eq!(bench.spawned(GPU), 2);
}

#[test]
fn an_adapter_that_is_refused_leaves_the_cpu_in_charge() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.hear(GPU, failed("no-adapter"));
    assert_eq!((bench.told("no-adapter"), bench.status().serving), (1, Some(CPU)));
    assert_eq!(bench.status().readiness, Readiness::Ready);
}

#[test]
fn silence_is_noticed_and_the_engine_started_again_with_the_same_state() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.wait(60, &[CPU]);
    assert_eq!(bench.told("engine-lost"), 0);
    bench.set(|state| state.query = "lamp".into());
    bench.wait(15, &[]);
    assert_eq!((bench.told("engine-lost"), bench.spawned(CPU)), (1, 2));
    assert_eq!(bench.status().readiness, Readiness::Loading);
    bench.load(CPU);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
    bench.answer(CPU, 20.0, 1.0);
    assert!(bench.log.contains(&Action::Withdraw("engine-lost")));
}

#[test]
fn a_silent_gpu_is_given_up() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.trial(30.0, 10.0, 1.0);
    bench.wait(15, &[CPU]);
    assert_eq!((bench.told("webgpu-lost"), bench.status().serving), (1, Some(CPU)));
    assert_eq!(bench.asked(CPU).len(), 1);
}

#[test]
fn loading_is_given_more_time_and_a_sleeping_machine_any() {
    let mut bench = Bench::start(false);
    bench.wait(30, &[]);
    assert_eq!(bench.told("engine-lost"), 0);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.now += 3_600_000.0;
    bench.wait(6, &[]);
    assert_eq!(bench.told("engine-lost"), 0);
}

#[test]
fn a_run_that_never_ends_is_ended() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.wait(75, &[CPU]);
    assert_eq!((bench.told("engine-lost"), bench.spawned(CPU)), (1, 2));
}

#[test]
fn an_engine_that_breaks_again_and_again_is_given_up_and_can_be_asked_for() {
    let mut bench = Bench::start(false);
    for _ in 0..MOST_STARTS {
        let todo = bench.supervisor.broke(CPU, bench.now);
        bench.log.extend(todo);
    }
    assert_eq!(bench.spawned(CPU), MOST_STARTS as usize);
    assert_eq!(bench.status().readiness, Readiness::Failed);
    assert_eq!(bench.told("engine-failed"), 1);
    bench.set(|state| state.query = "lamp".into());
    let todo = bench.supervisor.start(bench.now);
    bench.log.extend(todo);
    assert_eq!(bench.status().readiness, Readiness::Loading);
    bench.load(CPU);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
}

#[test]
fn what_cannot_be_loaded_is_not_tried_over_and_over() {
    let mut bench = Bench::start(false);
    bench.hear(CPU, FromEngine::Hello { version: PROTOCOL_VERSION, backend: CPU });
    bench.hear(CPU, failed("catalogue-truncated"));
    assert_eq!((bench.told("catalogue-truncated"), bench.spawned(CPU)), (1, 1));
    assert_eq!(bench.status().readiness, Readiness::Failed);
}

#[test]
fn an_engine_of_another_version_is_refused() {
    let mut bench = Bench::start(false);
    bench.hear(CPU, FromEngine::Hello { version: PROTOCOL_VERSION + 1, backend: CPU });
    assert_eq!(bench.told("engine-version"), 1);
    assert_eq!(bench.status().readiness, Readiness::Failed);
    assert!(!bench.log.iter().any(|a| matches!(a, Action::Send(..))));
}

#[test]
fn an_engine_that_complained_does_not_hold_up_the_next_state() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.hear(CPU, FromEngine::Notice(Notice::new("notices.odd")));
    assert_eq!(bench.told("odd"), 1);
    bench.set(|state| state.query = "lamp".into());
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
}

#[test]
fn in_another_page_webgpu_waits_for_a_touch() {
    let mut bench = Bench::start(true);
    bench.supervisor.hold_gpu();
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.wait(120, &[CPU]);
    bench.set(|state| state.query = "lamp".into());
    bench.answer(CPU, 20.0, 1.0);
    assert_eq!((bench.spawned(GPU), bench.status().gpu), (0, Gpu::Waiting));
    assert_eq!(bench.told("webgpu-lost"), 0);
    let todo = bench.supervisor.touched(bench.now);
    bench.log.extend(todo);
    assert_eq!((bench.spawned(GPU), bench.status().gpu), (1, Gpu::Loading));
    let todo = bench.supervisor.touched(bench.now);
    assert_eq!(todo, []);
}

#[test]
fn webgpu_that_cannot_be_reached_is_asked_for_again_with_the_line() {
    for (asked, told) in [(BackendChoice::Auto, 0), (BackendChoice::Webgpu, 1)] {
        let unreachable: [fn(&mut Bench); 3] = [
            // Its script, its program, and a file that it reads.
            |bench| {
                let todo = bench.supervisor.broke(GPU, bench.now);
                bench.log.extend(todo);
            },
            |bench| bench.hear(GPU, failed("engine-unreachable")),
            |bench| {
                let says = Message::new("notices.asset-unreachable").with("name", "words.txt");
                let notice = Notice { key: "asset-words.txt".into(), says };
                bench.hear(GPU, FromEngine::Failed(notice));
            },
        ];
        for lose in unreachable {
            let mut bench = Bench::with_state(true, State::default().with(&BACKEND, asked.value()));
            bench.load(CPU);
            bench.answer(CPU, 20.0, 1.0);
            lose(&mut bench);
            assert_eq!((bench.status().gpu, bench.told("webgpu-lost")), (Gpu::Unreachable, told));
            assert_eq!(bench.status().serving, Some(CPU));
            let todo = bench.supervisor.online(bench.now);
            bench.log.extend(todo);
            assert_eq!((bench.spawned(GPU), bench.status().gpu), (2, Gpu::Loading));
        }
    }
}

#[test]
fn webgpu_that_breaks_says_so_and_why_it_is_refused() {
    let mut bench = Bench::start(true);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    bench.hear(GPU, FromEngine::Progress(Progress { loaded: 1, total: 2 }));
    let todo = bench.supervisor.broke(GPU, bench.now);
    bench.log.extend(todo);
    assert_eq!((bench.status().gpu, bench.told("webgpu-lost")), (Gpu::Refused, 1));
    assert_eq!(bench.status().refusal, Some(Message::new("notices.webgpu-broke")));
}

#[test]
fn a_file_that_was_missing_is_asked_for_again_with_the_line() {
    let mut bench = Bench::start(false);
    bench.load(CPU);
    bench.answer(CPU, 20.0, 1.0);
    let todo = bench.supervisor.online(bench.now);
    assert_eq!(todo, [], "nothing was missing");
    bench.set(|state| state.query = "lamp".into());
    let run = bench.asked(CPU)[0].0;
    let mut lacking = answer(run, CPU, 1.0);
    lacking.notices.push(Notice::new("notices.asset-mlpr.safetensors"));
    bench.hear(CPU, FromEngine::Answer(Box::new(lacking)));
    assert!(bench.asked(CPU).is_empty());
    let todo = bench.supervisor.online(bench.now);
    bench.log.extend(todo);
    assert_eq!(bench.asked(CPU)[0].1.query, "lamp");
}
