//! Single objects brought up to date between two resyncs.

mod cloud;
mod datacenter;
mod port;
mod protection;

use std::sync::Arc;

use bitbucket_port::catalog::Catalog;
use bitbucket_port::catalog::local::LocalCatalog;
use bitbucket_port::http::{ManualClock, Moment};
use bitbucket_port::mapping::{Document, Mapping};
use bitbucket_port::state::State;
use bitbucket_port::sync::{Became, Live, LiveKey, LiveLimits, LiveReport, Reader, Silent};
use bitbucket_port_jq::{Compiler, Environment, Limits};

use crate::harness::Bench;

/// Where everything lies that is brought up to date.
pub(super) struct Place {
    pub(super) folder: std::path::PathBuf,
    pub(super) mapping: String,
    pub(super) limits: LiveLimits,
    pub(super) clock: Arc<ManualClock>,
}

impl Place {
    pub(super) fn new(folder: &std::path::Path, mapping: &str) -> Self {
        let clock = Arc::new(ManualClock::jumping(Moment::from_millis(0)));
        Self { folder: folder.to_owned(), mapping: mapping.to_owned(), limits: LiveLimits::default(), clock }
    }

    pub(super) fn of(bench: &Bench) -> Self {
        Self::new(bench.folder.path(), &bench.mapping)
    }

    /// Brings objects up to date in the catalog file; names come before keys.
    pub(super) async fn apply(
        &self,
        source: Arc<dyn Reader>,
        named: &[(&str, &str)],
        keys: Vec<LiveKey>,
    ) -> LiveReport {
        let catalog = LocalCatalog::open(&self.folder.join("catalog.db"), "test").await.expect("the catalog opens");
        let report = self.apply_to(Arc::new(catalog.clone()), source, named, keys).await;
        catalog.close().await.expect("the catalog closes");
        report
    }

    pub(super) async fn apply_to(
        &self,
        catalog: Arc<dyn Catalog>,
        source: Arc<dyn Reader>,
        named: &[(&str, &str)],
        keys: Vec<LiveKey>,
    ) -> LiveReport {
        let document = Document::parse(&self.mapping).expect("a mapping");
        let compiler = Compiler::new(Limits::default(), Environment::empty());
        let opened = State::open(&self.folder.join("state.db")).await.expect("the state file opens");
        let state = opened.state.catalog(catalog.name()).await.expect("the state has a part for the catalog");
        let live = Live {
            source,
            catalog,
            state,
            mapping: Arc::new(Mapping::compile(document, &compiler)),
            limits: self.limits,
            clock: Arc::clone(&self.clock) as Arc<_>,
            observer: Arc::new(Silent),
        };
        let mut due = vec![];
        for (kind, name) in named {
            due.extend(live.named(kind, name).await.expect("a name"));
        }
        due.extend(keys);
        let report = live.apply(due).await.expect("it comes to its end");
        opened.state.close().await.expect("the state file closes");
        report
    }
}

impl Bench {
    pub(super) async fn refresh(&self, named: &[(&str, &str)]) -> LiveReport {
        Place::of(self).apply(Arc::new(self.reader()), named, vec![]).await
    }
}

/// Identifiers of entities that became something, in order.
pub(super) fn names(report: &LiveReport, is: impl Fn(&Became) -> bool) -> Vec<String> {
    let entities = report.objects.iter().flat_map(|object| &object.entities);
    let mut names: Vec<String> =
        entities.filter(|entity| is(&entity.became)).map(|entity| entity.entity.identifier.clone()).collect();
    names.sort();
    names
}

pub(super) fn gone(became: &Became) -> bool {
    matches!(became, Became::Deleted(_))
}

/// Why the first entity of a report that stays does so.
pub(super) fn why_kept(report: &LiveReport) -> String {
    let mut entities = report.objects.iter().flat_map(|object| &object.entities);
    entities
        .find_map(|entity| match &entity.became {
            Became::Kept(why) | Became::Withheld(why) => Some(why.clone()),
            _ => None,
        })
        .unwrap_or_default()
}
