//! The registry of the studio's panels.

/// Hands a macro every panel of the studio, a line each, in the order of their tabs. The line is the panel's
/// name in links and the name of its file in `src/studio/`: what knows no drawing makes names of it
/// ([`PANELS`]), the studio the panels themselves.
#[macro_export]
macro_rules! panels {
    ($make:ident) => {
        $make! {
            lessons
            machine
            learn
            explain
            positions
            map
            compare
            metrics
            share
            papers
        }
    };
}

macro_rules! names {
    ($($panel:ident)*) => {
        &[$(stringify!($panel)),*]
    };
}

/// Names of the studio's panels in links. The first is the one that opens.
pub const PANELS: &[&str] = panels!(names);

macro_rules! each {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`.")]
            pub const $name: &str = stringify!($name);
        )*
    };
}

/// The name of each of them, for who means a certain one: of a panel that there is not, nothing compiles.
#[allow(non_upper_case_globals, reason = "a panel is called as its file is")]
pub mod panel {
    panels!(each);
}
