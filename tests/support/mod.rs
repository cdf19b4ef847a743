//! What tests of the funnel have in common: the shipped assets, perhaps spoilt, and a run.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use burn::tensor::Device;
use engine::pipeline::Funnel;
use engine::pipeline::assets::{AssetError, AssetSource, FileEntry, MANIFEST, Manifest};
use futures::executor::block_on;
use lab::native::Folder;
use lab::native::Patient;
use link::State;
use protocol::{Answer, Backend, Notice, Question, Reply};

pub mod braces;

/// The assets folder, with files that are missing, cut short, or others than the shipped.
pub struct Spoilt {
    pub folder: Folder,
    pub missing: RefCell<HashSet<String>>,
    pub short: RefCell<HashSet<String>>,
    pub others: RefCell<HashMap<String, Vec<u8>>>,
    pub asked: Rc<RefCell<Vec<String>>>,
}

impl Spoilt {
    pub fn new() -> Self {
        Self {
            folder: Folder("assets".into()),
            missing: RefCell::default(),
            short: RefCell::default(),
            others: RefCell::default(),
            asked: Rc::default(),
        }
    }

    pub fn without(name: &str) -> Self {
        let source = Self::new();
        source.missing.borrow_mut().insert(name.into());
        source
    }

    pub fn with(name: &str, bytes: Vec<u8>) -> Self {
        let source = Self::new();
        source.others.borrow_mut().insert(name.into(), bytes);
        source
    }
}

impl AssetSource for Spoilt {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>, AssetError> {
        self.asked.borrow_mut().push(name.into());
        if self.missing.borrow().contains(name) {
            return Err(AssetError::Missing { name: name.into(), why: "404".into() });
        }
        if let Some(other) = self.others.borrow().get(name) {
            return Ok(other.clone());
        }
        let mut bytes = self.folder.fetch(name).await?;
        if name == MANIFEST && !self.others.borrow().is_empty() {
            let mut manifest: Manifest = serde_json::from_slice(&bytes).expect("it is shipped");
            let others = self.others.borrow();
            let entry = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), FileEntry::of(bytes));
            manifest.files.extend(others.iter().map(entry));
            bytes = serde_json::to_vec(&manifest).expect("plain data");
        }
        if self.short.borrow().contains(name) {
            bytes.truncate(bytes.len() / 2);
        }
        Ok(bytes)
    }
}

pub fn load(source: Spoilt) -> Result<Funnel<Spoilt>, Notice> {
    block_on(Funnel::load(Backend::Cpu, Device::flex(), source, |_| ()))
}

pub fn funnel() -> Funnel<Spoilt> {
    load(Spoilt::new()).expect("the shipped assets")
}

pub fn run(funnel: &mut Funnel<Spoilt>, state: &State) -> Answer {
    let answer = block_on(funnel.run(1, state, &Patient::default()));
    answer.expect("the device works").expect("somebody waits")
}

/// The answer to a question about a state.
pub fn ask(funnel: &mut Funnel<Spoilt>, state: &State, question: Question) -> Reply {
    let told = block_on(funnel.ask(1, state, &question, &Patient::default()));
    assert_eq!(told.notices, []);
    told.reply.expect("somebody waits")
}
