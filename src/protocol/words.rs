//! Numbers of messages as people read them.

use market::history::{DAY, EventKind, Minutes, Profile};
use market::language::Message;
use systems::shared::Blend;

/// A count with thousands separated: 2,412.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A place in a row, the first of which is 1: #12.
pub fn place(place: usize) -> String {
    format!("#{}", count(place))
}

/// A price: $1,299.00 or $4.50.
pub fn price(cents: u32) -> String {
    format!("${}.{:02}", count(cents as usize / 100), cents % 100)
}

/// A number with this many digits after the point, half of the last one rounded up.
pub fn fixed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let scale = 10_u64.pow(digits as u32);
    let scaled = (value.abs() * scale as f64 + 0.5) as u64;
    let (whole, rest) = (scaled / scale, scaled % scale);
    // What rounds to nothing has no sign.
    let sign = if value < 0.0 && scaled > 0 { "-" } else { "" };
    match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0digits$}"),
    }
}

/// Milliseconds: 0.4 ms, 12 ms, 1.8 s.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 9.95 => fixed(ms, 1) + " ms",
        ms if ms < 999.5 => fixed(ms, 0) + " ms",
        ms => fixed(ms / 1000.0, 1) + " s",
    }
}

/// Bytes: 12 KB, 3.2 MB.
pub fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        b if b < 999_500.0 => fixed(b / 1000.0, 0) + " KB",
        b => fixed(b / 1_000_000.0, 1) + " MB",
    }
}

/// A share as a percentage with two meaningful digits: 43 %, 7.1 %, 0.23 %.
pub fn percent(share: f32) -> String {
    match f64::from(share) * 100.0 {
        p if !p.is_finite() => "–".into(),
        p if p >= 9.95 => fixed(p, 0) + " %",
        p if p >= 0.995 => fixed(p, 1) + " %",
        p if p >= 0.0095 => fixed(p, 2) + " %",
        p if p > 0.0 => "< 0.01 %".into(),
        _ => "0 %".into(),
    }
}

/// A score: a percentage or how many times the usual it is, as it was blended; the retriever's where
/// nothing was.
pub fn score(blend: Option<Blend>, score: f32) -> String {
    match blend {
        Some(Blend::Sum) => percent(score),
        Some(Blend::Lift | Blend::Product) => times(score),
        None => signed(score, 3),
    }
}

/// How many times the usual, with two meaningful digits: 12×, 3.4×, 0.06×.
pub fn times(lift: f32) -> String {
    let digits = match f64::from(lift).abs() {
        l if l >= 9.95 => 0,
        l if l >= 0.995 => 1,
        _ => 2,
    };
    fixed(lift.into(), digits) + "×"
}

/// What a score changed by: percentage points, times the usual, or the retriever's units.
pub fn score_change(blend: Option<Blend>, by: f32) -> Message {
    let (key, by) = match blend {
        Some(Blend::Sum) => (word!("studio.explain.by-points"), signed(100.0 * by, 2)),
        Some(Blend::Lift | Blend::Product) => (word!("studio.explain.by-times"), signed(by, 2)),
        None => (word!("studio.explain.by-retrieval"), signed(by, 3)),
    };
    Message::new(key).with("by", by)
}

/// A number with a true minus sign.
pub fn signed(value: f32, digits: usize) -> String {
    fixed(value.into(), digits).replace('-', "−")
}

/// A share as the style sheet reads it: 43.10%.
pub fn css_share(share: f32) -> String {
    fixed(100.0 * f64::from(share), 2) + "%"
}

/// A number as JSON, for whoever reads the page by machine.
pub fn json(value: f32) -> String {
    if value.is_finite() { value.to_string() } else { "null".into() }
}

/// Numbers as JSON: [0.25,0.75].
pub fn json_list(values: &[f32]) -> String {
    let values: Vec<_> = values.iter().copied().map(json).collect();
    format!("[{}]", values.join(","))
}

