//! Tests of whole checks.

use std::fmt::Write as _;
use std::path::Path;

use bitbucket_port_jq::{Compiler, Environment, Limits};

use super::{Check, Finding, Level, Portability, Rule};
use crate::catalog::Blueprint;
use crate::kinds::{cloud, of_product};
use crate::mapping::released_mappings;

pub(super) fn check(text: &str, blueprints: Option<&[Blueprint]>, portability: Portability) -> Vec<Finding> {
    check_for("cloud", text, blueprints, portability)
}

fn check_for(
    product: &'static str,
    text: &str,
    blueprints: Option<&[Blueprint]>,
    portability: Portability,
) -> Vec<Finding> {
    let compiler = Compiler::new(Limits::default(), Environment::empty());
    Check { product, kinds: of_product(product), blueprints, compiler: &compiler, portability }.run(text)
}

pub(super) fn shown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = format!("{:?}", finding.level).to_lowercase();
        writeln!(text, "{} {level} {}: {}", finding.position, finding.rule.name(), finding.message).unwrap();
        if let Some(help) = &finding.help {
            writeln!(text, "    {help}").unwrap();
        }
    }
    text
}

/// A mapping with one resource of that kind, whose property `x` is that expression.
fn with_property(kind: &str, expression: &str) -> String {
    format!(
        "resources:\n  - kind: {kind}\n    selector:\n      query: 'true'\n    port:\n      entity:\n        mappings:\n          \
         identifier: .links.html.href\n          blueprint: '\"b\"'\n          properties:\n            x: {}\n",
        serde_json::to_string(expression).unwrap()
    )
}

#[test]
fn the_released_mappings_are_clean() {
    for released in released_mappings() {
        let blueprints = released.blueprints().unwrap();
        let findings = check_for(released.product, released.mapping, Some(&blueprints), Portability::Free);
        let graver: Vec<_> =
            findings.iter().filter(|finding| finding.level > Level::Note && !is_accepted(finding)).cloned().collect();
        assert!(graver.is_empty(), "{}: {}", released.name, shown(&graver));
    }
}

/// Kinds that are yet to come, and the one path that Port's own default mapping reads in vain.
fn is_accepted(finding: &Finding) -> bool {
    finding.message.starts_with("this version does not have")
        // Port's own mapping for Data Center names repositories by their slug, and its documentation pull requests by
        // their number.
        || finding.message.contains("is unique within one ")
        || finding.message == "`.reviewers[]` of a pull request has no field `user`"
}

#[test]
fn the_default_mapping_can_go_back_to_port() {
    let findings = check(crate::mapping::CLOUD_DEFAULT.mapping, None, Portability::Required);
    let errors: Vec<_> = findings.iter().filter(|finding| finding.level == Level::Error).cloned().collect();
    assert!(errors.is_empty(), "{}", shown(&errors));
}

#[test]
fn no_expression_of_the_corpus_is_a_false_error() {
    let corpus = Path::new("../shared/fixtures/jq/expressions.jsonl");
    let Ok(text) = std::fs::read_to_string(corpus) else {
        println!("skipped: ../shared is absent");
        return;
    };
    for (source, product) in [("bitbucket-cloud", "cloud"), ("bitbucket-server", "datacenter")] {
        let mut seen = 0;
        for line in text.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            if !entry["source"].as_str().is_some_and(|sources| sources.contains(source)) {
                continue;
            }
            let expression = entry["expr"].as_str().unwrap();
            let fits = |kind: &str| {
                let text = with_property(kind, expression)
                    .replace("query: 'true'", "query: 'true'\n      includedFiles: [README.md, CODEOWNERS]");
                let findings = check_for(product, &text, None, Portability::Free);
                // What stands above is of the test's own making.
                findings.iter().all(|finding| finding.level < Level::Error || finding.position.line < 11)
            };
            let kinds: Vec<&str> = of_product(product)
                .iter()
                .map(|kind| kind.name())
                .filter(|kind| *kind != "project" || !expression.contains("__"))
                .collect();
            assert!(kinds.iter().any(|kind| fits(kind)), "{expression}");
            seen += 1;
        }
        assert!(seen >= 10, "the corpus has {seen} expressions of {source}");
    }
}

