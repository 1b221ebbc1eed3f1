//! Things that a person should know, gathered from all stages without growing with the workspace.

use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;

use super::report::{Notice, NoticeLevel};

/// How many different notices a sync keeps; further ones are counted only.
const KEPT: usize = 200;

/// Collects notices; equal ones are counted.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    notices: IndexMap<(NoticeLevel, String), u64>,
    dropped: u64,
}

impl Notices {
    pub(crate) fn error(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Error, message.into());
    }

    pub(crate) fn warning(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Warning, message.into());
    }

    pub(crate) fn note(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Note, message.into());
    }

    fn add(&self, level: NoticeLevel, message: String) {
        match level {
            NoticeLevel::Error => tracing::error!("{message}"),
            NoticeLevel::Warning => tracing::warn!("{message}"),
            NoticeLevel::Note => tracing::info!("{message}"),
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.notices.len() >= KEPT && !kept.notices.contains_key(&(level, message.clone())) {
            kept.dropped += 1;
            return;
        }
        *kept.notices.entry((level, message)).or_default() += 1;
    }

    /// All notices, the gravest first, in the order in which they came.
    pub(crate) fn take(&self) -> Vec<Notice> {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let mut notices: Vec<_> =
            kept.notices.into_iter().map(|((level, message), count)| Notice { level, message, count }).collect();
        notices.sort_by_key(|notice| notice.level);
        if kept.dropped > 0 {
            let message = "further notices are in the log only".to_owned();
            notices.push(Notice { level: NoticeLevel::Note, message, count: kept.dropped });
        }
        notices
    }
}
