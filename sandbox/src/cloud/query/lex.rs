//! From text to words.

use super::parse::QueryError;

/// One word of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Operator(Operator),
    /// A quoted string, unescaped.
    Text(String),
    /// A field, a keyword, a number or a date: whatever stands without quotes.
    Word(String),
}

/// How a field and a value are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Two-character operators come first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::NotEqual),
    ("!~", Operator::NotContains),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("~", Operator::Contains),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '"' => quoted(rest)?,
            _ => match OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)) {
                Some((sign, operator)) => (Token::Operator(*operator), sign.len()),
                None => word(rest)?,
            },
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str) -> Result<(Token, usize), QueryError> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return Ok((Token::Text(content), position + 1)),
            '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    Err(QueryError("a string is not closed".to_owned()))
}

fn word(text: &str) -> Result<(Token, usize), QueryError> {
    let belongs = |character: char| character.is_alphanumeric() || "_.-+:*{}".contains(character);
    let length = text.find(|character| !belongs(character)).unwrap_or(text.len());
    if length == 0 {
        let character = text.chars().next().unwrap_or(' ');
        return Err(QueryError(format!("unexpected character {character:?}")));
    }
    Ok((Token::Word(text[..length].to_owned()), length))
}
