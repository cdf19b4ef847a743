//! Axes of charts whose values are not known before: with some room, and round numbers at them.

use page::insides::chart::Axis;

/// An axis that holds these values with some room around them. Round numbers stand at it, each as
/// `text` writes it, which is told how many digits tell them apart.
pub fn around(values: impl IntoIterator<Item = f64>, text: impl Fn(f64, usize) -> String) -> Axis {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), value| (l.min(value), h.max(value)));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let width = high - low;
    let room = if width > 0.0 { 0.08 * width } else { 0.1 * low.abs().max(0.01) };
    let (from, to) = (low - room, high + room);
    let step = round_step((to - from) / 4.0);
    let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    let first = (from / step).ceil();
    let last = (to / step).floor();
    let ticks = (0..=(last - first) as usize).map(|n| (first + n as f64) * step);
    Axis { from, to, labels: ticks.map(|tick| (tick, text(tick, digits))).collect() }
}

/// The largest of 1, 2 and 5 times a power of ten that is not above a width.
fn round_step(width: f64) -> f64 {
    let power = 10.0_f64.powf(width.log10().floor());
    let step = [5.0, 2.0].into_iter().find(|step| step * power <= width);
    step.unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use protocol::words::fixed;

    #[test]
    fn labels_are_round_and_within() {
        let axis = around([0.412, 0.455], fixed);
        let labels: Vec<&str> = axis.labels.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(labels, ["0.41", "0.42", "0.43", "0.44", "0.45"]);
        assert!(axis.at(0.412) > 0.0 && axis.at(0.455) < 1.0);
        let one = around([3.0], fixed);
        assert!(one.from < 3.0 && one.to > 3.0 && !one.labels.is_empty());
        assert!(around([f64::NAN], fixed).from < around([], fixed).to);
    }

    proptest! {
        #[test]
        fn an_axis_holds_its_values(values in prop::collection::vec(-1e6..1e6_f64, 1..20)) {
            let axis = around(values.iter().copied(), fixed);
            prop_assert!(values.iter().all(|value| (0.0..=1.0).contains(&axis.at(*value))));
            prop_assert!(axis.labels.iter().all(|(t, _)| (-0.001..=1.001).contains(&axis.at(*t))));
            prop_assert!((2..=12).contains(&axis.labels.len()), "{:?}", axis);
        }
    }
}
