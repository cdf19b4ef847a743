//! What was measured as people read it, and what a sweep measures: of table and chart alike.

use super::front::settings;
use super::results::{Estimate, measured};
use link::State;
use market::metrics::measure::Measure;
use page::language::{say, say_with};
use protocol::words;

/// What a measure is called.
pub fn name(measure: Measure) -> &'static str {
    say(&word!("studio.measures.{}", measure.key()))
}

/// A value as people read it.
pub fn figure(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Gmv => format!("${}", words::fixed(value, 2)),
        Measure::Orders => words::fixed(value, 4),
        Measure::Diversity => words::fixed(value, 2),
        _ => words::fixed(value, 3),
    }
}

/// A value with its standard error.
pub fn with_error(measure: Measure, estimate: &Estimate) -> String {
    let error = estimate.error.map(|error| format!(" ± {}", figure(measure, error)));
    figure(measure, estimate.mean) + &error.unwrap_or_default()
}

/// A difference from the present state.
pub fn than_now(measure: Measure, than: &Estimate) -> String {
    let by = with_error(measure, &Estimate { mean: than.mean.abs(), ..*than });
    let nothing = figure(measure, than.mean.abs()) == figure(measure, 0.0);
    match than.mean {
        _ if nothing && than.error.unwrap_or(0.0) == 0.0 => {
            say(word!("studio.metrics.as-now")).into()
        }
        _ if nothing => say_with(word!("studio.metrics.than-now"), &[("by", &by)]),
        mean if mean < 0.0 => say_with(word!("studio.metrics.less"), &[("by", &by)]),
        _ => say_with(word!("studio.metrics.more"), &[("by", &by)]),
    }
}

/// What a sweep tries around a state, as it is measured.
pub fn measured_settings(now: &State) -> Vec<Vec<State>> {
    let groups = settings(now).into_iter();
    groups.map(|group| group.iter().map(measured).collect()).collect()
}
