//! The work of a container: set Port up, resync into it, tell it how that went.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::catalog::port::WhenMissing;
use crate::config::{Settings, WriteMode};
use crate::daemon::{Closing, Job, JobError, Step};
use crate::port::{LogSettings, LogShipper, LogSink, Mask, PortClient};
use crate::startup;
use crate::sync::{Observer, Report, Scope};

use super::plan;

/// What telling Port about the end may take.
const FAREWELL: Duration = Duration::from_secs(6);

/// Resyncs into Port.
pub(crate) struct PortJob {
    settings: Settings,
    client: PortClient,
    log: LogSink,
    /// Runs once Port has told where logs go.
    shipper: Arc<Mutex<Option<LogShipper>>>,
}

impl PortJob {
    /// The job of these settings; `log` holds what the process logged so far.
    pub(crate) fn new(settings: Settings, log: LogSink) -> Result<Self, JobError> {
        let client = startup::port_client(&settings)?;
        Ok(Self { settings, client, log, shipper: Arc::default() })
    }

    /// Whether Port must be left as it is.
    fn is_dry(&self) -> bool {
        self.settings.resync.mode == WriteMode::DryRun
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
        Ok(startup::resync_into_port(&self.settings, &self.client, None, Scope::default(), observer).await?)
    }

    fn closing(&self, why: Closing) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.is_dry() {
            return steps;
        }
        if why == Closing::Interrupted {
            let client = self.client.clone();
            steps.push(Step::new("telling Port that the resync was aborted", FAREWELL, async move {
                Ok(client.abort_resync().await?)
            }));
        }
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
