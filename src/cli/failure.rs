//! Errors as a person reads them: what failed, why, and what to do.

use std::error::Error as StdError;

use miette::{Diagnostic, Report};

/// A failure of a command, with its causes and a remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    message: String,
    remedy: Option<String>,
    #[source]
    source: Option<Box<Cause>>,
}

/// A cause, and what caused it in turn.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
struct Cause {
    said: String,
    #[source]
    next: Option<Box<Cause>>,
}

/// The causes of a failure, without those that the one before tells already.
fn causes(error: &(dyn StdError + 'static)) -> Option<Box<Cause>> {
    let mut all: Vec<String> = vec![];
    let mut cause = Some(error);
    while let Some(next) = cause {
        let said = next.to_string();
        if !all.last().is_some_and(|before| before.contains(&said)) {
            all.push(said);
        }
        cause = next.source();
    }
    all.into_iter().rev().fold(None, |next, said| Some(Box::new(Cause { said, next })))
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: None, source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = causes(&*source.into());
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Writes the failure to standard error.
    pub(crate) fn print(self) {
        eprintln!("{:?}", Report::new(self));
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.remedy.as_ref().map(|remedy| Box::new(remedy) as Box<dyn std::fmt::Display>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(failure: &Failure) -> Vec<String> {
        std::iter::successors(failure.source(), |cause| (*cause).source()).map(ToString::to_string).collect()
    }

    #[test]
    fn a_cause_is_not_told_twice() {
        let chain = |all: &[&str]| {
            all.iter().rev().fold(None, |next, said| Some(Box::new(Cause { said: (*said).to_owned(), next })))
        };
        let of = |all: &[&str]| said(&Failure::new("it failed").because(*chain(all).expect("a cause")));
        assert_eq!(of(&["a file: no space", "no space", "code 28"]), ["a file: no space", "code 28"]);
        assert_eq!(of(&["one", "another"]), ["one", "another"]);
    }
}
