//! The lessons in the studio: their list, and the one that is open.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::KEY;
use super::done::Done;
use super::step::{Progressing, StepView};
use crate::browser;
use crate::panels::Panel;
use lessons::lesson::{Entry, FOLDER, INDEX, Lesson, in_language, read_index};
use link::view::LessonPlace;
use market::language::{Language, Message};
use page::browser::document;
use page::language::{self, say, say_with, text, worded};
use page::latest::Latest;
use page::parts::{click, follow, heard, is_composing, live, when};
use page::picture::Mark;
use page::store::{Store, store};

/// What is fetched: on its way, or there, or the reason why it is not.
type Fetched<T> = RwSignal<Option<Result<Arc<T>, Message>>>;

/// Fetches and reads a file of the lessons' folder.
async fn fetch<T>(file: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Message> {
    let text = browser::fetch_text(&format!("{FOLDER}/{file}")).await.map_err(|why| {
        Message::new(word!("studio.lessons.missing")).with("name", file).with("why", why)
    })?;
    read(&text).map_err(|why| {
        Message::new(word!("studio.lessons.unreadable")).with("name", file).with("why", why)
    })
}

/// The list of the lessons in a language.
async fn fetch_list(language: Language) -> Result<Vec<Entry>, Message> {
    fetch(&in_language(language, INDEX), read_index).await
}

/// A lesson in a language: its form is the first language's, its words its own.
async fn fetch_lesson(language: Language, name: &str) -> Result<Lesson, Message> {
    let file = format!("{name}.md");
    let lesson = fetch(&file, Lesson::read).await?;
    match language {
        Language::English => Ok(lesson),
        _ => fetch(&in_language(language, &file), |text| lesson.translated(text)).await,
    }
}

/// Keeps what is fetched for the language that is shown, now and whenever that changes; what is
/// there stays until the other has come.
fn keep<T: Send + Sync + 'static, F: Future<Output = Result<T, Message>> + 'static>(
    into: Fetched<T>,
    again: RwSignal<u32>,
    fetch: impl Fn(Language) -> F + 'static,
) {
    let latest = Latest::new();
    follow(move |_| {
        again.track();
        let turn = latest.begin();
        let fetched = fetch(language::shown());
        leptos::task::spawn_local(async move {
            let fetched = fetched.await.map(Arc::new);
            if turn.is_latest() {
                into.set(Some(fetched));
            }
        });
    });
}

/// What a failed fetch shows.
fn failed(why: &Message, again: impl Fn() + 'static) -> AnyView {
    view! {
        <p data-testid="notice" role="alert">{worded(why)}</p>
        <button type="button" class="outlined" on:click=click(again)>{say(word!("try-again"))}</button>
    }
    .into_any()
}

/// Opens a step, or the list.
fn open(store: Store, place: Option<LessonPlace>) {
    store.view.update(|view| view.lesson = place);
}

/// The lessons.
pub const PANEL: Panel =
    Panel::new(KEY, word!("studio.panels.lessons"), word!("studio.panels.lessons.about"), || {
        view! { <Lessons /> }.into_any()
    })
    .beside_shelf(|view| view.lesson.is_some());

/// The list of lessons, or the one that is open.
#[component]
fn Lessons() -> impl IntoView {
    let store = store();
    let done = Done::recalled();
    provide_context(done);
    provide_context(Progressing::new());
    let name = Memo::new(move |_| {
        store.view.with(|view| view.lesson.as_ref().map(|place| place.name.clone()))
    });
    let lecture = Memo::new(move |_| store.view.with(|view| view.lecture));
    on_cleanup(move || {
        browser::point(None, None);
    });
    let shown = live(move || match name.get() {
        None => {
            browser::point(None, None);
            view! { <List done /> }.into_any()
        }
        Some(name) => view! { <Open name done /> }.into_any(),
    });
    view! { <div class="lessons" class:lecture=lecture data-testid="lessons">{shown}</div> }
}

/// A switch for whoever shows a lesson to a room.
#[component]
fn Lecture() -> impl IntoView {
    let store = store();
    view! {
        <label class="lecture-switch" title=text(word!("studio.lessons.lecture.about"))>
            <input
                type="checkbox"
                role="switch"
                data-testid="lecture"
                prop:checked=move || store.view.with(|view| view.lecture)
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    store.view.update(|view| view.lecture = on);
                }
            />
            <span>{text(word!("studio.lessons.lecture"))}</span>
        </label>
    }
}

