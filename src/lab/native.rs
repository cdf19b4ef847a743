//! The funnel on this machine: its files are in a folder, and whoever asks waits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;
use std::{fs, io};

use engine::pipeline::assets::{AssetError, AssetSource, FORMAT, FileEntry, MANIFEST, Manifest};
use engine::pipeline::caller::Caller;

/// A folder of assets, for the command line and for tests.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl AssetSource for Folder {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>, AssetError> {
        fs::read(self.0.join(name))
            .map_err(|error| AssetError::Missing { name: name.into(), why: error.to_string() })
    }
}

impl Folder {
    /// Writes the manifest of every file that lies in the folder; `first` are those that a first
    /// ranking needs.
    ///
    /// # Errors
    /// Where the folder cannot be read or written.
    pub fn write_manifest(&self, first: Vec<String>) -> io::Result<()> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && name != MANIFEST {
                files.insert(name, FileEntry::of(&fs::read(entry.path())?));
            }
        }
        let text = serde_json::to_string_pretty(&Manifest { format: FORMAT, files, first })?;
        fs::write(self.0.join(MANIFEST), text + "\n")
    }
}

/// A caller on the command line: always waits.
#[derive(Debug)]
pub struct Patient(Instant);

impl Default for Patient {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Caller for Patient {
    async fn still_wanted(&self) -> bool {
        true
    }

    fn milliseconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }
}
