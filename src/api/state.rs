//! What handlers share.

use std::sync::Arc;
use std::time::Duration;

use super::answer_cache::SharedAnswer;
use super::lease::Leases;
use super::listing::ListCache;
use crate::backup::Backups;
use crate::engine::EngineHandle;
use crate::jobs::JobsHandle;
use crate::sync::SyncHandle;

/// How often snapshots are looked at whose time may be over.
const LEASE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What the composition root tells the API.
pub struct ApiOptions {
    /// The path under which everything is served: empty, or `/a/b`.
    pub base_path: String,
    pub shutdown: ShutdownGuard,
}

/// Says whether a token is the right one.
pub type TokenCheck = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// The guarded way to stop the process by a request.
pub struct ShutdownGuard {
    /// Whether a token is the right one; `None` refuses every call.
    pub accepts: Option<TokenCheck>,
    /// Starts the clean shutdown.
    pub trigger: Box<dyn Fn() + Send + Sync>,
}

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    handle: EngineHandle,
    sync: SyncHandle,
    jobs: JobsHandle,
    backups: Backups,
    options: ApiOptions,
    lists: ListCache,
    leases: Arc<Leases>,
    problems: SharedAnswer,
    summary: SharedAnswer,
    etag_prefix: String,
}

impl ApiState {
    pub fn new(
        handle: EngineHandle,
        sync: SyncHandle,
        jobs: JobsHandle,
        backups: Backups,
        options: ApiOptions,
    ) -> Self {
        let site = handle.site_id().simple().to_string();
        let run = handle.run_id().simple().to_string();
        let etag_prefix = format!("{}-{}-{}", &site[..8], env!("CARGO_PKG_VERSION"), &run[..12]);
        let lists = ListCache::new();
        Self(Arc::new(Inner {
            handle,
            sync,
            jobs,
            backups,
            options,
            lists,
            leases: Arc::default(),
            problems: SharedAnswer::default(),
            summary: SharedAnswer::default(),
            etag_prefix,
        }))
    }

    /// Lets go of snapshots that slow clients hold for too long. Never returns: the composition root
    /// runs it beside the server.
    pub async fn end_leases(self) {
        let mut tick = tokio::time::interval(LEASE_CHECK_INTERVAL);
        loop {
            tick.tick().await;
            self.0.leases.end_old();
        }
    }

    pub(super) fn leases(&self) -> &Arc<Leases> {
        &self.0.leases
    }

    pub(super) fn problems(&self) -> &SharedAnswer {
        &self.0.problems
    }

    pub(super) fn summary(&self) -> &SharedAnswer {
        &self.0.summary
    }

    pub(super) fn handle(&self) -> &EngineHandle {
        &self.0.handle
    }

    pub(super) fn sync(&self) -> &SyncHandle {
        &self.0.sync
    }

    pub(super) fn jobs(&self) -> &JobsHandle {
        &self.0.jobs
    }

    pub(super) fn backups(&self) -> &Backups {
        &self.0.backups
    }

    pub(super) fn options(&self) -> &ApiOptions {
        &self.0.options
    }

    pub(super) fn lists(&self) -> &ListCache {
        &self.0.lists
    }

    pub(super) fn etag_prefix(&self) -> &str {
        &self.0.etag_prefix
    }
}
