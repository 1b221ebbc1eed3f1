//! What Bitbucket says in the body of an error.

use serde::Deserialize;
use serde_json::Value;

/// Longest text shown of an error.
const LONGEST: usize = 400;

/// Bitbucket's own words on an error, in one line, with scopes where it names them.
///
/// Cloud sends `{"type": "error", "error": {"message", "detail"}}`, Data Center `{"errors": [{"message"}]}`, the
/// token endpoint `{"error_description"}`. An HTML page comes from a proxy or a login page in between.
pub(crate) fn error_text(body: &[u8]) -> Option<String> {
    let found = match serde_json::from_slice::<Body>(body) {
        Ok(body) => body.text(),
        Err(_) => page_text(body),
    };
    found.map(|text| one_line(&text)).filter(|text| !text.is_empty())
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    errors: Option<Value>,
    #[serde(default)]
    error_description: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
}

impl Body {
    fn text(&self) -> Option<String> {
        let cloud = self.error.as_ref().and_then(cloud_text);
        let described = || text_of(self.error_description.as_ref());
        cloud
            .or_else(|| data_center_text(self.errors.as_ref()))
            .or_else(described)
            .or_else(|| text_of(self.message.as_ref()))
    }
}

fn text_of(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn cloud_text(error: &Value) -> Option<String> {
    let message = text_of(error.get("message"));
    let detail = error.get("detail");
    let explained = text_of(detail).or_else(|| scopes_text(detail?));
    match (message, explained) {
        (Some(message), Some(detail)) if !message.contains(&detail) => Some(format!("{message} ({detail})")),
        (message, detail) => message.or(detail),
    }
}

fn scopes_text(detail: &Value) -> Option<String> {
    let list = |key| {
        let scopes = detail.get(key).and_then(Value::as_array)?;
        Some(scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
    };
    let required = list("required").filter(|scopes| !scopes.is_empty())?;
    let granted = list("granted").filter(|scopes| !scopes.is_empty());
    Some(format!("needs the scope {required}, has {}", granted.as_deref().unwrap_or("none")))
}

fn data_center_text(errors: Option<&Value>) -> Option<String> {
    let messages: Vec<_> =
        errors?.as_array()?.iter().filter_map(|error| text_of(error.get("message"))).take(3).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

fn page_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4096))?);
    let lower = text.to_ascii_lowercase();
    let looks_like_html = lower.contains("<html") || lower.trim_start().starts_with("<!doctype");
    if !looks_like_html {
        return Some(text.into_owned());
    }
    let title = lower.find("<title>").map(|start| start + "<title>".len()).and_then(|start| {
        let length = lower.get(start..)?.find('<')?;
        text.get(start..start + length)
    });
    Some(match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page {title:?} instead of JSON: a proxy or a login page may stand in between"),
        None => "an HTML page instead of JSON: a proxy or a login page may stand in between".to_owned(),
    })
}

/// The text without line breaks and control characters, not longer than is shown.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::cloud(
        r#"{"type":"error","error":{"message":"Repository acme/gone not found"}}"#,
        "Repository acme/gone not found"
    )]
    #[case::cloud_detail(
        r#"{"type":"error","error":{"message":"Bad request","detail":"pagelen is too big"}}"#,
        "Bad request (pagelen is too big)"
    )]
    #[case::cloud_scopes(
        r#"{"type":"error","error":{"message":"Missing scope.","detail":{"required":["repository"],"granted":["account","project"]}}}"#,
        "Missing scope. (needs the scope repository, has account, project)"
    )]
    #[case::data_center(
        r#"{"errors":[{"context":null,"message":"No such project."},{"message":"Really."}]}"#,
        "No such project.; Really."
    )]
    #[case::token(r#"{"error":"invalid_grant","error_description":"Wrong secret"}"#, "Wrong secret")]
    #[case::html(
        "<!DOCTYPE html><HTML><head><title> 502 Bad\nGateway </title>",
        r#"an HTML page "502 Bad\nGateway" instead of JSON: a proxy or a login page may stand in between"#
    )]
    #[case::plain("Token is\r\ninvalid", "Token is invalid")]
    fn the_words_are_found(#[case] body: &str, #[case] text: &str) {
        assert_eq!(error_text(body.as_bytes()).as_deref(), Some(text));
    }

    #[rstest]
    #[case("")]
    #[case("{}")]
    #[case(r#"{"error":{"message":""}}"#)]
    fn nothing_said_is_nothing_shown(#[case] body: &str) {
        assert_eq!(error_text(body.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_body_gives_one_short_line(body in prop::collection::vec(any::<u8>(), 0..3000), html: bool) {
            let mut all = if html { b"<html><title>".to_vec() } else { Vec::new() };
            all.extend(body);
            if let Some(text) = error_text(&all) {
                prop_assert!(text.chars().count() <= LONGEST + 1);
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
