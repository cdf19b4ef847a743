//! A lesson as its file has it: front matter, then steps.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::Check;
use crate::markdown;
use link::view::PartPlace;
use market::language::Language;

/// Folder of the lessons, beside the page and in the project.
pub const FOLDER: &str = "assets/lessons";
/// Name of the list of lessons in it, which `vitrine manifest` writes.
pub const INDEX: &str = "index.toml";
/// Where a file of the lessons' folder is in a language: the lessons themselves are in English,
/// other languages' words in a folder each.
pub fn in_language(language: Language, file: &str) -> String {
    match language {
        Language::English => file.into(),
        other => format!("{}/{file}", other.key()),
    }
}

/// What the last heading of every lesson says, so that each ends on what was published.
pub const LAST_HEADING: &str = "What the paper found";

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// What it is called.
    pub title: String,
    /// Minutes that it takes.
    pub minutes: u32,
    /// What it is about, in a word that stays when the title changes: `temperature`.
    pub theme: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// Its steps, one at least.
    pub steps: Vec<Step>,
}

/// A step: something to read, and perhaps something to set, to guess and to check.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its heading.
    pub heading: String,
    /// What is read, as HTML.
    pub html: String,
    /// Link of the state in which it starts; none where the one before it left off.
    pub state: Option<String>,
    /// `data-testid` of what it points at.
    pub point: Option<String>,
    /// `data-testid` of what is to be watched beside that: its panel stays in sight.
    pub look: Option<String>,
    /// A part of the machine that is shown opened under the text.
    pub machine: Option<PartPlace>,
    /// What is to be guessed before anything is checked.
    pub question: Option<Question>,
    /// Where its checks are judged on runs of a training, how long these usually take, in seconds.
    pub seconds: Option<u32>,
    /// What the engine's numbers have to say.
    pub checks: Vec<Check>,
}

/// A question with one right choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is asked.
    pub ask: String,
    /// What can be answered, two at least, all different.
    pub choices: Vec<String>,
    /// Index of the right one.
    pub right: usize,
    /// Why it is right.
    pub why: String,
}

/// What a list of lessons says of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name of its file, without the ending.
    pub name: String,
    /// As in the lesson.
    pub title: String,
    /// As in the lesson.
    pub minutes: u32,
    /// As in the lesson.
    pub about: String,
    /// How many steps it has.
    pub steps: u32,
}

impl Lesson {
    /// Reads the text of a lesson's file.
    ///
    /// # Errors
    /// Says in a sentence what does not belong there, and in which step.
    pub fn read(text: &str) -> Result<Self, String> {
        let (mut front, sections) = split(text)?;
        let in_front = |why: String| format!("The front matter: {why}");
        let minutes = front.number("minutes").map_err(in_front)?;
        let (title, theme, about) = (
            front.text("title").map_err(in_front)?,
            front.text("theme").map_err(in_front)?,
            front.text("about").map_err(in_front)?,
        );
        front.done().map_err(in_front)?;
        let steps: Vec<Step> =
            sections.iter().map(|text| Step::read(text)).collect::<Result<_, _>>()?;
        if steps.is_empty() {
            return Err("It has no steps: each begins with a line “## ” and a heading.".into());
        }
        Ok(Self { title, minutes, theme, about, steps })
    }
}

impl Lesson {
    /// This lesson in the words of another language's file, which is written as a lesson is, but
    /// holds nothing that is not read: no minutes, theme, state, point, right choice or check.
    ///
    /// # Errors
    /// Says in a sentence what does not belong there, or what this lesson has and it has not.
    pub fn translated(&self, text: &str) -> Result<Self, String> {
        let (mut front, sections) = split(text)?;
        let in_front = |why: String| format!("The front matter: {why}");
        let (title, about) =
            (front.text("title").map_err(in_front)?, front.text("about").map_err(in_front)?);
        front.done().map_err(in_front)?;
        if sections.len() != self.steps.len() {
            return Err(format!(
                "It has {} steps, and the lesson has {}.",
                sections.len(),
                self.steps.len()
            ));
        }
        let steps = self.steps.iter().zip(&sections).map(|(step, text)| step.translated(text));
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(Self { title, about, steps, ..self.clone() })
    }
}