#[test]
fn compiling_corpus_expressions_never_break_the_walk() {
    let corpus = Path::new("../shared/fixtures/jq/expressions.jsonl");
    let Ok(text) = std::fs::read_to_string(corpus) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let schema: serde_json::Value = serde_json::from_str(cloud::REPOSITORY.schema()).unwrap();
    let input = super::shape::Shape::from_schema(&schema, &schema).at("");
    let mut walked = 0;
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let expression = entry["expr"].as_str().unwrap();
        if super::walk::walk(&bitbucket_port_jq::double_outer_quotes(expression), &input).is_some() {
            walked += 1;
        }
    }
    assert!(walked > 100, "{walked}");
}

/// A valid mapping, line by line; the mistakes below replace single lines of it.
const VALID: &str = r#"deleteDependentEntities: true
resources:
  - kind: repository
    selector:
      query: .is_private == false
      includedFiles:
        - README.md
      userRole: member
    port:
      entity:
        mappings:
          identifier: .full_name
          title: .name
          icon: '"Microservice"'
          team: .owner.display_name
          blueprint: '"service"'
          properties:
            url: .links.html.href
            readme: .__includedFiles["README.md"]
            branch: .mainbranch.name
            private: .is_private
            size: .size
            language: .language // "none"
            lifecycle: '"production"'
            owner: .owner | .display_name
            clones: '[.links.clone[] | select(.name == "https") | .href]'
          relations:
            project: .project.key
  - kind: project
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .key
          blueprint: '"area"'
  - kind: pull-request
    selector:
      query: .state == "OPEN"
      pullRequestQuery: state="OPEN"
    port:
      itemsToParse: .participants
      itemsToParseName: participant
      entity:
        mappings:
          identifier: .destination.repository.full_name + "/" + (.id | tostring) + .participant.user.uuid
          title: .title
          blueprint: '"review"'
          properties:
            approved: .participant.approved
            at: >-
              .participant.participated_on
              // .updated_on
          relations:
            service: .destination.repository.full_name
            reviewers: '[.reviewers[].account_id]'
"#;

const BLUEPRINTS: &str = r"
- identifier: area
- identifier: service
  schema:
    properties:
      url: {type: string, format: url}
      readme: {type: string}
      branch: {type: string}
      private: {type: boolean}
      size: {type: number}
      language: {type: string}
      lifecycle: {type: string, enum: [production, experimental]}
      owner: {type: string}
      clones: {type: array}
    required: [url]
  relations:
    project: {target: area}
- identifier: review
  schema:
    properties:
      approved: {type: boolean}
      at: {type: string, format: date-time}
  relations:
    service: {target: service}
    reviewers: {target: person, many: true}
";

fn blueprints() -> Vec<Blueprint> {
    let node = crate::mapping::Node::parse(BLUEPRINTS).unwrap();
    serde_json::from_value(node.to_json()).unwrap()
}

/// The valid mapping with one line replaced, and the number of that line.
fn with_mistake(line: &str, replacement: &str) -> (String, u32) {
    let at = VALID.lines().position(|known| known.trim() == line).unwrap_or_else(|| panic!("no line `{line}`"));
    let indentation = |text: &str| text.len() - text.trim_start().len();
    let lines: Vec<String> = VALID
        .lines()
        .enumerate()
        .map(
            |(number, text)| {
                if number == at { format!("{}{replacement}", " ".repeat(indentation(text))) } else { text.to_owned() }
            },
        )
        .collect();
    (lines.join("\n") + "\n", u32::try_from(at).unwrap() + 1)
}

#[test]
fn the_valid_mapping_is_valid() {
    let findings = check(VALID, Some(&blueprints()), Portability::Free);
    assert_eq!(
        shown(&findings),
        "56:13 warning unfed-relation: the relation `reviewers` points at `person`, which no resource writes to\n    its targets must come from elsewhere, or stay empty\n"
    );
}

