//! How numbers and names of the machine are told, wherever they stand.

use market::language::Value;
use page::language::worded;
use protocol::machine::Strip;
use protocol::words::signed;

/// A number with this many digits that say something; whole ones whole, tiny ones with their power of
/// ten.
pub fn figure(value: f32, digits: usize) -> String {
    const POWERS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if !value.is_finite() || value.fract() == 0.0 {
        return signed(value, 0);
    }
    let written = format!("{:.*e}", digits.saturating_sub(1), value.abs());
    let (mantissa, power) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if power >= -4 {
        return signed(value, (digits as i32 - 1 - power).max(0) as usize);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let power = power.abs().to_string();
    let power = power.bytes().map(|digit| POWERS[usize::from(digit - b'0') % 10]);
    format!("{sign}{mantissa}×10⁻{}", power.collect::<String>())
}

/// What a strip is called.
pub fn called(name: &Value) -> String {
    match name {
        Value::Text(text) => text.clone(),
        Value::Message(message) => worded(message),
    }
}

/// The rows that come out of a part: the last that are alike. Those before tell how they came to be.
pub fn last(rows: &[Strip]) -> &[Strip] {
    let Some(end) = rows.last() else { return rows };
    let alike = |row: &&Strip| {
        row.values.len() == end.values.len() && row.columns.len() == end.columns.len()
    };
    let of_behaviours = rows.iter().all(|row| !row.products.is_empty() || row.values.is_empty());
    match of_behaviours {
        true => rows,
        false => &rows[rows.len() - rows.iter().rev().take_while(alike).count()..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_with_the_digits_that_tell_them_apart() {
        let told = [3.0, 0.77, -2.884, 0.0028, 12_345.6, -0.000_036_14].map(|v| figure(v, 3));
        assert_eq!(told, ["3", "0.770", "−2.88", "0.00280", "12346", "−3.61×10⁻⁵"]);
    }
}