/// The front matter and the sections of a lesson's file.
fn split(text: &str) -> Result<(Fields, Vec<String>), String> {
    let text = text.replace("\r\n", "\n");
    let (front, body) = text
        .strip_prefix("+++\n")
        .and_then(|text| text.split_once("\n+++\n"))
        .ok_or("The file does not begin with front matter between two lines of “+++”.")?;
    let front = Fields::read(front).map_err(|why| format!("The front matter: {why}"))?;
    let mut sections = body.split("\n## ").map(String::from);
    let before = sections.next().unwrap_or_default();
    if !before.trim().is_empty() {
        return Err(format!(
            "There is text before the first heading: “{}”.",
            before.trim().lines().next().unwrap_or_default()
        ));
    }
    Ok((front, sections.collect()))
}

/// The heading of a section, its settings, and what is read of it, as HTML.
fn parts_of(section: &str) -> Result<(String, &str, String), String> {
    let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
    let heading = heading.trim().to_string();
    let (settings, text) = match text.trim_start().strip_prefix("```toml\n") {
        Some(rest) => rest.split_once("\n```").ok_or_else(|| {
            format!("Step “{heading}”: its settings have no closing line of “```”.")
        })?,
        None => ("", text),
    };
    let html = markdown::parts(text).into_iter().map(|part| part.html).collect();
    Ok((heading, settings, html))
}

impl Step {
    /// This step in the words of another language's section.
    fn translated(&self, section: &str) -> Result<Self, String> {
        let (heading, settings, html) = parts_of(section)?;
        let read = || {
            let mut fields = Fields::read(settings)?;
            let question = match &self.question {
                None => None,
                Some(question) => {
                    let choices = fields.texts("choices")?;
                    if choices.len() != question.choices.len() {
                        return Err(format!(
                            "it has {} choices, and the lesson has {}.",
                            choices.len(),
                            question.choices.len()
                        ));
                    }
                    let (ask, why) = (fields.text("ask")?, fields.text("why")?);
                    Some(Question { ask, choices, why, right: question.right })
                }
            };
            fields.done()?;
            Ok(question)
        };
        let question = read().map_err(|why| format!("Step “{heading}”: {why}"))?;
        Ok(Self { heading, html, question, ..self.clone() })
    }

    /// Reads a section, from its heading on.
    fn read(section: &str) -> Result<Self, String> {
        let (heading, settings, html) = parts_of(section)?;
        let in_step = |why: String| format!("Step “{heading}”: {why}");
        let read = || {
            let mut fields = Fields::read(settings)?;
            let step = Self {
                heading: heading.clone(),
                html: html.clone(),
                state: fields.optional("state")?,
                point: fields.optional("point")?,
                look: fields.optional("look")?,
                machine: fields.optional("machine")?.map(part).transpose()?,
                question: Question::read(&mut fields)?,
                seconds: fields.optional_number("seconds")?,
                checks: fields
                    .tables("check")?
                    .into_iter()
                    .map(read_check)
                    .collect::<Result<_, _>>()?,
            };
            fields.done()?;
            match (step.checks.iter().any(Check::learns), step.seconds) {
                (true, None) => {
                    Err("seconds is missing: how long the runs of its checks take.".into())
                }
                (false, Some(_)) => {
                    Err("seconds means nothing here: none of its checks learns.".into())
                }
                _ => Ok(step),
            }
        };
        read().map_err(in_step)
    }
}

impl Question {
    fn read(fields: &mut Fields) -> Result<Option<Self>, String> {
        let Some(ask) = fields.optional("ask")? else { return Ok(None) };
        let choices = fields.texts("choices")?;
        let right = fields.number("right")? as usize;
        let why = fields.text("why")?;
        let repeated = choices.iter().enumerate().any(|(at, c)| choices[..at].contains(c));
        if choices.len() < 2 || repeated {
            return Err("choices wants two or more, all different.".into());
        }
        match right.checked_sub(1) {
            Some(right) if right < choices.len() => Ok(Some(Self { ask, choices, right, why })),
            _ => Err(format!("right is {right}, and there are {} choices.", choices.len())),
        }
    }
}

/// A part of the machine, as links name it.
fn part(text: String) -> Result<PartPlace, String> {
    let wrong = || format!("machine names no part of a system: “{text}”.");
    PartPlace::read(&text).ok_or_else(wrong)
}

fn read_check(mut fields: Fields) -> Result<Check, String> {
    let quantity = fields.text("quantity")?;
    let expect = fields.text("expect")?;
    let (of, from, to) = (fields.optional("of")?, fields.optional("from")?, fields.optional("to")?);
    let check = match (of, from, to) {
        (Some(of), None, None) => Check::new(&quantity, vec![of], &expect),
        (None, Some(from), Some(to)) => Check::new(&quantity, vec![from, to], &expect),
        _ => Err("a check wants either “of”, or “from” and “to”.".into()),
    }?;
    fields.done()?;
    Ok(check)
}

