//! A part's formula with this product's numbers in place of its symbols: `f^k = Σ_i w^k_i e_i` becomes
//! `f^k = 0.41 (…)_32 + 0.22 (…)_32 = (…)_32`. It knows how papers write, and no system.

use super::told::{called, figure, last};
use protocol::machine::Strip;

/// Letters that run over the rows of what they stand at, by the papers' habit: tasks and experts.
const RUNNING: [&str; 4] = ["e", "i", "j", "k"];
/// Lines of one formula, and terms of one sum, that are written out.
const LINES: usize = 4;
const TERMS: usize = 6;
/// Numbers of a vector that is written out whole, and of a longer one before its dots.
const WHOLE: usize = 4;
const BEGUN: usize = 2;

/// What can be put in.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// As the formulas have it.
    pub symbol: &'a str,
    /// Its numbers.
    pub rows: &'a [Strip],
    /// Whether it comes in from outside: its numbers tell of behaviours and are not what is computed with.
    pub comes_in: bool,
}

/// A formula with its numbers, as [`typeset`](super::symbols::typeset) reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which of the part's rows it is of; empty where there is one.
    pub of: String,
    /// The formula.
    pub formula: String,
}

/// The formula of a part with numbers put in, a line for each of the part's rows where it has an index
/// that runs over them; none where there is nothing to put in.
pub fn worked(
    formula: &str,
    own: &Given<'_>,
    inputs: &[Given<'_>],
    knobs: &[(&str, f32)],
) -> Vec<Line> {
    let tokens = read(formula);
    let rows = last(own.rows);
    let index = tokens.iter().find_map(|token| match token {
        Token::Symbol(symbol) => symbol.extends(own.symbol).map(|_| symbol.runs()),
        Token::Signs(_) => None,
    });
    let index = index.flatten().filter(|_| rows.len() > 1);
    // What the formula says to be equal to what stands behind it is the part's own.
    let is_told = tokens.windows(2).any(|pair| match pair {
        [Token::Symbol(symbol), Token::Signs(signs)] => {
            symbol.extends(own.symbol).is_some() && signs.trim_start().starts_with('=')
        }
        _ => false,
    });
    let line = |row: Option<usize>| {
        let mut writer =
            Writer { inputs, knobs, own: index.zip(row), sum: None, named: Vec::new() };
        let mut text = String::new();
        writer.write(&tokens, &mut text);
        let result = match row {
            Some(row) => vector(&rows[row].values),
            None => whole(own, rows),
        };
        let result = format!(" = {result}");
        if is_told && result != " = " && !text.ends_with(&result) {
            text += &result;
        }
        let of = row.map_or(String::new(), |row| called(&rows[row].name));
        (text != formula).then_some(Line { of, formula: text })
    };
    match index {
        Some(_) => (0..rows.len().min(LINES)).filter_map(|row| line(Some(row))).collect(),
        None => line(None).into_iter().collect(),
    }
}

/// A vector as it is put in: one number alone, a few as they are, of more the first and how many.
fn vector(values: &[f32]) -> String {
    let written = |values: &[f32], digits: usize| {
        values.iter().map(|value| figure(*value, digits)).collect::<Vec<_>>().join(", ")
    };
    match values {
        [] => String::new(),
        [one] => figure(*one, 3),
        few if few.len() <= WHOLE => format!("({})", written(few, 2)),
        many => format!("({}, …)_{}", written(&many[..BEGUN], 2), many.len()),
    }
}

/// All of a part: a vector, or the shape of a matrix and its length.
fn whole(of: &Given<'_>, rows: &[Strip]) -> String {
    let lengths = || rows.iter().map(|row| row.values.len());
    let (least, most) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    let are_behaviours = rows.iter().all(|row| row.products.len() == row.values.len());
    if of.comes_in && are_behaviours && !rows.is_empty() {
        return format!("[{}×d]", lengths().sum::<usize>());
    }
    match rows {
        [] => String::new(),
        [row] => vector(&row.values),
        _ if most == 1 => {
            let values: Vec<f32> = rows.iter().flat_map(|row| row.values.clone()).collect();
            vector(&values)
        }
        _ => {
            let squares = rows.iter().flat_map(|row| &row.values).map(|value| value * value);
            let length = figure(squares.sum::<f32>().sqrt(), 2);
            let across = if least == most { most.to_string() } else { format!("{least}–{most}") };
            format!("[{}×{across}, ‖{length}‖]", rows.len())
        }
    }
}

/// A name with what stands below and above it.
#[derive(Clone, Debug, PartialEq)]
struct Symbol<'a> {
    /// As it is written.
    text: &'a str,
    base: &'a str,
    /// `_` or `^`, and what stands there.
    scripts: Vec<(char, &'a str)>,
    /// Whether brackets follow: it is a function.
    is_function: bool,
}

impl<'a> Symbol<'a> {
    /// What it has beyond a part's symbol; none where it is another's.
    fn extends(&self, symbol: &'a str) -> Option<Vec<(char, &'a str)>> {
        let tokens = read(symbol);
        let of = match &tokens[..] {
            // φ(q) is written φ where it is read.
            [Token::Symbol(of)] => of,
            [Token::Symbol(of), Token::Signs(signs), ..] if signs.starts_with('(') => of,
            _ => return None,
        };
        let more = self.scripts.strip_prefix(&of.scripts[..])?;
        (self.base == of.base).then(|| more.to_vec())
    }

    /// The letter that runs at it.
    fn runs(&self) -> Option<&'a str> {
        self.scripts.last().map(|(_, script)| *script).filter(|script| RUNNING.contains(script))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Symbol(Symbol<'a>),
    /// Whatever stands between.
    Signs(&'a str),
}

/// Cuts a formula into symbols and what stands between them.
fn read(formula: &str) -> Vec<Token<'_>> {
    /// How far a text goes while its signs are of a kind.
    fn while_it(text: &str, is: impl Fn(char) -> bool) -> usize {
        text.find(|sign| !is(sign)).unwrap_or(text.len())
    }
    let mut tokens = Vec::new();
    let mut rest = formula;
    while !rest.is_empty() {
        let signs = while_it(rest, |sign| !sign.is_alphabetic());
        if signs > 0 {
            tokens.push(Token::Signs(&rest[..signs]));
            rest = &rest[signs..];
            continue;
        }
        let mut end = while_it(rest, char::is_alphabetic);
        let base = &rest[..end];
        let mut scripts = Vec::new();
        while let Some(mark) = rest[end..].chars().next().filter(|mark| matches!(mark, '_' | '^')) {
            let script = &rest[end + 1..];
            let length = match script.starts_with('(') {
                true => script.find(')').map_or(script.len(), |end| end + 1),
                false => while_it(script, char::is_alphanumeric),
            };
            scripts.push((mark, script[..length].trim_matches(['(', ')'])));
            end += 1 + length;
        }
        let is_function = rest[end..].starts_with('(');
        tokens.push(Token::Symbol(Symbol { text: &rest[..end], base, scripts, is_function }));
        rest = &rest[end..];
    }
    tokens
}

/// Writes a formula with numbers in it.
struct Writer<'a> {
    inputs: &'a [Given<'a>],
    knobs: &'a [(&'a str, f32)],
    /// The letter that runs over the part's own rows, and at which it stands.
    own: Option<(&'a str, usize)>,
    /// The same of the sum that is written out.
    sum: Option<(&'a str, usize)>,
    /// Symbols whose rows are called by names, each as often as it came.
    named: Vec<&'a str>,
}

impl<'a> Writer<'a> {
    fn write(&mut self, tokens: &[Token<'a>], text: &mut String) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let symbol = match token {
                Token::Signs(signs) => {
                    *text += signs;
                    continue;
                }
                Token::Symbol(symbol) => symbol,
            };
            if symbol.base == "Σ" {
                at += self.write_sum(symbol, &tokens[at..], text);
            } else if let Some(chain) = self.chain(symbol, &tokens[at..]) {
                *text += &chain;
                at += 2;
            } else {
                self.write_symbol(symbol, text);
            }
        }
    }

    /// p^1 · … · p^k, written out.
    fn chain(&self, first: &Symbol<'a>, then: &[Token<'a>]) -> Option<String> {
        let [Token::Signs(" · … · "), Token::Symbol(end), ..] = then else { return None };
        let (letter, to) = self.own?;
        let is_chain = first.base == end.base
            && first.scripts.last().is_some_and(|(_, script)| *script == "1")
            && end.runs() == Some(letter);
        let (given, _) = self.given(end).filter(|_| is_chain)?;
        let rows = last(given.rows);
        let written = rows.get(..=to)?.iter().map(|row| vector(&row.values));
        Some(written.collect::<Vec<_>>().join(" · "))
    }

    /// Writes a sum out where it is known what it runs over, else as it is, for it runs over what this
    /// product's numbers do not tell. Says how many tokens it took.
    fn write_sum(&mut self, sum: &Symbol<'a>, rest: &[Token<'a>], text: &mut String) -> usize {
        let body = &rest[..body_of(rest)];
        let over = sum.scripts.last().map(|(_, script)| *script);
        // A sum over a part's own numbers: they are its terms.
        let of_part = self.inputs.iter().find(|given| Some(given.symbol) == over);
        let terms = of_part
            .map(|given| last(given.rows))
            .filter(|rows| !rows.is_empty() && rows.iter().all(|row| row.values.len() == 1));
        if let Some(rows) = terms {
            let term =
                |row: &Strip| format!("{}_({})", figure(row.values[0], 3), called(&row.name));
            join(rows.iter().map(term), rows.len(), text);
            return body.len();
        }
        let letter = over.filter(|over| RUNNING.contains(over));
        let count = letter.and_then(|letter| {
            body.iter().find_map(|token| match token {
                Token::Symbol(symbol) => self.runs_over(symbol, letter),
                Token::Signs(_) => None,
            })
        });
        match letter.zip(count) {
            Some((letter, count)) => {
                let mut term = |number: usize| {
                    let mut term = String::new();
                    self.sum = Some((letter, number));
                    self.write(body, &mut term);
                    term.trim().to_string()
                };
                let terms: Vec<String> = (0..count.min(TERMS)).map(&mut term).collect();
                self.sum = None;
                join(terms.into_iter(), count, text);
            }
            None => {
                *text += sum.text;
                let mut others =
                    Writer { inputs: &[], knobs: self.knobs, own: None, sum: None, named: vec![] };
                others.write(body, text);
            }
        }
        body.len()
    }

    /// How many there are of what a letter runs over at a symbol.
    fn runs_over(&self, symbol: &Symbol<'a>, letter: &str) -> Option<usize> {
        symbol.scripts.iter().find(|(_, script)| *script == letter)?;
        let (given, _) = self.given(symbol)?;
        let rows = last(given.rows);
        let of_own = symbol.scripts.iter().any(|(_, at)| self.own.is_some_and(|own| own.0 == *at));
        match of_own {
            true => rows.get(self.own?.1).map(|row| row.values.len()),
            false => Some(rows.len()),
        }
    }

    /// The input that a symbol is of, and what the symbol has beyond the input's own.
    fn given(&self, symbol: &Symbol<'a>) -> Option<(Given<'a>, Vec<(char, &'a str)>)> {
        let all = self.inputs.iter().filter(|given| !given.rows.is_empty());
        let fits = all.filter_map(|given| Some((*given, symbol.extends(given.symbol)?)));
        fits.min_by_key(|(_, more)| more.len())
    }

    fn write_symbol(&mut self, symbol: &Symbol<'a>, text: &mut String) {
        let knob = self.knobs.iter().find(|(knob, _)| *knob == symbol.text);
        if let (Some((_, value)), false) = (knob, symbol.is_function) {
            put(&value.to_string(), text);
            return;
        }
        // In a sum that is written out only what runs with it is put in: the rest is the same in each term.
        let runs = |letter: &str| symbol.scripts.iter().any(|(_, script)| *script == letter);
        if self.sum.is_some_and(|(letter, _)| !runs(letter)) {
            *text += symbol.text;
            return;
        }
        // What is turned over is told apart from what is not by a sign of its own.
        let (plain, turned) = match symbol.scripts.split_last() {
            Some(((mark, script), before)) if script.ends_with('ᵀ') => {
                let script = (*mark, script.trim_end_matches('ᵀ'));
                (Symbol { scripts: [before, &[script]].concat(), ..symbol.clone() }, "ᵀ")
            }
            _ => (symbol.clone(), ""),
        };
        match self.value(&plain) {
            Some(value) => {
                put(&value, text);
                *text += turned;
            }
            None => match self.product_of(&plain) {
                Some(values) => *text += &values,
                None => self.write_as_it_is(symbol, text),
            },
        }
    }

    /// SSᵀ: symbols of one letter written without a space.
    fn product_of(&self, symbol: &Symbol<'a>) -> Option<String> {
        if !symbol.scripts.is_empty() {
            return None;
        }
        let mut values = String::new();
        for letter in symbol.base.char_indices() {
            let (at, sign) = letter;
            if sign == 'ᵀ' {
                values.push(sign);
                continue;
            }
            let text = &symbol.base[at..at + sign.len_utf8()];
            let given = self.inputs.iter().find(|given| given.symbol == text)?;
            let value = whole(given, last(given.rows));
            (!value.is_empty()).then(|| values += &value)?;
        }
        Some(values)
    }

    fn write_as_it_is(&self, symbol: &Symbol<'a>, text: &mut String) {
        let Some((letter, number)) = self.sum.filter(|_| !symbol.scripts.is_empty()) else {
            *text += symbol.text;
            return;
        };
        *text += symbol.base;
        for (mark, script) in &symbol.scripts {
            text.push(*mark);
            match *script == letter {
                true => *text += &(number + 1).to_string(),
                false => *text += script,
            }
        }
    }

    /// The numbers that a symbol stands for.
    fn value(&mut self, symbol: &Symbol<'a>) -> Option<String> {
        let (given, more) = self.given(symbol)?;
        let rows = last(given.rows);
        let at = |run: Option<(&str, usize)>| {
            let (letter, at) = run?;
            symbol.scripts.iter().any(|(_, script)| *script == letter).then_some(at)
        };
        let (row, column) = match (at(self.own), at(self.sum)) {
            (Some(row), column) => (Some(row), column),
            (None, row) => (row, None),
        };
        let called = more.last().filter(|_| row.is_none()).map(|(_, script)| *script);
        let row = match called {
            None => row,
            Some(script) => Some(match script.parse::<usize>() {
                Ok(number) => number.checked_sub(1)?,
                // Rows are called in their order.
                Err(_) => {
                    let before = self.named.iter().filter(|of| **of == given.symbol).count();
                    self.named.push(given.symbol);
                    before
                }
            }),
        };
        let value = match (row, column) {
            // A letter at something that there is one of is part of its name.
            (Some(_), _) if rows.len() == 1 && more.is_empty() => vector(&rows[0].values),
            (Some(row), Some(column)) => figure(*rows.get(row)?.values.get(column)?, 3),
            (Some(row), None) => vector(&rows.get(row)?.values),
            (None, _) => whole(&given, rows),
        };
        Some(value).filter(|value| !value.is_empty())
    }
}

