//! What generated calls need besides the client.

use super::key::ObjectKey;
use super::kind::Kind;
use super::listing::Listing;
use super::parent::Parent;
use crate::bitbucket::CallError;

/// The parent of a listing that cannot do without one.
pub(crate) fn needed<'p>(listing: &Listing, parent: Option<&'p Parent>) -> Result<&'p Parent, CallError> {
    parent
        .ok_or_else(|| CallError::Invalid(format!("{} is listed once per object, and none was given", listing.kind())))
}

/// A kind of another product, or one that cannot be fetched alone.
pub(crate) fn foreign(kind: Kind) -> CallError {
    CallError::Invalid(format!("there is no such call for {kind:?}"))
}

/// The fields of a key, as many as the kind has.
pub(crate) fn parts<const N: usize>(kind: Kind, key: &ObjectKey) -> Result<[String; N], CallError> {
    let parts = <[String; N]>::try_from(key.fields());
    parts.map_err(|_| {
        CallError::Invalid(format!("`{key}` is not the key of a {kind}: it needs {}", kind.info().key.join(", ")))
    })
}

/// A whole number that a parameter wants.
pub(crate) fn number(parameter: &str, text: &str) -> Result<i64, CallError> {
    text.parse().map_err(|_| CallError::Invalid(format!("`{text}` is not a whole number, as `{parameter}` has to be")))
}

/// Where the next page begins, for services that name its position and say whether there is one.
///
/// A page that says that it is not the last and does not name the next one gives a position that cannot be asked
/// for: the listing then breaks off instead of passing for complete.
pub(crate) fn position(last: Option<bool>, next: Option<i64>) -> Option<String> {
    match (last, next) {
        (Some(true), _) | (None, None) => None,
        (_, Some(next)) => Some(next.to_string()),
        (Some(false), None) => Some("the next page, which the server does not name,".to_owned()),
    }
}

/// Longest file that is put into an object, in bytes.
const LONGEST_FILE: usize = 4 << 20;

/// The whole content of a file.
pub(crate) async fn bytes(mut stream: progenitor_client::ByteStream) -> Result<Vec<u8>, CallError> {
    use futures::StreamExt as _;
    let mut content = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| CallError::Interrupted(error.without_url()))?;
        if content.len() + piece.len() > LONGEST_FILE {
            return Err(CallError::Invalid(format!("the file is longer than {LONGEST_FILE} bytes")));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content)
}