/// Line, what stands there instead, level, rule, and what the finding must speak of.
const MISTAKES: &[(&str, &str, Level, Rule, &str)] = &[
    ("- kind: project", "- kind: projekt", Level::Error, Rule::UnknownKind, "did you mean `project`?"),
    (
        "deleteDependentEntities: true",
        "deleteDependantEntities: true",
        Level::Warning,
        Rule::UnknownKey,
        "did you mean `deleteDependentEntities`?",
    ),
    ("userRole: member", "userRoll: member", Level::Warning, Rule::UnknownKey, "did you mean `userRole`?"),
    ("userRole: member", "userRole: boss", Level::Error, Rule::Selector, "boss"),
    ("title: .name", "titel: .name", Level::Warning, Rule::UnknownKey, "did you mean `title`?"),
    ("branch: .mainbranch.name", "branch: .mainbranch.nam", Level::Warning, Rule::UnknownField, "did you mean `name`?"),
    ("private: .is_private", "private: .isPrivate", Level::Error, Rule::UnknownField, "did you mean `is_private`?"),
    (
        "owner: .owner | .display_name",
        "owner: .owner | .displayName",
        Level::Error,
        Rule::UnknownField,
        "did you mean `display_name`?",
    ),
    (
        "clones: '[.links.clone[] | select(.name == \"https\") | .href]'",
        "clones: '[.links.clone[] | select(.nme == \"https\") | .href]'",
        Level::Error,
        Rule::UnknownField,
        "`nme`",
    ),
    ("size: .size", "size: .size |", Level::Error, Rule::Syntax, "properties.size"),
    ("query: .is_private == false", "query: .mainbranch.name", Level::Error, Rule::NotBoolean, "text"),
    ("query: .state == \"OPEN\"", "query: .mergeable", Level::Warning, Rule::NotBoolean, "null"),
    ("query: .state == \"OPEN\"", "query: select(.draft)", Level::Error, Rule::NotBoolean, "object"),
    (
        "readme: .__includedFiles[\"README.md\"]",
        "readme: .__includedFiles[\"README\"]",
        Level::Error,
        Rule::NotRequested,
        "includedFiles",
    ),
    (
        "identifier: .destination.repository.full_name + \"/\" + (.id | tostring) + .participant.user.uuid",
        "identifier: (.id | tostring) + .participant.user.uuid",
        Level::Warning,
        Rule::Identifier,
        "repository",
    ),
    (
        "identifier: .destination.repository.full_name + \"/\" + (.id | tostring) + .participant.user.uuid",
        "identifier: .destination.repository.full_name + (.id | tostring)",
        Level::Warning,
        Rule::Identifier,
        ".participant",
    ),
    ("identifier: .key", "identifier: '\"one\"'", Level::Warning, Rule::Identifier, "same for all"),
    ("url: .links.html.href", "link: .links.html.href", Level::Error, Rule::UnknownProperty, "no property `link`"),
    ("private: .is_private", "private: .links", Level::Error, Rule::WrongType, "a boolean"),
    ("lifecycle: '\"production\"'", "lifecycle: '\"retired\"'", Level::Error, Rule::WrongType, "retired"),
    ("language: .language // \"none\"", "language: 5", Level::Error, Rule::WrongType, "text"),
    ("url: .links.html.href", "# nothing", Level::Warning, Rule::MissingProperty, "`url`"),
    ("blueprint: '\"area\"'", "blueprint: area", Level::Error, Rule::Syntax, "blueprint"),
    ("blueprint: '\"area\"'", "blueprint: '\"aria\"'", Level::Error, Rule::UnknownBlueprint, "did you mean `area`?"),
    ("project: .project.key", "projekt: .project.key", Level::Error, Rule::UnknownRelation, "did you mean `project`?"),
    (
        "service: .destination.repository.full_name",
        "service: '[.reviewers[].account_id]'",
        Level::Error,
        Rule::WrongType,
        "one entity",
    ),
    (
        "reviewers: '[.reviewers[].account_id]'",
        "reviewers: .reviewers.account_id",
        Level::Error,
        Rule::UnknownField,
        "[]",
    ),
    ("itemsToParse: .participants", "itemsToParse: .title", Level::Error, Rule::WrongType, "list"),
    (
        "approved: .participant.approved",
        "approved: .participant.aproved",
        Level::Error,
        Rule::UnknownField,
        "did you mean `approved`?",
    ),
    ("// .updated_on", "// .updated_onn", Level::Error, Rule::UnknownField, "did you mean `updated_on`?"),
    ("identifier: .full_name", "# nothing", Level::Error, Rule::Document, "`identifier`"),
    ("icon: '\"Microservice\"'", "icon: .is_private", Level::Error, Rule::WrongType, "icon"),
    ("team: .owner.display_name", "team: [a]", Level::Error, Rule::Document, "`team`"),
    ("readme: .__includedFiles[\"README.md\"]", "readme: file://README.md", Level::Note, Rule::Deprecated, "README.md"),
];

