//! What a panel of the studio is, and all there are.

use leptos::prelude::*;

use link::view::View;

/// A panel: what its file in this folder says of it. What it asks of the engine stands there, too.
pub struct Panel {
    /// Its name in links, and its file's.
    pub key: &'static str,
    /// Key of what it is called.
    pub title: &'static str,
    /// Key of what it is for.
    pub about: &'static str,
    /// Draws it.
    pub view: fn() -> AnyView,
    /// Whether it is read beside the shelf that it is about, and leaves that more room.
    pub is_beside_shelf: fn(&View) -> bool,
}

impl Panel {
    /// A panel that takes what room the studio has.
    pub const fn new(
        key: &'static str,
        title: &'static str,
        about: &'static str,
        view: fn() -> AnyView,
    ) -> Self {
        Self { key, title, about, view, is_beside_shelf: |_| false }
    }

    /// Beside the shelf where that is so.
    pub const fn beside_shelf(self, when: fn(&View) -> bool) -> Self {
        Self { is_beside_shelf: when, ..self }
    }
}

macro_rules! of_files {
    ($($panel:ident)*) => {
        &[$(&crate::$panel::PANEL),*]
    };
}

/// Every panel, in the order of their tabs.
pub static PANELS: &[&Panel] = link::panels!(of_files);

/// The panel of this name in links.
pub fn by_key(key: &str) -> Option<&'static Panel> {
    PANELS.iter().find(|panel| panel.key == key).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_called_in_links_as_its_file_is() {
        assert!(PANELS.iter().map(|panel| panel.key).eq(link::PANELS.iter().copied()));
    }
}