#[component]
fn List(done: Done) -> impl IntoView {
    let store = store();
    let entries: Fetched<Vec<Entry>> = RwSignal::new(None);
    let again = RwSignal::new(0_u32);
    keep(entries, again, fetch_list);
    let get = move || again.update(|n| *n += 1);
    let row = move |(at, entry): (usize, &Entry)| {
        let Entry { name, title, minutes, about, steps } = entry.clone();
        let counted = {
            let name = name.clone();
            move || done.of(&name, steps)
        };
        let all = counted.clone();
        let state = move || match counted() {
            0 => say_with(word!("studio.lessons.minutes"), &[("count", &minutes.to_string())]),
            did if did == steps => say(word!("studio.lessons.done")).into(),
            did => say_with(
                word!("studio.lessons.some-done"),
                &[("done", &did.to_string()), ("count", &steps.to_string())],
            ),
        };
        // Where the person left off.
        let begin = move || {
            let step = done.first_left(&name, steps).unwrap_or(1);
            open(store, Some(LessonPlace { name: name.clone(), step }));
        };
        view! {
            <li class:done=move || all() == steps>
                <button type="button" on:click=click(begin)>
                    <span class="number" translate="no">{at + 1}</span>
                    <span class="title">{title}</span>
                    <span class="about">{about}</span>
                    <span class="minutes" prop:textContent=state></span>
                </button>
            </li>
        }
    };
    let list = move |entries: &[Entry]| {
        let minutes: u32 = entries.iter().map(|entry| entry.minutes).sum();
        let (count, minutes) = (entries.len().to_string(), minutes.to_string());
        let said =
            say_with(word!("studio.lessons.all"), &[("count", &count), ("minutes", &minutes)]);
        view! {
            <div class="actions"><p>{said}</p> <Lecture /></div>
            <ol class="all">{entries.iter().enumerate().map(row).collect_view()}</ol>
        }
        .into_any()
    };
    live(move || match entries.get() {
        None => {
            view! { <p class="empty" role="status">{say(word!("studio.fetching"))}</p> }.into_any()
        }
        Some(Err(why)) => failed(&why, get),
        Some(Ok(entries)) => list(&entries),
    })
}

#[component]
fn Open(name: String, done: Done) -> impl IntoView {
    let store = store();
    let lesson: Fetched<Lesson> = RwSignal::new(None);
    let again = RwSignal::new(0_u32);
    let wanted = name.clone();
    keep(lesson, again, move |language| {
        let name = wanted.clone();
        async move { fetch_lesson(language, &name).await }
    });
    let get = move || again.update(|n| *n += 1);
    let back = view! {
        <button type="button" class="quiet" data-testid="lesson-list" on:click=click(move || open(store, None))>
            <Mark name="left" />
            {text(word!("studio.lessons.all-lessons"))}
        </button>
    };
    let shown = live(move || match lesson.get() {
        None => {
            view! { <p class="empty" role="status">{say(word!("studio.fetching"))}</p> }.into_any()
        }
        Some(Err(why)) => failed(&why, get),
        Some(Ok(lesson)) => view! { <Steps lesson name=name.clone() done /> }.into_any(),
    });
    view! { <div class="actions">{back} <Lecture /></div> {shown} }
}

/// Whether a key pressed here means something to where it was pressed.
fn is_taken(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let taken = "input, select, textarea, [contenteditable], [role=tab], .columns, .scrolls";
    target.is_some_and(|target| target.closest(taken).ok().flatten().is_some())
}