/// Reads a list of lessons.
///
/// # Errors
/// Says in a sentence what is wrong with it.
pub fn read_index(text: &str) -> Result<Vec<Entry>, String> {
    let mut fields = Fields::read(text)?;
    let entries = fields.tables("lesson")?.into_iter().map(|mut fields| {
        Ok(Entry {
            name: fields.text("name")?,
            title: fields.text("title")?,
            minutes: fields.number("minutes")?,
            about: fields.text("about")?,
            steps: fields.number("steps")?,
        })
    });
    entries.collect()
}

/// Writes the list of these lessons, each with its name.
pub fn write_index<'a>(lessons: impl IntoIterator<Item = (&'a str, &'a Lesson)>) -> String {
    let text = |value: &str| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    let mut index = String::from("# Written by `vitrine manifest` from the lessons beside it.\n");
    for (name, lesson) in lessons {
        index += &format!(
            "\n[[lesson]]\nname = {}\ntitle = {}\nminutes = {}\nabout = {}\nsteps = {}\n",
            text(name),
            text(&lesson.title),
            lesson.minutes,
            text(&lesson.about),
            lesson.steps.len()
        );
    }
    index
}

/// A TOML table of which one field after another is taken; what is left over is a mistake.
struct Fields(Vec<(String, Value)>);

/// The kinds of values that lessons are written with.
enum Value {
    Text(String),
    Number(u32),
    Texts(Vec<String>),
    Tables(Vec<Fields>),
    Other,
}

impl Fields {
    fn read(text: &str) -> Result<Self, String> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self::of(table.get_ref())),
            Err(error) => Err(format!("{}.", error.message())),
        }
    }

    fn of(table: &DeTable) -> Self {
        Self(table.iter().map(|(key, v)| (key.get_ref().to_string(), Value::of(v))).collect())
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(of, _)| of == key)?;
        Some(self.0.swap_remove(at).1)
    }

    fn optional(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Text(text)) if !text.contains(char::is_control) => Ok(Some(text)),
            Some(_) => Err(format!("{key} wants a text on one line, in quotes.")),
        }
    }

    fn text(&mut self, key: &str) -> Result<String, String> {
        self.optional(key)?.ok_or_else(|| format!("{key} is missing."))
    }

    fn optional_number(&mut self, key: &str) -> Result<Option<u32>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(format!("{key} wants a whole number.")),
        }
    }

    fn number(&mut self, key: &str) -> Result<u32, String> {
        self.optional_number(key)?.ok_or_else(|| format!("{key} is missing."))
    }

    fn texts(&mut self, key: &str) -> Result<Vec<String>, String> {
        match self.take(key) {
            None => Err(format!("{key} is missing.")),
            Some(Value::Texts(texts)) => Ok(texts),
            Some(_) => Err(format!("{key} wants a list of texts.")),
        }
    }

    fn tables(&mut self, key: &str) -> Result<Vec<Self>, String> {
        match self.take(key) {
            None => Ok(vec![]),
            Some(Value::Tables(tables)) => Ok(tables),
            Some(_) => Err(format!("{key} is written [[{key}]].")),
        }
    }

    /// Nothing else is known here.
    fn done(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("{key} means nothing here.")),
        }
    }
}

