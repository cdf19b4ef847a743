//! Symbols and formulas as papers set them: `H_uq` has uq below its line, `w^k` has k above it.

use leptos::prelude::*;

/// Where a piece of a formula stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// On the line.
    Line,
    /// Below it.
    Below,
    /// Above it.
    Above,
}

/// A formula's pieces: what follows `_` or `^` stands below or above up to the next sign that is
/// neither letter nor digit; brackets right behind keep more together.
pub fn pieces(formula: &str) -> Vec<(Level, String)> {
    let mut pieces: Vec<(Level, String)> = Vec::new();
    let mut put = |level: Level, sign: char| match pieces.last_mut() {
        Some((last, text)) if *last == level => text.push(sign),
        _ => pieces.push((level, sign.to_string())),
    };
    let (mut level, mut bracketed, mut last) = (Level::Line, false, ' ');
    for sign in formula.chars() {
        match sign {
            '_' => level = Level::Below,
            '^' => level = Level::Above,
            '(' if matches!(last, '_' | '^') => bracketed = true,
            ')' if bracketed => (bracketed, level) = (false, Level::Line),
            sign => {
                if !bracketed && !sign.is_alphanumeric() {
                    level = Level::Line;
                }
                put(level, sign);
            }
        }
        last = sign;
    }
    pieces
}

/// A symbol or formula as papers set it.
pub fn typeset(formula: &str) -> AnyView {
    let piece = |(level, text): (Level, String)| match level {
        Level::Line => view! { <span>{text}</span> }.into_any(),
        Level::Below => view! { <sub>{text}</sub> }.into_any(),
        Level::Above => view! { <sup>{text}</sup> }.into_any(),
    };
    pieces(formula).into_iter().map(piece).collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::Level::{Above, Below, Line};
    use super::*;

    fn read(formula: &str) -> Vec<(Level, String)> {
        pieces(formula)
    }

    #[test]
    fn what_follows_stands_below_or_above_up_to_the_next_sign() {
        let piece = |level, text: &str| (level, text.to_string());
        assert_eq!(read("H_uq"), [piece(Line, "H"), piece(Below, "uq")]);
        assert_eq!(read("w^k = x/T"), [piece(Line, "w"), piece(Above, "k"), piece(Line, " = x/T")]);
        assert_eq!(
            read("w_1^k_e"),
            [piece(Line, "w"), piece(Below, "1"), piece(Above, "k"), piece(Below, "e")],
        );
        assert_eq!(read("a^(k−1) b"), [piece(Line, "a"), piece(Above, "k−1"), piece(Line, " b")]);
        assert_eq!(read("NN_k(x)"), [piece(Line, "NN"), piece(Below, "k"), piece(Line, "(x)")]);
        assert_eq!(read("ŷ"), [piece(Line, "ŷ")]);
    }
}
