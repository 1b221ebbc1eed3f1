//! What a case showed.

use std::time::Duration;

use serde::Serialize;

/// How one case went.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Product and target, `cloud/port` for example.
    pub bench: String,
    /// The case.
    pub case: String,
    /// How each run ended: its exit code, `killed`, `crashed` or `hung`.
    pub runs: Vec<String>,
    /// How many requests the trouble struck, where it is about requests.
    pub struck: u64,
    /// What should not have happened; the first few of each run.
    pub violations: Vec<String>,
    /// From the first run to the last, in milliseconds.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

impl Outcome {
    /// Whether everything was as it must be.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.violations.is_empty()
    }
}

fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
