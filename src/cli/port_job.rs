//! The work of a container: set Port up, resync into it, tell it how that went.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

use crate::catalog::port::{PortCatalog, WhenMissing};
use crate::config::{Settings, WriteMode};
use crate::daemon::{Closing, Job, JobError, Requests, Step, summary};
use crate::port::{LogSettings, LogShipper, LogSink, Mask, PortClient};
use crate::startup::{self, IntoPort, KeptState, StartupError};
use crate::sync::{Observer, Report, Scope, SyncEvent};

use super::plan;

/// What telling Port about the end may take.
const FAREWELL: Duration = Duration::from_secs(6);

/// What stopping a resync in order may take: the state file, then Port's metrics.
const ORDERLY: Duration = Duration::from_secs(12);

/// What closing the state file may take.
const CLOSING: Duration = Duration::from_secs(3);

/// Under which key of the state file the newest request is kept that was served.
const SERVED: &str = "served_request";

/// Resyncs into Port.
pub(crate) struct PortJob {
    settings: Settings,
    client: PortClient,
    log: LogSink,
    /// Runs once Port has told where logs go.
    shipper: Arc<Mutex<Option<LogShipper>>>,
    stop: CancellationToken,
    stage: Arc<Stage>,
    /// The state file, which is ours as long as the process lives.
    state: Arc<KeptState>,
    /// When the process began to listen.
    since: OnceLock<OffsetDateTime>,
}

/// How far the work came.
#[derive(Debug, Default)]
struct Stage {
    /// A resync was called for.
    resyncing: AtomicBool,
    /// Port was told of it.
    told: AtomicBool,
}

/// Sees when Port is told of the resync.
struct Watch {
    stage: Arc<Stage>,
    beside: Arc<dyn Observer>,
}

impl Observer for Watch {
    fn on(&self, event: &SyncEvent) {
        if matches!(event, SyncEvent::Planned { .. }) {
            self.stage.told.store(true, Ordering::Release);
        }
        self.beside.on(event);
    }
}

impl PortJob {
    /// The job of these settings; `log` holds what the process logged so far.
    pub(crate) fn new(settings: Settings, log: LogSink) -> Result<Self, JobError> {
        let client = startup::port_client(&settings)?;
        Ok(Self {
            settings,
            client,
            log,
            shipper: Arc::default(),
            stop: CancellationToken::new(),
            stage: Arc::default(),
            state: Arc::default(),
            since: OnceLock::new(),
        })
    }

    /// Whether Port must be left as it is.
    fn is_dry(&self) -> bool {
        self.settings.resync.mode == WriteMode::DryRun
    }

    /// From when scheduled resyncs are counted.
    fn since(&self) -> OffsetDateTime {
        *self.since.get_or_init(OffsetDateTime::now_utc)
    }

    /// What Port says of our last resync, for a state file that does not know.
    async fn served_by_port(&self) -> Result<Option<OffsetDateTime>, JobError> {
        Ok(self.client.integration().await?.and_then(|integration| integration.last_resync()))
    }

    fn ship_logs(&self) {
        if !self.settings.log.ships_to_port {
            return;
        }
        let settings = LogSettings { mask: Mask::new(self.settings.sensitive_values()), ..LogSettings::default() };
        let shipper = LogShipper::start(self.client.clone(), self.log.clone(), settings);
        *self.shipper.lock().unwrap_or_else(PoisonError::into_inner) = Some(shipper);
    }
}

impl Job for PortJob {
    async fn provision(&self) -> Result<(), JobError> {
        if self.is_dry() {
            // What would be set up is part of the plan.
            return Ok(());
        }
        startup::provision(&self.client, &self.settings, WhenMissing::Create).await?;
        self.ship_logs();
        Ok(())
    }

    async fn resync(&self, observer: Arc<dyn Observer>) -> Result<Report, JobError> {
        if self.is_dry() {
            return Ok(Box::pin(plan::log(&self.settings, observer)).await?.report);
        }
        self.stage.resyncing.store(true, Ordering::Release);
        let observer = Arc::new(Watch { stage: Arc::clone(&self.stage), beside: observer });
        let resync = IntoPort {
            settings: &self.settings,
            client: &self.client,
            stop: &self.stop,
            kept: Some(&self.state),
            since: self.since(),
        };
        let ended = resync.run(None, Scope::default(), observer).await;
        if !matches!(ended, Err(StartupError::Interrupted)) {
            // Nothing runs any more that a signal could break off.
            self.stage.resyncing.store(false, Ordering::Release);
            self.stage.told.store(false, Ordering::Release);
        }
        Ok(ended?)
    }

    fn tell(&self, report: &Report) {
        // The plan has said what there is to say; nothing of it was written.
        if !self.is_dry() {
            summary::log(report);
        }
    }

    fn interrupt(&self) -> Duration {
        self.stop.cancel();
        if self.stage.resyncing.load(Ordering::Acquire) { ORDERLY } else { Duration::ZERO }
    }

    fn closing(&self, why: Closing) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.is_dry() {
            return steps;
        }
        // Where none was begun here, what Port says is about another process.
        if why == Closing::Interrupted && self.stage.told.load(Ordering::Acquire) {
            let client = self.client.clone();
            steps.push(Step::new("telling Port that the resync was aborted", FAREWELL, async move {
                Ok(client.abort_resync().await?)
            }));
        }
        let state = Arc::clone(&self.state);
        steps.push(Step::new("closing the state file", CLOSING, async move { Ok(state.close().await?) }));
        let shipper = Arc::clone(&self.shipper);
        steps.push(Step::new("sending the rest of the log to Port", FAREWELL, async move {
            let shipper = shipper.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(shipper) = shipper {
                shipper.finish().await;
            }
            Ok(())
        }));
        steps
    }
}

impl Requests for PortJob {
    async fn open(&self, observer: Arc<dyn Observer>) -> Result<Option<OffsetDateTime>, JobError> {
        if self.is_dry() {
            // The state file is neither opened nor locked.
            self.since();
            return self.served_by_port().await;
        }
        let catalog = PortCatalog::new(self.client.clone(), None);
        let state = self.state.get(&self.settings, &catalog, &*observer).await?;
        self.since();
        let kept = state.catalog.value(SERVED).await?;
        let served = |text: String| {
            let text: String = serde_json::from_str(&text).ok()?;
            OffsetDateTime::parse(&text, &Rfc3339).ok()
        };
        match kept.and_then(served) {
            Some(served) => Ok(Some(served)),
            None => self.served_by_port().await,
        }
    }

    async fn newest(&self, within: Duration) -> Result<Option<OffsetDateTime>, JobError> {
        Ok(self.client.resync_request(within).await?)
    }

    async fn served(&self, request: OffsetDateTime) -> Result<(), JobError> {
        if self.is_dry() {
            return Ok(());
        }
        // After a fault of the state file it is closed; whoever opens it next asks Port.
        let Some(state) = self.state.opened().await else { return Err("the state file is closed".into()) };
        let text = serde_json::to_string(&request.format(&Rfc3339)?)?;
        Ok(state.catalog.set_value(SERVED, text).await?)
    }
}
