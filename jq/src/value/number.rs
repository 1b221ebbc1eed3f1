//! Numbers: doubles, but for literals that pass through unchanged.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use smol_str::SmolStr;

/// Integers up to this magnitude are exact as doubles.
const EXACT: i64 = 1 << 53;

/// A number. Arithmetic is that of doubles; a literal keeps its digits until it is calculated with.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    /// A whole number.
    Int(i64),
    /// Any other double.
    Float(f64),
    /// A literal that neither of the others holds exactly.
    Literal(Arc<Literal>),
}

/// A literal as jq keeps it.
#[derive(Debug)]
pub(crate) struct Literal {
    value: f64,
    /// The decimal text in the form that jq writes.
    text: SmolStr,
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Int)
    }
}

impl Number {
    /// The result of a calculation.
    pub(crate) fn from_f64(value: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        if value.fract() == 0.0 && value.abs() < EXACT as f64 && !(value == 0.0 && value.is_sign_negative()) {
            Self::Int(value as i64)
        } else {
            Self::Float(value)
        }
    }

    /// A literal of a program or a document. The text must be a number in JSON's grammar.
    pub(crate) fn from_literal(text: &str) -> Self {
        if text.len() < 19
            && text != "-0"
            && let Ok(value) = text.parse()
        {
            return Self::Int(value);
        }
        Self::from_long_literal(text)
    }

    /// A number whose point may stand at either end, after a minus at most.
    pub(crate) fn from_loose(text: &str) -> Option<Self> {
        let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        if let Some(exponent) = exponent {
            let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if unsigned.is_empty() || !digits(unsigned) {
                return None;
            }
        }
        Some(Self::from_literal(&format!("{sign}{}", unsigned.trim_end_matches('.'))))
    }

    fn from_long_literal(text: &str) -> Self {
        let canonical = canonical(text);
        if let Ok(value) = canonical.parse::<i64>()
            && canonical != "-0"
        {
            return Self::Int(value);
        }
        let value = text.parse().unwrap_or(f64::NAN);
        let float = Self::Float(value);
        if float.to_string() == canonical {
            return float;
        }
        Self::Literal(Arc::new(Literal { value, text: SmolStr::new(canonical) }))
    }

    pub(crate) fn to_f64(&self) -> f64 {
        match self {
            Self::Int(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Literal(literal) => literal.value,
        }
    }

    /// The number as an array index or count: without its fraction, saturating. `None` for NaN.
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which suits an index")]
    pub(crate) fn to_index(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            other => Some(other.to_f64()).filter(|value| !value.is_nan()).map(|value| value as i64),
        }
    }

    pub(crate) fn is_nan(&self) -> bool {
        self.to_f64().is_nan()
    }

    /// The number with the other sign. A literal keeps its digits, and 0 has no sign.
    pub(crate) fn negated(&self) -> Self {
        match self {
            Self::Int(value) => value.checked_neg().map_or(Self::Float(-(*value as f64)), Self::Int),
            Self::Float(value) => Self::Float(-value),
            Self::Literal(literal) if literal.value == 0.0 => self.clone(),
            Self::Literal(literal) => {
                let text = literal.text.strip_prefix('-').map_or_else(|| format!("-{}", literal.text), str::to_owned);
                Self::Literal(Arc::new(Literal { value: -literal.value, text: SmolStr::new(text) }))
            }
        }
    }

    /// Two literals by all their digits. `None` if one of the numbers is none, or both are on either side of 0.
    pub(crate) fn compare_literals(left: &Self, right: &Self) -> Option<Ordering> {
        let (left, right) = match (left, right) {
            (Self::Literal(left), Self::Literal(right)) => (left.text.clone(), right.text.clone()),
            (Self::Literal(left), Self::Int(right)) => (left.text.clone(), SmolStr::new(right.to_string())),
            (Self::Int(left), Self::Literal(right)) => (SmolStr::new(left.to_string()), right.text.clone()),
            _ => return None,
        };
        let (left, right) = match (left.strip_prefix('-'), right.strip_prefix('-')) {
            (None, None) => (left.as_str(), right.as_str()),
            (Some(left), Some(right)) => (right, left),
            _ => return None,
        };
        let ((left, left_point), (right, right_point)) = (magnitude(left), magnitude(right));
        Some(left_point.cmp(&right_point).then_with(|| left.cmp(&right)))
    }

