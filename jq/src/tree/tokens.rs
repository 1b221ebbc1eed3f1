//! Tokens that the parser does not know yet.

use jaq_core::load::lex::{StrPart, Tok, Token};

use super::folds::bracket_items;
use super::grammar::{self, Opening, Refusal};
use super::precedence::bracket_assignments;

/// The name of the variable that marks an array pattern as alternatives: `p ?// q` is handed to the parser as
/// `[p, q, $__alternatives]`, and [`super::Rewriter`] takes it apart again.
pub(crate) const ALTERNATIVES: &str = "$__alternatives";

/// Bounds how deep the parser goes, refuses what jq's grammar does, and rewrites what the parser does not know:
/// `p ?// q`, numbers such as `.5`, and how tightly assignments bind.
pub(crate) fn prepare<'s>(
    code: &'s str,
    tokens: Vec<Token<&'s str>>,
    depth: usize,
) -> Result<Vec<Token<&'s str>>, Refusal<'s>> {
    block(code, Opening::Other, tokens, depth)
}

fn block<'s>(
    code: &'s str,
    opening: Opening,
    tokens: Vec<Token<&'s str>>,
    depth: usize,
) -> Result<Vec<Token<&'s str>>, Refusal<'s>> {
    // Each operator and keyword may nest what follows it; commas and semicolons do not.
    let nesting = tokens.iter().filter(|token| nests(token)).count();
    let left = depth.checked_sub(nesting).ok_or(Refusal::TooDeep)?;
    let mut output: Vec<Token<&'s str>> = Vec::with_capacity(tokens.len());
    let tokens = tokens.into_iter().peekable();
    for Token(text, token) in tokens {
        let token = match token {
            Tok::Block(inner) => Tok::Block(block(code, Opening::of(text), inner, left)?),
            Tok::Str(parts) => Tok::Str(text_parts(code, parts, left)?),
            Tok::Num => {
                let follows_point = matches!(output.last(), Some(Token(".", Tok::Sym)))
                    && starts_at(code, text)
                        .is_some_and(|start| code.get(..start).is_some_and(|code| code.ends_with('.')));
                if let Some(with_point) = follows_point.then(|| with_point(code, text)).flatten() {
                    output.pop();
                    output.push(Token(with_point, Tok::Num));
                    continue;
                }
                Tok::Num
            }
            other => other,
        };
        output.push(Token(text, token));
    }
    finish(opening, output)
}

/// Checks and rewrites the tokens of a block, whose inner blocks are done already.
fn finish(opening: Opening, tokens: Vec<Token<&str>>) -> Result<Vec<Token<&str>>, Refusal<'_>> {
    let tokens = bracket_items(tokens, |items| finish(Opening::Other, items))?;
    grammar::check(opening, &tokens)?;
    Ok(bracket_assignments(alternatives(tokens)))
}

fn nests(token: &Token<&str>) -> bool {
    match token.1 {
        Tok::Sym => {
            !matches!(token.0, "," | ";" | ":" | "." | ".." | "?" | ")" | "]" | "}") && !token.0.starts_with('.')
        }
        Tok::Word => matches!(
            token.0,
            "def" | "if" | "elif" | "try" | "catch" | "label" | "reduce" | "foreach" | "as" | "and" | "or"
        ),
        Tok::Block(_) => true,
        _ => false,
    }
}

fn text_parts<'s>(
    code: &'s str,
    parts: Vec<StrPart<&'s str, Token<&'s str>>>,
    depth: usize,
) -> Result<Vec<StrPart<&'s str, Token<&'s str>>>, Refusal<'s>> {
    let part = |part| match part {
        StrPart::Term(Token(text, Tok::Block(inner))) => {
            block(code, Opening::Other, inner, depth).map(|inner| StrPart::Term(Token(text, Tok::Block(inner))))
        }
        other => Ok(other),
    };
    parts.into_iter().map(part).collect()
}

/// Where a piece of the code starts in it.
fn starts_at(code: &str, piece: &str) -> Option<usize> {
    (piece.as_ptr().addr()).checked_sub(code.as_ptr().addr()).filter(|start| *start <= code.len())
}

/// Whether a piece of the code stands right before another.
pub(super) fn adjacent(first: &str, second: &str) -> bool {
    first.as_ptr().addr().checked_add(first.len()) == Some(second.as_ptr().addr())
}

/// The number with the point before it.
fn with_point<'s>(code: &'s str, number: &'s str) -> Option<&'s str> {
    let start = starts_at(code, number)?.checked_sub(1)?;
    code.get(start..start + 1 + number.len())
}

/// Writes `{$name: pattern}` as `{$name, name: pattern}`, which the parser knows.
fn without_shorthands<'s>(Token(text, token): Token<&'s str>) -> Token<&'s str> {
    let Tok::Block(inner) = token else { return Token(text, token) };
    let mut output: Vec<Token<&'s str>> = Vec::with_capacity(inner.len());
    let mut inner = inner.into_iter().map(without_shorthands).peekable();
    while let Some(token) = inner.next() {
        let name = match token {
            Token(name, Tok::Var) if text.starts_with('{') => name.strip_prefix('$'),
            _ => None,
        };
        let is_key = matches!(output.last(), None | Some(Token(",", Tok::Sym)));
        output.push(token);
        if let (Some(name), true, Some(Token(":", Tok::Sym))) = (name, is_key, inner.peek()) {
            output.extend([Token(",", Tok::Sym), Token(name, Tok::Word)]);
        }
    }
    Token(text, Tok::Block(output))
}

/// Joins the patterns of `as p ?// q |` into one.
fn alternatives<'s>(tokens: Vec<Token<&'s str>>) -> Vec<Token<&'s str>> {
    let mut output: Vec<Token<&'s str>> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        let is_as = grammar::is_word(&token, "as");
        output.push(token);
        if !is_as {
            continue;
        }
        let mut patterns: Vec<Token<&'s str>> = tokens.next().map(without_shorthands).into_iter().collect();
        while matches!(tokens.as_slice(), [question, slashes, ..] if grammar::is_join(question, slashes)) {
            patterns.extend(tokens.nth(2).map(without_shorthands));
        }
        if patterns.len() < 2 {
            output.extend(patterns);
            continue;
        }
        let mut inner = Vec::new();
        for pattern in patterns {
            inner.push(pattern);
            inner.push(Token(",", Tok::Sym));
        }
        inner.push(Token(ALTERNATIVES, Tok::Var));
        inner.push(Token("]", Tok::Sym));
        output.push(Token("[", Tok::Block(inner)));
    }
    output
}
