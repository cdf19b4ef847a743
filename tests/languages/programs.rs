//! The texts of the programs, as they are searched for words and keys.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

fn files_in(folder: &str, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_in(path.to_str().expect("a name"), ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The sources under some folders, without their tests and comments.
pub fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in folders {
        files_in(folder, ".rs", &mut paths);
    }
    // What runs when the page is built is not the page.
    let other = ["tests", "tests.rs", "build.rs"].map(OsStr::new);
    paths.retain(|path| !path.iter().any(|part| other.contains(&part)));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        (path.to_string_lossy().into_owned(), lines.collect::<Vec<_>>().join("\n"))
    };
    paths.into_iter().map(read).collect()
}

/// Scripts and the page that they stand in, without comments.
pub fn scripts() -> Vec<(String, String)> {
    let names = [
        "index.html",
        "www/early.js",
        "www/engine-loader.js",
        "www/offline.js",
        "www/studio-loader.js",
        "www/watchdog.js",
    ];
    let read = |name: &str| {
        let text = fs::read_to_string(name).expect("a script");
        let lines = text.lines().filter(|line| {
            let line = line.trim_start();
            !["//", "/*", "*", "<!--", "<meta", "<link", "<p"]
                .iter()
                .any(|mark| line.starts_with(mark))
        });
        (name.into(), lines.collect::<Vec<_>>().join("\n"))
    };
    names.map(read).into()
}