#[test]
fn each_seeded_mistake_is_found_in_its_line() {
    let blueprints = blueprints();
    let mut missed = String::new();
    for (line, replacement, level, rule, speaks_of) in MISTAKES {
        let (text, number) = with_mistake(line, replacement);
        let findings = check(&text, Some(&blueprints), Portability::Free);
        let found = findings.iter().any(|finding| {
            // What is missing is reported where its map begins.
            let near = if *replacement == "# nothing" {
                finding.position.line.abs_diff(number) <= 1
            } else {
                finding.position.line == number
            };
            let words = format!("{} {}", finding.message, finding.help.as_deref().unwrap_or_default());
            near && finding.level == *level && finding.rule == *rule && words.contains(speaks_of)
        });
        if !found {
            writeln!(missed, "line {number}: {replacement}\n{}", shown(&findings)).unwrap();
        }
    }
    assert!(missed.is_empty(), "{missed}");
    assert!(MISTAKES.len() >= 20);
}

#[test]
fn every_rule_has_a_seeded_mistake() {
    let seeded: std::collections::BTreeSet<Rule> = MISTAKES.iter().map(|(_, _, _, rule, _)| *rule).collect();
    let elsewhere = [
        // In the valid mapping itself.
        Rule::UnfedRelation,
        // With `port_refuses_what_only_we_take`.
        Rule::NotPortable,
    ];
    for rule in Rule::ALL {
        assert!(seeded.contains(rule) || elsewhere.contains(rule), "{}", rule.name());
    }
}

#[test]
fn all_mistakes_at_once_are_found_at_once() {
    let mut text = VALID.to_owned();
    for (line, replacement, ..) in MISTAKES.iter().filter(|(_, replacement, ..)| *replacement != "# nothing") {
        text = text.replacen(line, replacement, 1);
    }
    let mut findings = check(&text, Some(&blueprints()), Portability::Required);
    // How a parser words its complaints is its own matter.
    let syntax: Vec<u32> =
        findings.extract_if(.., |finding| finding.rule == Rule::Syntax).map(|finding| finding.position.line).collect();
    assert_eq!(syntax, [22, 36]);
    insta::assert_snapshot!(shown(&findings));
}

#[test]
fn doubtful_expressions_are_left_alone() {
    for expression in [
        ". as $repo | $repo.name",
        ".name as $n | {a: $n} | .a",
        "to_entries | map(.key) | first",
        "[.. | .name? | strings] | first",
        "getpath([\"x\", \"y\"])",
        "def f: .anything; f",
        "reduce .links.clone[] as $c (\"\"; . + $c.href)",
        ".[\"na\" + \"me\"]",
        "if .mainbranch then .mainbranch.name else null end",
        "try .name catch \"x\"",
        ".links | keys | length | tostring",
        "{name, slug} | .name + .slug",
        "[.links[] | objects | .href] | join(\",\")",
        ".updated_on | sub(\"\\\\.[0-9]+\"; \"\") | fromdateiso8601? // 0",
        "(.mainbranch | .name), .slug",
        "env.HOME // $ENV.HOME",
        "any(.links.clone[]; .name == \"https\")",
        "[limit(1; .links.clone[] | .href)] | first",
        ".links.clone | map(select(.name == \"ssh\")) | first | .href",
        ".links.clone | group_by(.name) | map({name: .[0].name, count: length})",
        ".links | with_entries(.value |= .href)",
        "del(.links) | .name",
        ".name |= ascii_downcase | .name",
        ". as {name: $n, project: {key: $k}} | $n + $k",
        "(.mainbranch // {name: \"main\"}).name",
        "[.links.clone[] | {(.name): .href}] | add",
        "label $out | .links.clone[] | if .name == \"ssh\" then ., break $out else empty end | .href",
    ] {
        let findings = check(&with_property("repository", expression), None, Portability::Free);
        assert!(findings.is_empty(), "{expression}: {}", shown(&findings));
    }
}