/// How long ago: now, 25 min, 3 h, 12 d.
pub fn ago(now: Minutes, then: Minutes) -> Message {
    let (key, count) = match now.saturating_sub(then).max(0) {
        m if m < 2 => return Message::new(word!("ago.now")),
        m if m < 60 => (word!("ago.minutes"), m),
        m if m < DAY => (word!("ago.hours"), m / 60),
        m => (word!("ago.days"), m / DAY),
    };
    Message::new(key).with("count", count.to_string())
}

/// Key of the words for a kind of behaviour: what was done to a product, and when.
pub fn deed(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Click => word!("deeds.click"),
        EventKind::Favourite => word!("deeds.favourite"),
        EventKind::Cart => word!("deeds.cart"),
        EventKind::Order => word!("deeds.order"),
    }
}

/// A profile in a few words.
pub fn profile(profile: &Profile) -> Vec<Message> {
    let pick = |names: &[&str], i: u8| {
        Message::new(names.get(usize::from(i)).copied().unwrap_or(word!("profile.unknown")))
    };
    let ages = [
        word!("profile.age.under-20"),
        word!("profile.age.20s"),
        word!("profile.age.30s"),
        word!("profile.age.40s"),
        word!("profile.age.50s"),
        word!("profile.age.60-and-over"),
    ];
    let households = [
        word!("profile.single"),
        word!("profile.couple"),
        word!("profile.family"),
        word!("profile.shared-flat"),
    ];
    let towns = [
        word!("profile.village"),
        word!("profile.small-town"),
        word!("profile.city"),
        word!("profile.metropolis"),
    ];
    let power = profile.purchase_power.saturating_add(1).to_string();
    let mut words = vec![
        pick(&ages, profile.age_band),
        pick(&households, profile.household),
        pick(&towns, profile.town),
        Message::new(word!("profile.purchase-power")).with("power", power),
        match profile.member_years {
            0 => Message::new(word!("profile.new-member")),
            1 => Message::new(word!("profile.member-a-year")),
            // The highest number stands for those above it.
            years @ 9.. => Message::new(word!("profile.member")).with("years", format!("{years}+")),
            years => Message::new(word!("profile.member")).with("years", years.to_string()),
        },
    ];
    if profile.gender < 2 {
        words.insert(0, pick(&[word!("profile.woman"), word!("profile.man")], profile.gender));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use languages::english;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!([price(129_900), price(450), price(5)], ["$1,299.00", "$4.50", "$0.05"]);
        assert_eq!(
            [milliseconds(0.42), milliseconds(12.3), milliseconds(1840.0)],
            ["0.4 ms", "12 ms", "1.8 s"]
        );
        assert_eq!(
            [percent(0.431), percent(0.0714), percent(0.0023), percent(0.0)],
            ["43 %", "7.1 %", "0.23 %", "0 %"]
        );
        assert_eq!(
            [times(12.4), times(3.41), times(0.063), times(0.0)],
            ["12×", "3.4×", "0.06×", "0.00×"]
        );
        let scores = [Some(Blend::Sum), Some(Blend::Lift), None].map(|blend| score(blend, 0.431));
        assert_eq!(scores, ["43 %", "0.43×", "0.431"]);
        assert_eq!(
            [signed(-1.234, 2), signed(-0.001, 2), signed(f32::NAN, 2)],
            ["−1.23", "0.00", "–"]
        );
        assert_eq!(
            [(100, 99), (100, 60), (300, 60), (DAY * 9, 10)]
                .map(|(now, then)| english(&ago(now, then))),
            ["now", "40 min", "4 h", "8 d"]
        );
        assert_eq!([fixed(0.05, 1), fixed(-0.04, 1), fixed(12.5, 0)], ["0.1", "0.0", "13"]);
        assert_eq!(css_share(0.431), "43.10%");
        assert_eq!(json_list(&[0.25, f32::NAN, 1e-7]), "[0.25,null,0.0000001]");
        assert_eq!([bytes(12_400), bytes(3_240_000)], ["12 KB", "3.2 MB"]);
    }
}
