//! Findings as a person reads them: message, excerpt, remedy.

use std::fmt::Write as _;
use std::io::IsTerminal;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity};

use crate::mapping::check::{Finding, Level};

/// All findings with their excerpts, and a last line that counts them.
pub(super) fn of(name: &str, text: &str, findings: &[Finding]) -> String {
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if colours { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    drawn(name, text, findings, theme)
}

fn drawn(name: &str, text: &str, findings: &[Finding], theme: GraphicalTheme) -> String {
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_context_lines(1);
    let mut picture = String::new();
    for finding in findings {
        let report = Report::new(diagnostic(text, finding))
            .with_source_code(NamedSource::new(name, text.to_owned()).with_language("yaml"));
        // Writing to a string cannot fail; what the handler refuses is said plainly instead.
        if handler.render_report(&mut picture, report.as_ref()).is_err() {
            let _ = writeln!(picture, "{name}:{}: {}", finding.position, finding.message);
        }
        picture.push('\n');
    }
    let _ = writeln!(picture, "{name}: {}", counted(findings));
    picture
}

fn diagnostic(text: &str, finding: &Finding) -> MietteDiagnostic {
    let severity = match finding.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Advice,
    };
    let start = byte_of(text, finding);
    let length = text.get(start..).map_or(0, |rest| {
        let width = usize::try_from(finding.length).unwrap_or(1);
        rest.chars().take_while(|c| *c != '\n').take(width).map(char::len_utf8).sum()
    });
    let diagnostic = MietteDiagnostic::new(finding.message.clone())
        .with_severity(severity)
        .with_code(finding.rule.name())
        .with_label(LabeledSpan::underline(start..start + length));
    match &finding.help {
        Some(help) => diagnostic.with_help(help.clone()),
        None => diagnostic,
    }
}

/// Where a finding begins, in bytes.
fn byte_of(text: &str, finding: &Finding) -> usize {
    let before = usize::try_from(finding.position.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let column = usize::try_from(finding.position.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut lines = text.split_inclusive('\n');
    let start: usize = lines.by_ref().take(before).map(str::len).sum();
    start + lines.next().map_or(0, |line| line.chars().take(column).map(char::len_utf8).sum())
}

fn counted(findings: &[Finding]) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let parts: Vec<String> = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")]
        .into_iter()
        .map(|(level, word)| (count(level), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() { "nothing to complain of".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Position;
    use crate::mapping::check::Rule;

    #[test]
    fn findings_show_their_line() {
        let text = "resources:\n  - kind: projekt\n    selector: {query: \"true\"}\n";
        let finding = Finding {
            level: Level::Error,
            rule: Rule::UnknownKind,
            position: Position { line: 2, column: 11 },
            length: 7,
            message: "there is no kind `projekt`".to_owned(),
            help: Some("did you mean `project`?".to_owned()),
        };
        insta::assert_snapshot!(drawn("mapping.yaml", text, &[finding], GraphicalTheme::unicode_nocolor()));
    }
}