#[test]
fn deep_and_long_expressions_are_checked_within_bounds() {
    for expression in [
        format!("{}.name{}", "[".repeat(240), "]".repeat(240)),
        format!("{}.name{}", "(".repeat(5_000), ")".repeat(5_000)),
        vec![".name"; 10_000].join(" | "),
        vec![".name"; 10_000].join(" + "),
        ". as $x | ".repeat(5_000) + ".name",
        "if . then ".repeat(3_000) + "1" + &" end".repeat(3_000),
    ] {
        let findings = check(&with_property("repository", &expression), None, Portability::Free);
        assert!(findings.iter().all(|finding| finding.message != "the check broke off"));
    }
}

#[test]
fn what_is_expected_to_be_missing_is_a_warning_only() {
    for expression in [".nope // .name", ".nope?", "try .nope"] {
        let findings = check(&with_property("repository", expression), None, Portability::Free);
        assert_eq!(findings.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Warning], "{expression}");
    }
}

#[test]
fn port_refuses_what_only_we_take() {
    let several = r#"
resources:
  - kind: repository
    selector:
      query: true
    port:
      itemsToParse: "[.links.clone[]]"
      entity:
        mappings:
          - identifier: .uuid + .item.name
            blueprint: '"a"'
          - identifier: .uuid + .item.href
            blueprint: '"b"'
"#;
    assert!(check(several, None, Portability::Free).is_empty());
    let rules: Vec<(Rule, u32)> = check(several, None, Portability::Required)
        .iter()
        .map(|finding| (finding.rule, finding.position.line))
        .collect();
    assert_eq!(rules, [(Rule::NotPortable, 5), (Rule::NotPortable, 7), (Rule::NotPortable, 10)]);
}

#[test]
fn what_jq_does_not_compile_is_shown_where_it_stands_with_the_remedy() {
    for (expression, piece, remedy) in [
        (".name?//1", "?//", "`? //`"),
        ("1 == 1 == .size", "== .size", "in brackets"),
        (".a = 1 = 2", "= 2", "in brackets"),
        (".size + def f: 2; f", "def", "in brackets"),
        ("{a: .size, (1): 2}", "1): 2", "tostring"),
    ] {
        let mapping = with_property("repository", expression);
        let line = mapping.lines().last().unwrap();
        let findings = check(&mapping, None, Portability::Free);
        let found = findings.iter().find(|finding| finding.rule == Rule::Syntax);
        let found = found.unwrap_or_else(|| panic!("{expression}: {}", shown(&findings)));
        assert_eq!(found.level, Level::Error, "{expression}");
        assert_eq!(Some(found.position.column as usize), line.find(piece).map(|at| at + 1), "{expression}");
        assert_eq!(found.position.line as usize, mapping.lines().count(), "{expression}");
        assert!(found.message.contains(remedy), "{expression}: {}", found.message);
    }
}

#[test]
fn broken_documents_are_one_finding_with_its_place() {
    for (text, line) in [("a: [1\nb: 2\n", 2), ("- a\n", 1), ("resources: 5\n", 1), ("entityDeletionThreshold: 7\n", 1)]
    {
        let findings = check(text, None, Portability::Free);
        assert_eq!(findings.len(), 1, "{text}: {}", shown(&findings));
        assert!(findings[0].position.line.abs_diff(line) <= 1, "{text}: {}", shown(&findings));
        assert_eq!(findings[0].level, Level::Error);
    }
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn never_breaks_the_check(text in "[ -~\\n]{0,200}", expression in "[.a-z|()\\[\\]{}\"\\\\ /?$,:0-9]{0,40}") {
            let _ = check(&text, None, Portability::Required);
            let _ = check(&with_property("repository", &expression), None, Portability::Required);
        }
    }
}
