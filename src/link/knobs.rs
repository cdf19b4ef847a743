//! How links write what knobs stand at, and read it back.

use systems::knob::{Control, Knob, Settings};

use market::language::Message;

/// A knob's value as links write it.
pub fn text_of(knob: &Knob, settings: &Settings) -> String {
    match knob.control {
        // Shortest text that reads back the same.
        Control::Number { .. } => settings.number(knob).to_string(),
        Control::Switch => if settings.is_on(knob) { "on" } else { "off" }.into(),
        Control::Choice(options) => options[settings.option(knob)].into(),
    }
}

/// Turns a knob to what a link says, with what that brings.
///
/// # Errors
/// Says what is wrong with the value; the settings stay as they were.
pub fn read_text(knob: &'static Knob, settings: &mut Settings, text: &str) -> Result<(), Message> {
    let wrong = |key: &str| Message::new(key).with("value", clip(text));
    let value = match knob.control {
        Control::Number { min, max, whole, .. } => {
            let value =
                decimal(text.trim()).ok_or_else(|| wrong(word!("link.why.not-a-number")))?;
            if !(min..=max).contains(&value) {
                return Err(wrong(word!("link.why.outside"))
                    .with("min", min.to_string())
                    .with("max", max.to_string()));
            }
            if whole && value.fract() != 0.0 {
                return Err(wrong(word!("link.why.not-whole")));
            }
            value as f32
        }
        Control::Switch => match text {
            "on" => 1.0,
            "off" => 0.0,
            _ => return Err(wrong(word!("link.why.not-on-off"))),
        },
        Control::Choice(options) => match options.iter().position(|name| *name == text) {
            Some(option) => option as f32,
            None => {
                return Err(wrong(word!("link.why.none-of")).with("options", options.join(", ")));
            }
        },
    };
    settings.turn(knob, value);
    Ok(())
}

/// A number as links write it: digits, perhaps a sign, a point and more digits. The standard
/// library reads every other way to write one too, and would be a twentieth of the page.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    // Digits behind these say nothing that the state could hold.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits().fold(0.0, |number, digit| 10.0 * number + f64::from(digit - b'0'));
    // Whole numbers that a double holds exactly have a quotient that is the nearest double.
    Some(sign * number / fraction.bytes().fold(1.0, |ten, _| 10.0 * ten))
}

/// A piece of foreign text short enough to be quoted in a sentence.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 24;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use languages::english;
    use systems::dmt::{BiasFeatures, MultiTask};
    use systems::registry::{knob, knobs};

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in ["0", "7", "-1.5", "0.1", ".5", "3.", "0.30000001192092896", "123456.789"] {
            // The settings hold no more than an f32.
            assert_eq!(decimal(text).map(|x| x as f32), text.parse().ok(), "{text}");
        }
        for text in ["", ".", "-", "--1", "1e3", "NaN", "Infinity", "0x1", "1.2.3", "½", "1.½"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn every_default_is_within_its_bounds_and_reads_back() {
        for knob in knobs() {
            let mut settings = Settings::default();
            let text = text_of(knob, &settings);
            read_text(knob, &mut settings, &text).expect(knob.key);
            assert_eq!(settings, Settings::default(), "{}", knob.key);
        }
    }

    #[test]
    fn only_variants_of_dmt_that_are_trained_can_be_chosen() {
        let set = |settings: &mut Settings, key: &str, text: &str| {
            read_text(knob(key).expect(key), settings, text).expect(key);
        };
        let mut settings = Settings::default();
        set(&mut settings, "bias-page", "on");
        set(&mut settings, "multi-task", "single-task");
        assert_eq!(BiasFeatures::of(&settings), BiasFeatures::SHIPPED);
        assert_eq!(MultiTask::of(&settings), MultiTask::SingleTask);
        set(&mut settings, "bias-neighbours", "off");
        assert_eq!(MultiTask::of(&settings), MultiTask::Mmoe);
        assert!(!BiasFeatures::of(&settings).neighbours);
    }

    #[test]
    fn a_wrong_value_leaves_the_settings_alone_and_says_why() {
        let mut settings = Settings::default();
        for (key, text, why) in [
            ("tau", "NaN", "not a number"),
            ("tau", "7", "outside 0.005 to 0.2"),
            ("tau", "-0.1", "outside"),
            ("tau", "-inf", "not a number"),
            ("candidates", "100.5", "whole"),
            ("gmv", "yes", "neither on nor off"),
            ("multi-task", "ple", "none of mmoe, shared-bottom, single-task"),
        ] {
            let said = read_text(knob(key).expect(key), &mut settings, text).expect_err(key);
            let said = english(&said);
            assert!(said.contains(why), "{key}={text}: {said}");
        }
        assert_eq!(settings, Settings::default());
    }
}
