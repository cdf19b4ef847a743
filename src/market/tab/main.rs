//! The market alone in a tab: says its fingerprints on the console, for the test that holds them
//! against the native ones.

use std::collections::BTreeMap;

use market::fingerprint::fingerprints;

fn main() {
    let said = fingerprints().and_then(|all| serde_json::to_string(&BTreeMap::from(all)));
    web_sys::console::log_1(&said.unwrap_or_else(|error| error.to_string()).into());
}