/// One step at a time, with the way to the next and to the one before.
#[component]
fn Steps(lesson: Arc<Lesson>, name: String, done: Done) -> impl IntoView {
    let store = store();
    let last = lesson.steps.len() as u32;
    let here = move || {
        store.view.with(|view| view.lesson.as_ref().map_or(1, |place| place.step)).min(last)
    };
    let step = Memo::new(move |_| here());
    let go = {
        let name = name.clone();
        move |to: u32| open(store, Some(LessonPlace { name: name.clone(), step: to }))
    };
    // What has nothing to check is done once it was read.
    let read = {
        let (lesson, name) = (lesson.clone(), name.clone());
        move |step: u32| {
            if lesson.steps.get(step as usize - 1).is_some_and(|step| step.checks.is_empty()) {
                done.note(&LessonPlace { name: name.clone(), step });
            }
        }
    };
    let next = {
        let (go, read) = (go.clone(), read.clone());
        move || {
            let at = step.get_untracked();
            read(at);
            if at < last {
                go(at + 1);
            }
        }
    };
    let before = {
        let go = go.clone();
        move || {
            let at = step.get_untracked();
            if at > 1 {
                go(at - 1);
            }
        }
    };
    let (on_right, on_left) = (next.clone(), before.clone());
    heard("keydown", move |event: &KeyboardEvent| {
        let other = event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key();
        let shown = store.view.with_untracked(|view| view.panel == Some(KEY));
        let taken = is_composing(event) || event.default_prevented() || is_taken(event);
        if other || !shown || taken {
            return;
        }
        match event.key().as_str() {
            "ArrowRight" => on_right(),
            "ArrowLeft" => on_left(),
            _ => return,
        }
        event.prevent_default();
    });
    // The last step is read when it is there: nothing comes after it.
    follow(move |_| {
        if step.get() == last {
            read(last);
        }
        if let Some(panel) = document().get_element_by_id("studio-panel") {
            panel.set_scroll_top(0);
        }
    });
    let dots = (1..=last)
        .map(|at| {
            let (go, name, of) = (go.clone(), name.clone(), name.clone());
            view! {
                <button
                    type="button"
                    class="dot"
                    aria-label=move || say_with(word!("studio.lessons.step"), &[("number", &at.to_string())])
                    aria-current=move || (step.get() == at).then_some("step")
                    class:done=move || done.has(&of, at)
                    data-done=move || done.has(&name, at).to_string()
                    on:click=click(move || go(at))
                ></button>
            }
        })
        .collect_view();
    let title = lesson.title.clone();
    let shown = live(move || {
        let at = step.get();
        match lesson.steps.get(at as usize - 1) {
            Some(step) => {
                let place = LessonPlace { name: name.clone(), step: at };
                view! { <StepView step=step.clone() place done /> }.into_any()
            }
            None => ().into_any(),
        }
    });
    let finish = move || {
        view! {
            <button type="button" class="solid" data-testid="lesson-finish" on:click=click(move || open(store, None))>
                {text(word!("studio.lessons.finish"))}
                <Mark name="check" />
            </button>
        }
        .into_any()
    };
    view! {
        <article class="lesson" data-testid="lesson" data-step=move || step.get().to_string()>
            <p class="of">{title}</p>
            {shown}
            <nav class="way" aria-label=text(word!("studio.lessons.steps"))>
                <button
                    type="button"
                    class="outlined"
                    data-testid="lesson-back"
                    disabled=move || step.get() == 1
                    on:click=click(before)
                >
                    <Mark name="left" />
                    {text(word!("studio.lessons.back"))}
                </button>
                <span class="dots">{dots}</span>
                {when(move || step.get() < last, move || {
                    let next = next.clone();
                    view! {
                        <button type="button" class="solid" data-testid="lesson-next" on:click=click(next)>
                            {text(word!("studio.lessons.next"))}
                            <Mark name="right" />
                        </button>
                    }
                    .into_any()
                })}
                {when(move || step.get() >= last, finish)}
            </nav>
        </article>
    }
}
