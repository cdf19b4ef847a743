//! How what is kept for when there is no line stands, as the script beside the page tells it
//! (`www/offline.js`).

/// How it stands.
#[derive(Clone, PartialEq)]
pub struct Kept {
    /// What the person wishes for.
    pub wish: String,
    /// What is done now, or why nothing is.
    pub doing: String,
    /// Bytes on the line of what is here.
    pub here: u64,
    /// Bytes on the line of all that there is.
    pub all: u64,
}

impl Kept {
    /// Reads what the script tells; none where that is of another form.
    pub fn read(told: &str) -> Option<Self> {
        let mut parts = told.split(' ');
        let mut text = || parts.next().map(String::from);
        let (wish, doing) = (text()?, text()?);
        let mut number = || text()?.parse().ok();
        Some(Self { wish, doing, here: number()?, all: number()? })
    }
}
