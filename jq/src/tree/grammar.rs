//! What the parser takes and jq's grammar does not, as far as the tokens of a block tell.

use jaq_core::load::lex::{Tok, Token};

use super::adjacent;
use super::folds::is_fold;
use super::key::kind_of_key;

/// Why an expression is refused before it is parsed.
#[derive(Debug)]
pub(crate) enum Refusal<'s> {
    /// Nested deeper than allowed.
    TooDeep,
    /// A piece of the code stands where jq takes none like it.
    Misplaced {
        piece: &'s str,
        /// What is wrong and the remedy, in a sentence without full stop.
        message: String,
    },
}

impl<'s> Refusal<'s> {
    fn at(piece: &'s str, message: impl Into<String>) -> Self {
        Self::Misplaced { piece, message: message.into() }
    }
}

/// Refuses what jq does not take in the tokens of one block, whose inner blocks are done already.
pub(super) fn check<'s>(opening: Opening, tokens: &[Token<&'s str>]) -> Result<(), Refusal<'s>> {
    alternatives(tokens)?;
    chains(tokens)?;
    definitions(opening, tokens)?;
    match opening {
        Opening::Brace => keys(tokens),
        Opening::Other => Ok(()),
    }
}

/// What opens a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// The braces of an object or of a pattern.
    Brace,
    /// Another bracket, an interpolation, or the start of the expression.
    Other,
}

impl Opening {
    /// What opens a block of that text.
    pub(super) fn of(block: &str) -> Self {
        if block.starts_with('{') { Self::Brace } else { Self::Other }
    }
}

pub(super) fn is_word(token: &Token<&str>, word: &str) -> bool {
    token.0 == word && matches!(token.1, Tok::Word)
}

pub(super) fn is_assignment(token: &Token<&str>) -> bool {
    matches!(token.1, Tok::Sym) && matches!(token.0, "=" | "|=" | "+=" | "-=" | "*=" | "/=" | "%=" | "//=")
}

fn is_comparison(token: &Token<&str>) -> bool {
    matches!(token.1, Tok::Sym) && matches!(token.0, "==" | "!=" | "<" | ">" | "<=" | ">=")
}

/// `?//` is one token, which stands between patterns only.
fn alternatives<'s>(tokens: &[Token<&'s str>]) -> Result<(), Refusal<'s>> {
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        if is_word(token, "as") {
            rest.next();
            while matches!(rest.as_slice(), [question, slashes, ..] if is_join(question, slashes)) {
                // The operator's two tokens and the next pattern.
                rest.nth(2);
            }
        } else if let Some(slashes) = rest.as_slice().first()
            && is_question(token)
            && slashes.0.starts_with("//")
            && adjacent(token.0, slashes.0)
        {
            let message = "`?//` is one operator in jq, for patterns behind `as`: write `? //` with a blank between";
            return Err(Refusal::at(token.0, message));
        }
    }
    Ok(())
}

fn is_question(token: &Token<&str>) -> bool {
    token.0 == "?" && matches!(token.1, Tok::Sym)
}

/// Whether two tokens are the operator `?//` between patterns.
pub(super) fn is_join(question: &Token<&str>, slashes: &Token<&str>) -> bool {
    is_question(question) && slashes.0 == "//" && matches!(slashes.1, Tok::Sym) && adjacent(question.0, slashes.0)
}

/// Which operators that do not chain stand before the current token, with none between that binds looser.
#[derive(Default)]
struct Before {
    comparison: bool,
    assignment: bool,
}

/// Comparisons do not chain, nor do assignments.
fn chains<'s>(tokens: &[Token<&'s str>]) -> Result<(), Refusal<'s>> {
    let mut before = Before::default();
    // What stood before each `if` that is open.
    let mut around: Vec<Before> = Vec::new();
    let mut previous: Option<&Token<&'s str>> = None;
    for token in tokens {
        let joins_patterns = previous.replace(token).is_some_and(|previous| is_join(previous, token));
        if is_comparison(token) {
            if before.comparison {
                return Err(Refusal::at(token.0, "comparisons do not chain: put one of them in brackets"));
            }
            before.comparison = true;
        } else if is_assignment(token) {
            if before.assignment {
                let message = "assignments do not chain: put one of them in brackets, or join them with `|`";
                return Err(Refusal::at(token.0, message));
            }
            before = Before { comparison: false, assignment: true };
        } else if is_word(token, "and") || is_word(token, "or") {
            before.comparison = false;
        } else if is_word(token, "if") {
            around.push(std::mem::take(&mut before));
        } else if is_word(token, "end") {
            before = around.pop().unwrap_or_default();
        } else if separates(token) && !joins_patterns {
            before = Before::default();
        }
    }
    Ok(())
}

/// Whether what an operator takes ends with the token, whatever the operator.
fn separates(token: &Token<&str>) -> bool {
    match token.1 {
        Tok::Sym => matches!(token.0, "|" | "," | ";" | ":" | "//"),
        Tok::Word => matches!(token.0, "then" | "elif" | "else"),
        _ => false,
    }
}

/// A definition is no operand, nor is a label. In the value of a key neither stands, nor does `as`.
fn definitions<'s>(opening: Opening, tokens: &[Token<&'s str>]) -> Result<(), Refusal<'s>> {
    // Open `if`s: within them, anything may stand.
    let mut ifs = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
        let in_value = opening == Opening::Brace && ifs == 0;
        let is_key = in_value && before(1).is_none_or(|before| before.0 == ",");
        if is_key || !matches!(token.1, Tok::Word) {
            continue;
        }
        let is_misplaced = in_value || before(1).is_some_and(takes_operand);
        let message = match token.0 {
            "def" if is_misplaced => "a definition is no operand: put it and what follows in brackets",
            "label" if is_misplaced => "a label is no operand: put it and what follows in brackets",
            "as" if in_value && !before(2).is_some_and(is_fold) => {
                "the value of a key takes no `as`: put the value in brackets"
            }
            "if" => {
                ifs += 1;
                continue;
            }
            "end" => {
                ifs = ifs.saturating_sub(1);
                continue;
            }
            _ => continue,
        };
        return Err(Refusal::at(token.0, message));
    }
    Ok(())
}

/// Whether only an operand may follow the token.
fn takes_operand(token: &Token<&str>) -> bool {
    match token.1 {
        Tok::Sym => {
            is_comparison(token) || is_assignment(token) || matches!(token.0, "+" | "-" | "*" | "/" | "%" | "//")
        }
        Tok::Word => is_fold(token) || matches!(token.0, "and" | "or" | "try" | "catch"),
        _ => false,
    }
}

/// A key in brackets that is known before the expression runs must be text.
fn keys<'s>(tokens: &[Token<&'s str>]) -> Result<(), Refusal<'s>> {
    let mut starts = true;
    for pair in tokens.windows(2) {
        let [token, next] = pair else { break };
        if starts && token.0 == "$__loc__" && next.0 == ":" {
            return Err(Refusal::at(next.0, "`$__loc__` as a key takes no value: write it alone, or a name"));
        }
        if let (true, ":", Token(text, Tok::Block(inner))) = (starts, next.0, token)
            && text.starts_with('(')
            && let Some(kind) = kind_of_key(inner)
        {
            let message = format!("a key is text, not {kind}: quote it, or turn it into text with `| tostring`");
            return Err(Refusal::at(inner.first().map_or(*text, |first| first.0), message));
        }
        starts = token.0 == ",";
    }
    Ok(())
}
