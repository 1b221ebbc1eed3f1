//! From words to a filter.

use super::lex::{Operator, Token, tokens};

/// Parentheses nested deeper than this are refused.
const DEEPEST: usize = 50;

/// A filter that the service would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid query: {0}")]
pub(crate) struct QueryError(pub(super) String);

/// A filter, ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Compare { field: String, operator: Operator, value: Literal },
    OneOf { field: String, values: Vec<Literal>, negated: bool },
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
    Null,
}

impl Filter {
    /// Reads a filter over objects that have these fields at the top.
    pub(crate) fn parse(text: &str, fields: &[&str]) -> Result<Self, QueryError> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), fields, depth: 0 };
        let filter = parser.any()?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(unexpected(&token)),
        }
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    fields: &'a [&'a str],
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Filter, QueryError> {
        let mut parts = vec![self.all()?];
        while self.keyword("OR") {
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, QueryError> {
        let mut parts = vec![self.part()?];
        while self.keyword("AND") {
            parts.push(self.part()?);
        }
        Ok(single_or(parts, Filter::All))
    }

    fn part(&mut self) -> Result<Filter, QueryError> {
        match self.next()? {
            Token::Open => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(QueryError("too many parentheses".to_owned()));
                }
                let inner = self.any()?;
                self.depth -= 1;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Word(field) => self.comparison(field),
            other => Err(unexpected(&other)),
        }
    }

    fn comparison(&mut self, field: String) -> Result<Filter, QueryError> {
        let top = field.split('.').next().unwrap_or_default();
        if !self.fields.contains(&top) {
            return Err(QueryError(format!("unknown field {field}")));
        }
        match self.next()? {
            Token::Operator(operator) => Ok(Filter::Compare { field, operator, value: self.literal()? }),
            Token::Word(word) if word.eq_ignore_ascii_case("IN") => {
                Ok(Filter::OneOf { field, values: self.list()?, negated: false })
            }
            Token::Word(word) if word.eq_ignore_ascii_case("NOT") && self.keyword("IN") => {
                Ok(Filter::OneOf { field, values: self.list()?, negated: true })
            }
            other => Err(unexpected(&other)),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, QueryError> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.literal()?];
        loop {
            match self.next()? {
                Token::Comma => values.push(self.literal()?),
                Token::Close => return Ok(values),
                other => return Err(unexpected(&other)),
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, QueryError> {
        match self.next()? {
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Word(word) => Ok(unquoted(word)?),
            other => Err(unexpected(&other)),
        }
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let is_keyword = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.tokens.next_if(is_keyword).is_some()
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), QueryError> {
        let token = self.next()?;
        if token == *wanted { Ok(()) } else { Err(unexpected(&token)) }
    }

    fn next(&mut self) -> Result<Token, QueryError> {
        self.tokens.next().ok_or_else(|| QueryError("unexpected end".to_owned()))
    }
}

/// A number, `true`, `false`, `null`, or a date.
fn unquoted(word: String) -> Result<Literal, QueryError> {
    match word.to_ascii_lowercase().as_str() {
        "true" => return Ok(Literal::Flag(true)),
        "false" => return Ok(Literal::Flag(false)),
        "null" => return Ok(Literal::Null),
        _ => {}
    }
    match word.parse() {
        Ok(number) if f64::is_finite(number) => Ok(Literal::Number(number)),
        _ if crate::stamp::Stamp::parse(&word).is_some() => Ok(Literal::Text(word)),
        _ => Err(QueryError(format!("{word} is no value; strings stand in double quotes"))),
    }
}

fn single_or(mut parts: Vec<Filter>, group: fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            group(parts)
        }
    }
}

fn unexpected(token: &Token) -> QueryError {
    QueryError(match token {
        Token::Open => "unexpected (".to_owned(),
        Token::Close => "unexpected )".to_owned(),
        Token::Comma => "unexpected ,".to_owned(),
        Token::Operator(_) => "unexpected operator".to_owned(),
        Token::Text(text) => format!("unexpected string \"{text}\""),
        Token::Word(word) => format!("unexpected {word}"),
    })
}
