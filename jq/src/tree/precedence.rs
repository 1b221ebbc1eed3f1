//! Assignments bind tighter than `//` in jq, and looser in the parser: `a // b = c // d` is `a // (b = c) // d`.

use jaq_core::load::lex::{Tok, Token};

use super::folds::is_fold;
use super::grammar::{is_assignment, is_word};

/// What stands between two operators that bind looser than `//`.
#[derive(Default)]
struct Segment {
    /// Where the pieces between the `//` of the segment start.
    starts: Vec<usize>,
    /// Those that assign.
    assigning: Vec<usize>,
}

impl Segment {
    fn at(start: usize) -> Self {
        Self { starts: vec![start], assigning: Vec::new() }
    }

    /// Puts the assignments of the segment, which lies at the end of the tokens, into brackets.
    fn close(self, tokens: &mut Vec<Token<&str>>) {
        if self.starts.len() < 2 {
            return;
        }
        let mut end = tokens.len();
        for (position, start) in self.starts.into_iter().enumerate().rev() {
            if self.assigning.contains(&position) {
                let mut inner: Vec<_> = tokens.drain(start..end).collect();
                inner.push(Token(")", Tok::Sym));
                tokens.insert(start, Token("(", Tok::Block(inner)));
            }
            // The `//` before the piece.
            end = start.saturating_sub(1);
        }
    }
}

/// Puts assignments beside `//` into brackets. The tokens are those of one block, whose inner blocks are done already.
pub(super) fn bracket_assignments(tokens: Vec<Token<&str>>) -> Vec<Token<&str>> {
    let assigns = |token: &Token<&str>| is_assignment(token);
    if !tokens.iter().any(assigns) || !tokens.iter().any(is_alternative) {
        return tokens;
    }
    let mut output = Vec::with_capacity(tokens.len());
    // The innermost `if … end` last.
    let mut segments = vec![Segment::at(0)];
    for token in tokens {
        let alternative = is_alternative(&token);
        if let (true, Some(segment)) = (is_assignment(&token), segments.last_mut()) {
            segment.assigning.push(segment.starts.len() - 1);
        }
        // The `as` of a `reduce` or `foreach` stands behind the one token that it runs through.
        let binds = is_word(&token, "as") && !output.iter().nth_back(1).is_some_and(is_fold);
        let separates = binds || separates(&token);
        if (separates || is_word(&token, "end"))
            && let Some(segment) = segments.pop()
        {
            segment.close(&mut output);
        }
        let opens = is_word(&token, "if");
        output.push(token);
        if alternative && let Some(segment) = segments.last_mut() {
            segment.starts.push(output.len());
        }
        if separates || opens {
            segments.push(Segment::at(output.len()));
        }
    }
    if let Some(segment) = segments.pop() {
        segment.close(&mut output);
    }
    output
}

fn is_alternative(token: &Token<&str>) -> bool {
    token.0 == "//" && matches!(token.1, Tok::Sym)
}

/// Whether an operand of `//` or of an assignment ends with the token.
fn separates(token: &Token<&str>) -> bool {
    match token.1 {
        Tok::Sym => matches!(token.0, "|" | "," | ";" | ":" | ")" | "]" | "}"),
        Tok::Word => matches!(token.0, "then" | "elif" | "else"),
        _ => false,
    }
}