impl Value {
    fn of(value: &Spanned<DeValue>) -> Self {
        match value.get_ref() {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => number.as_str().parse().map_or(Self::Other, Self::Number),
            DeValue::Array(all) => {
                let tables: Option<Vec<_>> = all
                    .iter()
                    .map(|one| match one.get_ref() {
                        DeValue::Table(table) => Some(Fields::of(table)),
                        _ => None,
                    })
                    .collect();
                let texts = all.iter().map(|one| match one.get_ref() {
                    DeValue::String(text) => Some(text.to_string()),
                    _ => None,
                });
                match (tables, texts.collect()) {
                    (_, Some(texts)) => Self::Texts(texts),
                    (Some(tables), _) => Self::Tables(tables),
                    _ => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "+++\ntitle = \"A \\\"lesson\\\"\"\nminutes = 5\ntheme = \"x\"\nabout = \"What it shows.\"\n+++\n";

    fn read(body: &str) -> Result<Lesson, String> {
        Lesson::read(&format!("{FRONT}{body}"))
    }

    #[test]
    fn a_lesson_is_read() {
        let body = "\n## First\n\n```toml\nstate = \"?q=couch\"\npoint = \"query\"\nmachine = \"ranker.gates\"\nask = \"Up?\"\nchoices = [\"Yes\", \"No\"]\nright = 2\nwhy = \"So.\"\n\n[[check]]\nquantity = \"retrieval.entropy\"\nfrom = \"?tau=0.02\"\nto = \"?tau=0.1\"\nexpect = \"rises\"\n```\n\nRead *this*.\n\n## Second\n\nAnd that.\n";
        let lesson = read(body).expect("it is well-formed");
        assert_eq!((lesson.title.as_str(), lesson.minutes), ("A \"lesson\"", 5));
        let [first, second] = lesson.steps.as_slice() else { panic!("two steps: {lesson:?}") };
        assert_eq!(first.html, "<p>Read <em>this</em>.</p>\n");
        assert_eq!(first.state.as_deref(), Some("?q=couch"));
        let gates = PartPlace { of_ranker: true, key: "gates" };
        assert_eq!((first.machine, second.machine), (Some(gates), None));
        assert_eq!(first.question.as_ref().map(|q| q.right), Some(1));
        assert_eq!(first.checks.len(), 1);
        assert_eq!((second.heading.as_str(), second.state.as_ref()), ("Second", None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, why) in [
            ("", "no steps"),
            ("Hello.\n\n## One\n", "before the first heading: “Hello.”"),
            ("\n## One\n```toml\nstate = 3\n```\n", "Step “One”: state wants a text"),
            ("\n## One\n```toml\nstates = \"?\"\n```\n", "states means nothing here"),
            (
                "\n## One\n```toml\nmachine = \"ranker.moon\"\n```\n",
                "Step “One”: machine names no part of a system: “ranker.moon”",
            ),
            ("\n## One\n```toml\nstate = \"?q=a\"\n", "no closing line"),
            ("\n## One\n```toml\nstate =\n```\n", "Step “One”"),
            (
                "\n## One\n```toml\nask = \"?\"\nchoices = [\"a\", \"a\"]\nright = 1\nwhy = \"\"\n```\n",
                "all different",
            ),
            (
                "\n## One\n```toml\nask = \"?\"\nchoices = [\"a\", \"b\"]\nright = 3\nwhy = \"\"\n```\n",
                "right is 3",
            ),
            (
                "\n## One\n```toml\nask = \"?\"\nchoices = [\"a\", \"b\"]\nright = 0\nwhy = \"\"\n```\n",
                "right is 0",
            ),
            (
                "\n## One\n```toml\n[[check]]\nquantity = \"page.clicks\"\nexpect = \"rises\"\n```\n",
                "either “of”",
            ),
            ("\n## One\n```toml\n[check]\nquantity = \"page.clicks\"\n```\n", "[[check]]"),
            (
                "\n## One\n```toml\n[[check]]\nquantity = \"learned.measure auc-click\"\nof = \"?\"\nexpect = \"above 0.5\"\n```\n",
                "seconds is missing",
            ),
            (
                "\n## One\n```toml\nseconds = 9\n[[check]]\nquantity = \"page.clicks\"\nof = \"?\"\nexpect = \"above 1\"\n```\n",
                "none of its checks learns",
            ),
        ] {
            let said = read(body).expect_err(body);
            assert!(said.contains(why), "{body}: {said}");
        }
        assert!(Lesson::read("# No front matter").is_err());
        let said = Lesson::read("+++\ntitle = \"a\"\n+++\n").expect_err("no minutes");
        assert!(said.contains("The front matter: minutes is missing"), "{said}");
    }

    #[test]
    fn html_in_a_lesson_stays_text() {
        let lesson =
            read("\n## One\n\n<script>alert(1)</script> <b onclick=x>b</b>\n").expect("ok");
        assert!(!lesson.steps[0].html.contains('<') || !lesson.steps[0].html.contains("<script"));
        assert!(!lesson.steps[0].html.contains("<b"), "{}", lesson.steps[0].html);
    }

    #[test]
    fn the_list_is_written_and_read() {
        let lesson = read("\n## One\n\nText.\n").expect("it is well-formed");
        let index = write_index([("01-one", &lesson)]);
        let entries = read_index(&index).expect("it was written here");
        assert_eq!(
            entries,
            [Entry {
                name: "01-one".into(),
                title: lesson.title,
                minutes: 5,
                about: lesson.about,
                steps: 1
            }]
        );
        assert!(read_index("[[lesson]]\nname = \"a\"\n").is_err());
    }
}
