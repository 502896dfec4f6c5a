//! Whether a version that was started works.

use std::time::Duration;

use anyhow::anyhow;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::client::ApplianceClient;
use super::exit::{CommandError, one_line};
use super::progress::Progress;
use super::upgrade_host::UpgradeHost;
use crate::upgrade::ServiceStatus;
use crate::util::counted;

/// Between two looks at the service.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long requests may go unanswered once systemd says that the service is ready.
const READY_WAIT: Duration = Duration::from_secs(60);
/// How long the service may be not ready while it is watched: a long commit is no failure.
const UNREADY_MAX: Duration = Duration::from_secs(10);

/// Most readings in a row that a check needs to become critical (`health/table.rs`).
const READINGS_MAX: usize = 3;

/// Waits until a pause is over.
pub(super) fn pause(runtime: &Runtime) {
    runtime.block_on(async { tokio::time::sleep(LOOK_EVERY).await });
}

/// Watches the service.
pub(super) struct Watch<'a> {
    host: &'a UpgradeHost,
    runtime: &'a Runtime,
}

impl<'a> Watch<'a> {
    pub(super) fn new(host: &'a UpgradeHost, runtime: &'a Runtime) -> Self {
        Self { host, runtime }
    }

    /// Starts the service and waits until it runs the installed program and answers requests.
    pub(super) fn start(&self) -> Result<(), CommandError> {
        let _progress = Progress::waiting("Starting the service");
        self.host.service.start()?;
        self.until_ready(READY_WAIT)?;
        let status = self.host.service.status()?;
        if self.host.program.is_run_by(status.process) {
            return Ok(());
        }
        let binary = self.host.program.path().display();
        Err(anyhow!("the service was started, but does not run {binary}").into())
    }

    /// Watches for `seconds`: the process stays and answers requests. Then all checks are run, and none may be
    /// critical that was not before.
    pub(super) fn healthy(
        &self,
        seconds: u64,
        critical_before: &[String],
    ) -> Result<(), CommandError> {
        let _progress = Progress::waiting("Watching the new version");
        let first = self.host.service.status()?;
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            self.check_process(&first)?;
            self.until_ready(UNREADY_MAX)?;
            pause(self.runtime);
        }
        for _ in 1..READINGS_MAX {
            self.host.run_checks()?;
        }
        let critical = self.host.run_checks()?;
        let new: Vec<_> = critical.into_iter().filter(|id| !critical_before.contains(id)).collect();
        if new.is_empty() {
            return self.check_process(&first);
        }
        let checks = counted(new.len(), "check");
        Err(anyhow!("{checks} became critical with the new version: {}", new.join(", ")).into())
    }

    fn check_process(&self, first: &ServiceStatus) -> Result<(), CommandError> {
        let status = self.host.service.status()?;
        check_active(&status)?;
        if (status.process, status.restarts) != (first.process, first.restarts) {
            return Err(anyhow!("the service ended and was started again").into());
        }
        Ok(())
    }

    fn until_ready(&self, limit: Duration) -> Result<(), CommandError> {
        let end = Instant::now() + limit;
        loop {
            let ready = ApplianceClient::connect(&self.host.config)
                .and_then(|server| server.get("/health/ready").map(drop));
            let Err(error) = ready else { return Ok(()) };
            check_active(&self.host.service.status()?)?;
            if Instant::now() >= end {
                let why = one_line(&error.cause);
                return Err(anyhow!("the service is not ready: {why}").into());
            }
            pause(self.runtime);
        }
    }
}

fn check_active(status: &ServiceStatus) -> Result<(), CommandError> {
    match status.is_active() {
        true => Ok(()),
        false => Err(anyhow!("the service ended: it is {}", status.active_state).into()),
    }
}
