//! What an engine tells a person, as an error of the command line.

use anyhow::anyhow;

use languages::english;
use protocol::Notice;

/// A notice in English, as an error.
pub(super) fn said(notice: Notice) -> anyhow::Error {
    anyhow!(english(&notice.says))
}
