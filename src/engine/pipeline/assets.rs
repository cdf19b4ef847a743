//! The files the funnel stands on: their names, their manifest, and what can be wrong with them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use market::language::Message;
use nets::models::weights::WeightsError;

/// Raised whenever files of an older project could be misread.
pub const FORMAT: u32 = 1;

/// Name of the manifest in the assets folder.
pub const MANIFEST: &str = "manifest.json";

/// What lies in the assets folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`] the files were written with.
    pub format: u32,
    /// Every file by name.
    pub files: BTreeMap<String, FileEntry>,
    /// Names of the files that a first ranking needs, in the order in which they are read: the
    /// browser fetches them before the engine runs to ask for them.
    #[serde(default)]
    pub first: Vec<String>,
}

/// Size and checksum of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Length in bytes.
    pub bytes: u64,
    /// CRC-32 (IEEE) of the bytes: tells a damaged file, and a file of another version.
    pub crc32: u32,
}

/// What can be wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// The file is not there.
    #[error("the file {name} could not be fetched ({why})")]
    Missing {
        /// File name.
        name: String,
        /// What the host or the browser said.
        why: String,
    },
    /// The file is not on this device, and the host can't be reached.
    #[error("the file {name} is not here, and the host can't be reached")]
    Unreachable {
        /// File name.
        name: String,
    },
    /// The host has another version of the project by now.
    #[error("the host has another version of the project by now, without this file {name}")]
    Outdated {
        /// File name.
        name: String,
    },
    /// The file ends early.
    #[error("the file {name} arrived with {found} of {expected} bytes")]
    Truncated {
        /// File name.
        name: String,
        /// Bytes that the manifest promises.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// The file is not the one the manifest names, or cannot be read.
    #[error("the file {name} is damaged ({why})")]
    Damaged {
        /// File name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The networks in the file are not of the sizes that ship.
    #[error("the file {name} holds networks of other sizes than the playground's")]
    Sizes {
        /// File name.
        name: String,
    },
    /// The files are of another version of the project.
    #[error("the file {name} is of format {found} in place of {FORMAT}")]
    Version {
        /// File name.
        name: String,
        /// Format found.
        found: u32,
    },
}

impl AssetError {
    /// The same for the person at the page.
    pub fn said(&self) -> Message {
        match self {
            Self::Missing { why, .. } => {
                Message::new(word!("notices.asset-missing")).with("why", &**why)
            }
            Self::Unreachable { .. } => Message::new(word!("notices.asset-unreachable")),
            Self::Outdated { .. } => Message::new(word!("notices.asset-outdated")),
            Self::Truncated { expected, found, .. } => {
                Message::new(word!("notices.asset-truncated"))
                    .with("found", found.to_string())
                    .with("expected", expected.to_string())
            }
            Self::Damaged { why, .. } => {
                Message::new(word!("notices.asset-damaged")).with("why", &**why)
            }
            Self::Sizes { .. } => Message::new(word!("notices.asset-sizes")),
            Self::Version { found, .. } => Message::new(word!("notices.asset-version"))
                .with("found", found.to_string())
                .with("format", FORMAT.to_string()),
        }
        .with("name", self.name())
    }

    /// File the error is about.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. }
            | Self::Unreachable { name }
            | Self::Outdated { name }
            | Self::Truncated { name, .. }
            | Self::Damaged { name, .. }
            | Self::Sizes { name }
            | Self::Version { name, .. } => name,
        }
    }
}

/// Somewhere that files come from: a folder, or the network.
pub trait AssetSource {
    /// The bytes of a file.
    ///
    /// # Errors
    /// [`AssetError::Missing`] where there is none, and over a network [`AssetError::Unreachable`]
    /// and [`AssetError::Outdated`].
    fn fetch(&self, name: &str) -> impl Future<Output = Result<Vec<u8>, AssetError>>;
}

impl Manifest {
    /// Fetches and reads the manifest.
    ///
    /// # Errors
    /// Where it is missing, damaged or of another format.
    pub async fn fetch(source: &impl AssetSource) -> Result<Self, AssetError> {
        let manifest: Self = json(MANIFEST, &source.fetch(MANIFEST).await?)?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(AssetError::Version { name: MANIFEST.into(), found: manifest.format })
        }
    }

    /// Fetches a file and holds it against the manifest.
    ///
    /// # Errors
    /// Where the file is missing, short or not the one named.
    pub async fn file(&self, source: &impl AssetSource, name: &str) -> Result<Vec<u8>, AssetError> {
        let entry = self.files.get(name).ok_or_else(|| AssetError::Missing {
            name: name.into(),
            why: "the manifest does not name it".into(),
        })?;
        let bytes = source.fetch(name).await?;
        entry.check(name, &bytes)?;
        Ok(bytes)
    }

    /// Fetches and reads a JSON file.
    ///
    /// # Errors
    /// As [`Manifest::file`], and where it is not the JSON expected.
    pub async fn json<T: DeserializeOwned>(
        &self,
        source: &impl AssetSource,
        name: &str,
    ) -> Result<T, AssetError> {
        json(name, &self.file(source, name).await?)
    }

    /// Fetches several files side by side.
    ///
    /// # Errors
    /// As [`Manifest::file`], for the first of them that fails.
    pub async fn several(
        &self,
        source: &impl AssetSource,
        names: &[impl AsRef<str>],
    ) -> Result<Vec<Vec<u8>>, AssetError> {
        let files = names.iter().map(|name| self.file(source, name.as_ref()));
        futures::future::try_join_all(files).await
    }

    /// The same, of a number of files that is known.
    ///
    /// # Errors
    /// As [`Self::several`].
    pub async fn all<const N: usize>(
        &self,
        source: &impl AssetSource,
        names: [&str; N],
    ) -> Result<[Vec<u8>; N], AssetError> {
        let files = self.several(source, &names);
        Ok(std::array::from_fn({
            let mut files = files.await?.into_iter();
            // As many came as were asked for.
            move |_| files.next().unwrap_or_default()
        }))
    }
}

impl FileEntry {
    /// The entry for these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }

    fn check(&self, name: &str, bytes: &[u8]) -> Result<(), AssetError> {
        let found = Self::of(bytes);
        if found.bytes < self.bytes {
            let (expected, found) = (self.bytes, found.bytes);
            Err(AssetError::Truncated { name: name.into(), expected, found })
        } else if found != *self {
            Err(damaged(name, "its checksum is not the manifest's"))
        } else {
            Ok(())
        }
    }
}

/// Reads a JSON file.
///
/// # Errors
/// [`AssetError::Damaged`] where it is not the JSON expected.
pub fn json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, AssetError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(name, error))
}

/// The error for a file of weights that cannot be taken.
pub fn refused(name: &str, why: WeightsError) -> AssetError {
    match why {
        WeightsError::Sizes => AssetError::Sizes { name: name.into() },
        why => damaged(name, why),
    }
}

/// The error for a file that does not say what it should.
pub fn damaged(name: &str, why: impl ToString) -> AssetError {
    AssetError::Damaged { name: name.into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_changed_files_are_told_apart() {
        let entry = FileEntry::of(b"a catalogue");
        assert_eq!(entry.check("c", b"a catalogue"), Ok(()));
        assert!(matches!(entry.check("c", b"a cata"), Err(AssetError::Truncated { .. })));
        assert!(matches!(entry.check("c", b"a catalogus"), Err(AssetError::Damaged { .. })));
    }
}