/// Puts a value in; a negative number behind another sign stands in brackets, and what has brackets of
/// its own in no others.
fn put(value: &str, text: &mut String) {
    let bare = value.strip_prefix('(').and_then(|value| value.strip_suffix(')'));
    if let (Some(bare), true) = (bare, text.ends_with('(')) {
        *text += bare;
        return;
    }
    let behind = text.trim_end().ends_with(['+', '−', '·', '/']);
    match behind && value.starts_with('−') {
        true => *text += &format!("({value})"),
        false => *text += value,
    }
}

/// Terms with a plus between; dots for those that are left out.
fn join(terms: impl Iterator<Item = String>, count: usize, text: &mut String) {
    for (number, term) in terms.take(TERMS).enumerate() {
        if number > 0 {
            *text += " + ";
        }
        put(&term, text);
    }
    if count > TERMS {
        *text += " + …";
    }
}

/// How many tokens a sum goes over: to the end of its brackets, or to the next sign that ends a term.
fn body_of(rest: &[Token<'_>]) -> usize {
    let mut depth = 0;
    for (number, token) in rest.iter().enumerate() {
        let Token::Signs(signs) = token else { continue };
        for sign in signs.chars() {
            match sign {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            if depth < 0 || (depth == 0 && matches!(sign, ',' | ';' | '→' | '=')) {
                return number;
            }
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::language::Value;

    fn strip(name: &str, values: &[f32]) -> Strip {
        let name = Value::from(name);
        Strip { name, columns: vec![], products: vec![], values: values.to_vec() }
    }

    fn given<'a>(symbol: &'a str, rows: &'a [Strip]) -> Given<'a> {
        Given { symbol, rows, comes_in: false }
    }

    fn lines(formula: &str, own: (&str, &[Strip]), inputs: &[(&str, &[Strip])]) -> Vec<String> {
        let inputs: Vec<_> = inputs.iter().map(|(symbol, rows)| given(symbol, rows)).collect();
        let knobs = [("τ", 0.02), ("T", 2.0), ("σ", 0.1)];
        let lines = worked(formula, &given(own.0, own.1), &inputs, &knobs);
        lines.into_iter().map(|line| format!("{}|{}", line.of, line.formula)).collect()
    }

    #[test]
    fn a_weighted_sum_is_written_out_for_each_task() {
        let gates = [strip("click", &[0.75, 0.25]), strip("order", &[0.5, 0.5])];
        let experts = [strip("1", &[4.0, 8.0]), strip("2", &[0.0, -4.0])];
        let mixed = [strip("click", &[3.0, 5.0]), strip("order", &[2.0, 2.0])];
        assert_eq!(
            lines("f^k = Σ_i w^k_i e_i", ("f^k", &mixed), &[("e_i", &experts), ("w^k", &gates)]),
            [
                "click|f^k = 0.750 (4, 8) + 0.250 (0, −4) = (3, 5)",
                "order|f^k = 0.500 (4, 8) + 0.500 (0, −4) = (2, 2)",
            ]
        );
        // What is not told of stays a symbol, with its number.
        assert_eq!(
            lines("v^k = Σ_e w_1^k_e H_e(x)", ("v^k", &mixed), &[("w_1", &gates)])[0],
            "click|v^k = 0.750 H_1(x) + 0.250 H_2(x) = (3, 5)"
        );
    }

    #[test]
    fn vectors_are_put_in_by_their_first_numbers_and_matrices_by_shape_and_length() {
        let (long, one) = ([strip("", &[0.125; 64])], [strip("", &[0.5])]);
        assert_eq!(
            lines("z = H_uq · H_i", ("z", &one), &[("H_uq", &long), ("H_i", &long)]),
            ["|z = (0.13, 0.13, …)_64 · (0.13, 0.13, …)_64 = 0.500"]
        );
        let matrix = [strip("a", &[3.0, 0.0]), strip("b", &[0.0, 4.0])];
        assert_eq!(
            lines("E = FFN(softmax(SSᵀ/√d) S)", ("E", &matrix), &[("S", &matrix)]),
            ["|E = FFN(softmax([2×2, ‖5‖][2×2, ‖5‖]ᵀ/√d) [2×2, ‖5‖]) = [2×2, ‖5‖]"]
        );
        assert_eq!(
            lines("Q_o = mean(e^w e^wᵀ)", ("Q_o", &long), &[("e^w", &matrix)]),
            ["|Q_o = mean([2×2, ‖5‖] [2×2, ‖5‖]ᵀ) = (0.13, 0.13, …)_64"]
        );
        let named = [strip("clicks", &[1.0]), strip("carts", &[2.0])];
        assert_eq!(
            lines("x = [h_clicks; h_carts; x_d]", ("x", &long), &[("h", &named), ("x_d", &one)]),
            ["|x = [1; 2; 0.500] = (0.13, 0.13, …)_64"]
        );
    }

    #[test]
    fn knobs_are_put_in_and_what_runs_over_others_is_not() {
        let (z, chance) = ([strip("", &[0.77])], [strip("", &[0.000_036_1])]);
        assert_eq!(
            lines("ŷ = exp(z/τ) / Σ exp(z/τ)", ("ŷ", &chance), &[("z", &z)]),
            ["|ŷ = exp(0.770/0.02) / Σ exp(z/0.02) = 3.61×10⁻⁵"]
        );
        // A function is no knob, and a number below nothing stands in brackets.
        let (u, bias) = ([strip("click", &[-2.5])], [strip("", &[-0.25])]);
        assert_eq!(
            lines("σ(u_k + y_b) → y_k = σ(u_k)", ("y_k", &u), &[("u_k", &u), ("y_b", &bias)]),
            ["|σ(−2.50 + (−0.250)) → y_k = σ(−2.50) = −2.50"]
        );
    }

    #[test]
    fn products_and_sums_over_a_part_itself_are_written_out() {
        let steps = [strip("click", &[0.5]), strip("cart", &[0.25])];
        let joint = [strip("click", &[0.5]), strip("cart", &[0.125])];
        assert_eq!(
            lines("y^k = p^1 · … · p^k", ("y^k", &joint), &[("p^k", &steps)]),
            ["click|y^k = 0.500", "cart|y^k = 0.500 · 0.250 = 0.125"]
        );
        let words = [strip("oak", &[2.5]), strip("table", &[1.25])];
        assert_eq!(
            lines("s = Σ_q idf(q) · f(q,d)/2", ("s", &[strip("", &[3.75])]), &[("q", &words)]),
            ["|s = 2.50_(oak) + 1.25_(table) = 3.75"]
        );
    }

    #[test]
    fn behaviours_are_counted_for_what_is_told_of_them_is_not_computed_with() {
        let behaviours = |products: &[u32]| {
            let values = vec![2.5; products.len()];
            [Strip { products: products.to_vec(), values, ..strip("", &[]) }, strip("", &[])]
        };
        let put_in = |products: &[u32]| {
            let rows = behaviours(products);
            let given = Given { symbol: "b", rows: &rows, comes_in: true };
            let made = [strip("", &[1.0])];
            let own = Given { symbol: "h", rows: &made, comes_in: false };
            worked("h = FFN(b)", &own, &[given], &[])[0].formula.clone()
        };
        assert_eq!([&[][..], &[4, 7]].map(put_in), ["h = FFN([0×d]) = 1", "h = FFN([2×d]) = 1"]);
    }

    #[test]
    fn where_nothing_is_known_nothing_is_written() {
        assert_eq!(lines("h = FFN(A E)", ("h", &[]), &[("A", &[]), ("E", &[])]), [""; 0]);
    }
}
