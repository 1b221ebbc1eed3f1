//! The text of an expression before it is taken apart into tokens.

/// A text that the lexer understands, and how its positions relate to the source.
#[derive(Debug)]
pub(crate) struct Normalized {
    pub(crate) code: String,
    /// Positions in `code` from which on the source is that many bytes longer.
    shifts: Vec<(usize, usize)>,
}

impl Normalized {
    /// The position in the source of a position in the code.
    pub(crate) fn in_source(&self, position: usize) -> usize {
        position + self.shifts.iter().take_while(|(at, _)| *at <= position).map(|(_, longer)| longer).sum::<usize>()
    }
}

/// Why a text cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Nested deeper than allowed.
    TooDeep,
    /// At that position of the source, an escape of the first half of a character without its second half.
    HalfCharacter(usize),
}

/// Bounds the nesting, and replaces what jq's grammar has and the lexer does not: surrogates written as two escapes, and
/// numbers with nothing behind their point.
pub(crate) fn normalize(source: &str, max_depth: usize) -> Result<Normalized, Unreadable> {
    let mut scanner = Scanner { source, at: 0, code: String::with_capacity(source.len()), shifts: Vec::new() };
    // What encloses the current position: brackets, strings, and interpolations within strings.
    let mut open: Vec<Open> = Vec::new();
    while let Some(c) = scanner.peek() {
        if matches!(open.last(), Some(Open::Text)) {
            scanner.within_text(c, &mut open)?;
        } else {
            scanner.outside_text(c, &mut open);
        }
        if open.len() > max_depth {
            return Err(Unreadable::TooDeep);
        }
    }
    Ok(Normalized { code: scanner.code, shifts: scanner.shifts })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Bracket,
    Text,
}

struct Scanner<'s> {
    source: &'s str,
    at: usize,
    code: String,
    shifts: Vec<(usize, usize)>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Copies the next bytes of the source.
    fn copy(&mut self, length: usize) {
        let piece = self.source.get(self.at..self.at + length).unwrap_or_default();
        self.code.push_str(piece);
        self.at += length;
    }

    /// Puts other text in place of the next bytes of the source.
    fn replace(&mut self, length: usize, replacement: &str) {
        self.code.push_str(replacement);
        self.at += length;
        if let Some(longer) = length.checked_sub(replacement.len()).filter(|longer| *longer > 0) {
            self.shifts.push((self.code.len(), longer));
        }
    }

    fn within_text(&mut self, c: char, open: &mut Vec<Open>) -> Result<(), Unreadable> {
        match c {
            '"' => {
                open.pop();
                self.copy(1);
            }
            '\\' => {
                let rest = self.rest();
                if rest.starts_with("\\(") {
                    open.push(Open::Bracket);
                    self.copy(2);
                } else if let Some(surrogate) = surrogate(rest) {
                    let (character, length) = match surrogate {
                        Surrogate::Pair(character) => (character, 12),
                        Surrogate::Second => (char::REPLACEMENT_CHARACTER, 6),
                        Surrogate::First => return Err(Unreadable::HalfCharacter(self.at)),
                    };
                    self.replace(length, character.encode_utf8(&mut [0; 4]));
                } else {
                    let next = rest.chars().nth(1).map_or(0, char::len_utf8);
                    self.copy(1 + next);
                }
            }
            other => self.copy(other.len_utf8()),
        }
        Ok(())
    }

    fn outside_text(&mut self, c: char, open: &mut Vec<Open>) {
        match c {
            '"' => {
                open.push(Open::Text);
                self.copy(1);
            }
            '(' | '[' | '{' => {
                open.push(Open::Bracket);
                self.copy(1);
            }
            ')' | ']' | '}' => {
                open.pop();
                self.copy(1);
            }
            '#' => {
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                self.copy(length);
            }
            '0'..='9' => self.number(),
            c if c.is_ascii_alphabetic() || c == '_' || c == '$' || c == '@' => {
                let word = self.rest().bytes().skip(1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                self.copy(1 + word);
            }
            other => self.copy(other.len_utf8()),
        }
    }

    /// Copies a number. The point of `5.` becomes a blank, that of `5.e2` is left out.
    fn number(&mut self) {
        let is_fraction = self.code.ends_with('.');
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.copy(digits);
        let Some(after) = self.rest().strip_prefix('.').filter(|_| !is_fraction) else { return };
        let fraction = after.bytes().take_while(u8::is_ascii_digit).count();
        if fraction > 0 {
            self.copy(1 + fraction);
        } else if is_exponent(after) {
            self.replace(1, "");
            self.copy(1);
        } else {
            self.replace(1, " ");
        }
    }
}

/// Whether a text begins with an exponent such as `e2` or `E-2`.
fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
}

/// What escapes of surrogates stand for.
enum Surrogate {
    /// Two that make one character.
    Pair(char),
    /// The first half of a character alone, which jq refuses.
    First,
    /// The second half alone, which jq replaces.
    Second,
}

/// The escape of one or two surrogates that a text begins with.
fn surrogate(text: &str) -> Option<Surrogate> {
    let unit = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text).filter(|unit| (0xd800..0xe000).contains(unit))?;
    if first >= 0xdc00 {
        return Some(Surrogate::Second);
    }
    let second = text.get(6..).and_then(unit).filter(|unit| (0xdc00..0xe000).contains(unit));
    let pair = second.and_then(|second| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
    Some(pair.map_or(Surrogate::First, Surrogate::Pair))
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn surrogates_and_numbers_are_replaced_and_positions_kept() {
        let source = r#""\ud83d\ude00" + 5. + x"#;
        let normalized = normalize(source, 8).expect("shallow");
        assert_eq!(normalized.code, "\"\u{1f600}\" + 5  + x");
        let at = normalized.code.find('x').expect("an x");
        assert_eq!(source.get(normalized.in_source(at)..), Some("x"));
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        assert!(normalize("\"((((((((((\" # ((((((((((", 2).is_ok());
        assert!(normalize("\"\\(\"\\(\"\\(1)\")\")\"", 3).is_err());
        assert!(normalize(&"(".repeat(100), 64).is_err());
    }
}
