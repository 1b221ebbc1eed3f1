//! Which program Port has as the writer of our integration, as far as answers told.

use std::sync::{Mutex, PoisonError};

use super::integration::Integration;

/// Sights that are kept; only changes are.
const KEPT: usize = 64;

/// A sight of the registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Port had it so.
    Found(String),
    /// We have set it so.
    Set(String),
}

/// Sights that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Registrations(Mutex<Vec<Sight>>);

impl Registrations {
    pub(crate) fn found(&self, integration: &Integration) {
        self.add(Sight::Found(text(integration)));
    }

    pub(crate) fn set(&self, integration: &Integration) {
        self.add(Sight::Set(text(integration)));
    }

    fn add(&self, sight: Sight) {
        let mut sights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sights.last() != Some(&sight) && sights.len() < KEPT {
            sights.push(sight);
        }
    }

    pub(crate) fn take(&self) -> Vec<Sight> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Type, version, place and way of working of the program.
fn text(integration: &Integration) -> String {
    let or = |text: Option<&str>| text.unwrap_or("?").to_owned();
    format!(
        "{} {}, {}, {}",
        or(integration.integration_type()),
        or(integration.version()),
        or(integration.installation_type()),
        or(integration.processing_mode()),
    )
}
