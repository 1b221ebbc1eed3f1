//! What `reduce` and `foreach` run through: any operand in jq, and a term without operators to the parser.

use jaq_core::load::lex::{Tok, Token};

use super::grammar::is_word;

/// The tokens behind a `reduce` or `foreach` whose `as` is to come.
struct Items {
    start: usize,
    /// How many `if`s are open within them.
    ifs: usize,
}

/// Puts what `reduce` and `foreach` run through into brackets, which `inner` makes of the tokens within.
pub(super) fn bracket_items<'s, E>(
    tokens: Vec<Token<&'s str>>,
    inner: impl Fn(Vec<Token<&'s str>>) -> Result<Vec<Token<&'s str>>, E>,
) -> Result<Vec<Token<&'s str>>, E> {
    let mut output: Vec<Token<&'s str>> = Vec::with_capacity(tokens.len());
    let mut open: Vec<Items> = Vec::new();
    for token in tokens {
        if is_fold(&token) {
            output.push(token);
            open.push(Items { start: output.len(), ifs: 0 });
            continue;
        }
        if let Some(items) = open.last_mut() {
            if is_word(&token, "if") {
                items.ifs += 1;
            } else if items.ifs > 0 {
                items.ifs -= usize::from(is_word(&token, "end"));
            } else if is_word(&token, "as") {
                let start = items.start;
                open.pop();
                if output.len() > start + 1 {
                    let mut items = inner(output.drain(start..).collect())?;
                    items.push(Token(")", Tok::Sym));
                    output.push(Token("(", Tok::Block(items)));
                }
            } else if separates(&token) {
                open.pop();
            }
        }
        output.push(token);
    }
    Ok(output)
}

/// Whether the token begins a `reduce` or `foreach`, unless it is a key.
pub(super) fn is_fold(token: &Token<&str>) -> bool {
    is_word(token, "reduce") || is_word(token, "foreach")
}

/// Whether no operand has the token in it.
fn separates(token: &Token<&str>) -> bool {
    match token.1 {
        Tok::Sym => matches!(token.0, "|" | "," | ";" | ":"),
        Tok::Word => matches!(token.0, "def" | "label" | "then" | "elif" | "else" | "end"),
        _ => false,
    }
}