    /// The exact integer that a literal beyond the other forms stands for.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Literal(literal) => literal.text.parse().ok(),
            Self::Int(value) => u64::try_from(*value).ok(),
            Self::Float(_) => None,
        }
    }

    /// Adds exactly where both numbers and the result are exact as doubles.
    pub(crate) fn exact(left: &Self, right: &Self, op: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        let (Self::Int(left), Self::Int(right)) = (left, right) else { return None };
        let exact = |value: i64| (-EXACT..=EXACT).contains(&value);
        if !exact(*left) || !exact(*right) {
            return None;
        }
        op(*left, *right).filter(|result| exact(*result)).map(Self::Int)
    }

    /// Appends the text that `tojson` gives.
    pub(crate) fn write(&self, output: &mut String) {
        match self {
            Self::Int(value) => _ = write!(output, "{value}"),
            Self::Float(value) => write_double(*value, output),
            Self::Literal(literal) => output.push_str(&literal.text),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

/// Writes a double as jq does: the shortest digits that read back the same, at most 17; an exponent if the number is
/// below 1e-4 or needs more than 15 zeros behind its digits.
fn write_double(value: f64, output: &mut String) {
    if value.is_nan() {
        output.push_str("null");
        return;
    }
    if value.is_infinite() {
        return write_double(f64::MAX.copysign(value), output);
    }
    if value == 0.0 {
        output.push_str(if value.is_sign_negative() { "-0" } else { "0" });
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    output.push_str(sign);
    write_digits(&digits, exponent + 1, output);
}

/// Writes `0.digits × 10^point`.
fn write_digits(digits: &str, point: i32, output: &mut String) {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if point <= -4 || point > count.saturating_add(15) {
        let (first, rest) = digits.split_at(1);
        output.push_str(first);
        if !rest.is_empty() {
            output.push('.');
            output.push_str(rest);
        }
        let exponent = point - 1;
        let sign = if exponent < 0 { '-' } else { '+' };
        _ = write!(output, "e{sign}{:02}", exponent.abs());
    } else if point <= 0 {
        output.push_str("0.");
        output.extend((point..0).map(|_| '0'));
        output.push_str(digits);
    } else if point >= count {
        output.push_str(digits);
        output.extend((count..point).map(|_| '0'));
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        output.push_str(whole);
        output.push('.');
        output.push_str(fraction);
    }
}

/// The decimal text that jq keeps of a literal: digits as written without leading zeros, an exponent only where the
/// number has one that does not cancel out or is below 1e-6.
fn canonical(text: &str) -> String {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent =
        exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let trimmed = all.trim_start_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let scale = exponent.clamp(-1_000_000_000, 1_000_000_000) - i64::try_from(fraction.len()).unwrap_or(0);
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let adjusted = scale + count - 1;
    let mut output = sign.to_owned();
    if scale <= 0 && adjusted >= -6 {
        write_plain(digits, count + scale, &mut output);
    } else {
        let (first, rest) = digits.split_at(1);
        output.push_str(first);
        if !rest.is_empty() {
            output.push('.');
            output.push_str(rest);
        }
        if adjusted != 0 {
            _ = write!(output, "E{}{}", if adjusted < 0 { '-' } else { '+' }, adjusted.abs());
        }
    }
    output
}

/// The significant digits of an unsigned decimal text, and where its point stands relative to the first of them.
fn magnitude(text: &str) -> (String, i64) {
    let (mantissa, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).unwrap_or(0);
    let point = i64::try_from(whole.len()).unwrap_or(0) - zeros + exponent.parse::<i64>().unwrap_or(0);
    let digits = digits.trim_end_matches('0');
    (digits.to_owned(), if digits.is_empty() { i64::MIN } else { point })
}

/// Writes digits with the decimal point after the first `point` of them.
fn write_plain(digits: &str, point: i64, output: &mut String) {
    if point <= 0 {
        output.push_str("0.");
        output.extend((point..0).map(|_| '0'));
        output.push_str(digits);
        return;
    }
    let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0).min(digits.len()));
    output.push_str(whole);
    if !fraction.is_empty() {
        output.push('.');
        output.push_str(fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn literals_keep_their_digits() {
        for (literal, text) in [
            ("1.000", "1.000"),
            ("1e2", "1E+2"),
            ("-0", "-0"),
            ("-0.0", "-0.0"),
            ("1.50", "1.50"),
            ("0.00001", "0.00001"),
            ("0.00000001", "1E-8"),
            ("1e1000", "1E+1000"),
            ("123456.789e3", "123456789"),
            ("0.1e1", "1"),
            ("12e-1", "1.2"),
            ("1.0e0", "1.0"),
            ("12345678901234567890", "12345678901234567890"),
            ("9223372036854775807", "9223372036854775807"),
            ("3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288"),
        ] {
            assert_eq!(Number::from_literal(literal).to_string(), text);
        }
    }

    #[test]
    fn results_are_written_with_the_shortest_digits() {
        for (value, text) in [
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (1.5e17, "1.5e+17"),
            (1.234_567_890_123_456_7e19, "12345678901234567000"),
            (1e17 / 3.0, "33333333333333332"),
            (1e18 / 3.0, "333333333333333300"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.1e-7, "1.1e-07"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "1.7976931348623157e+308"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(Number::from_f64(value).to_string(), text);
        }
    }
}
