//! Findings as build services show them beside the changed lines.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::mapping::check::{Finding, Level};

/// Workflow commands of GitHub, one a line.
pub(super) fn github(file: &str, findings: &[Finding]) -> String {
    findings.iter().map(|finding| command(file, finding)).collect::<Vec<_>>().concat()
}

fn command(file: &str, finding: &Finding) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let (line, column) = (finding.position.line, finding.position.column);
    let end = column.saturating_add(finding.length);
    let message = finding.help.iter().fold(finding.message.clone(), |text, help| format!("{text}\n{help}"));
    format!(
        "::{command} file={},line={line},col={column},endColumn={end},title={}::{}\n",
        property(file),
        property(finding.rule.name()),
        escaped(&message)
    )
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// A code quality report as GitLab reads it.
pub(super) fn gitlab(file: &str, findings: &[Finding]) -> Value {
    let issues = findings.iter().map(|finding| {
        let severity = match finding.level {
            Level::Error => "critical",
            Level::Warning => "minor",
            Level::Note => "info",
        };
        json!({
            "description": finding.help.iter().fold(finding.message.clone(), |text, help| format!("{text}; {help}")),
            "check_name": finding.rule.name(),
            "fingerprint": fingerprint(file, finding),
            "severity": severity,
            "location": { "path": file, "lines": { "begin": finding.position.line } },
        })
    });
    Value::Array(issues.collect())
}

/// Stays the same for the same fault in the same place, whatever its wording of help.
fn fingerprint(file: &str, finding: &Finding) -> String {
    let text = format!("{file}\n{}\n{}\n{}", finding.rule.name(), finding.position, finding.message);
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Position;
    use crate::mapping::check::Rule;

    fn findings() -> Vec<Finding> {
        vec![Finding {
            level: Level::Warning,
            rule: Rule::UnknownField,
            position: Position { line: 7, column: 3 },
            length: 4,
            message: "100% wrong: `a`, `b`".to_owned(),
            help: Some("did you mean `c`?".to_owned()),
        }]
    }

    #[test]
    fn github_reads_one_command_a_line() {
        assert_eq!(
            github("a,b.yaml", &findings()),
            "::warning file=a%2Cb.yaml,line=7,col=3,endColumn=7,title=unknown-field::100%25 wrong: `a`, `b`%0Adid you mean `c`?\n"
        );
    }

    #[test]
    fn gitlab_reads_a_list_of_issues() {
        let report = gitlab("m.yaml", &findings());
        assert_eq!(report[0]["severity"], "minor");
        assert_eq!(report[0]["location"], json!({ "path": "m.yaml", "lines": { "begin": 7 } }));
        assert_eq!(report[0]["fingerprint"].as_str().map(str::len), Some(64));
    }
}
