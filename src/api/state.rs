//! The state that all handlers share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::answer_cache::{ProblemsAnswer, SharedAnswer, SummaryAnswer};
use super::lease::Leases;
use super::list_cache::ListCache;
use super::metrics::http::HttpMetrics;
use crate::auth::AuthHandle;
use crate::backup::Backups;
use crate::engine::EngineHandle;
use crate::health::HealthHandle;
use crate::incidents::IncidentsHandle;
use crate::jobs::JobsHandle;
use crate::logs::Logs;
use crate::notices::NoticesHandle;
use crate::oidc::OidcSignIn;
use crate::settings::RuntimeSettings;
use crate::sync::SyncHandle;
use crate::util::Usage;
use crate::util::metrics::Metric;

/// How often expired leases are ended.
const LEASE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Options of the API, set by the composition root.
pub struct ApiOptions {
    /// The path under which everything is served: empty, or `/a/b`.
    pub base_path: String,
    pub shutdown: ShutdownGuard,
    /// The provider that people may log in with.
    pub sign_in: Option<OidcSignIn>,
    pub support: SupportSource,
}

/// Makes a support bundle: its name, and its bytes. It blocks.
pub type SupportSource = Arc<dyn Fn() -> io::Result<(String, Vec<u8>)> + Send + Sync>;

/// Returns whether a token is valid.
pub type TokenCheck = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// How a request stops the process.
pub struct ShutdownGuard {
    /// Checks the token; `None` refuses every request.
    pub accepts: Option<TokenCheck>,
    /// Starts the shutdown.
    pub trigger: Box<dyn Fn() + Send + Sync>,
}

/// What the handlers ask and command.
pub struct ApiServices {
    pub engine: EngineHandle,
    pub auth: AuthHandle,
    pub settings: RuntimeSettings,
    pub sync: SyncHandle,
    pub jobs: JobsHandle,
    pub incidents: IncidentsHandle,
    pub health: HealthHandle,
    pub notices: NoticesHandle,
    pub backups: Backups,
    pub logs: Logs,
    /// What the Socket.IO server measures, which the API does not know.
    pub realtime_metrics: Box<dyn Fn() -> Vec<Metric> + Send + Sync>,
    /// How much of the process is in use. It reads a directory of the kernel.
    pub usage: Arc<dyn Fn() -> ServiceUsage + Send + Sync>,
}

/// How much of the process is in use, which the API does not know.
#[derive(Clone, Copy, Debug)]
pub struct ServiceUsage {
    pub connections: Usage,
    /// Socket.IO clients, without those of the service's own checks.
    pub client_count: u64,
    /// `None` if the system does not tell.
    pub open_files: Option<FileUsage>,
    /// Measurements of the checks that may block.
    pub measurements: Usage,
}

/// The open files of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileUsage {
    pub open: u64,
    /// `None` without a limit.
    pub max: Option<u64>,
}

/// The state that all handlers share; clones share one allocation.
#[derive(Clone)]
pub struct ApiState(Arc<SharedState>);

struct SharedState {
    services: ApiServices,
    options: ApiOptions,
    lists: ListCache,
    leases: Arc<Leases>,
    problems: SharedAnswer<ProblemsAnswer>,
    overrides: SharedAnswer<Bytes>,
    summary: SharedAnswer<SummaryAnswer>,
    http: Arc<HttpMetrics>,
    etag_prefix: String,
}

impl ApiState {
    pub fn new(services: ApiServices, options: ApiOptions) -> Self {
        let handle = &services.engine;
        let site = handle.site_id().simple().to_string();
        let run = handle.run_id().simple().to_string();
        let etag_prefix = format!("{}-{}-{}", &site[..8], env!("CARGO_PKG_VERSION"), &run[..12]);
        let lists = ListCache::new();
        Self(Arc::new(SharedState {
            services,
            options,
            lists,
            leases: Arc::default(),
            problems: SharedAnswer::default(),
            overrides: SharedAnswer::default(),
            summary: SharedAnswer::default(),
            http: Arc::default(),
            etag_prefix,
        }))
    }

    /// Ends expired leases of snapshots. Never returns: the composition root runs it beside the
    /// server.
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

    pub(super) fn problems(&self) -> &SharedAnswer<ProblemsAnswer> {
        &self.0.problems
    }

    pub(super) fn overrides(&self) -> &SharedAnswer<Bytes> {
        &self.0.overrides
    }

    pub(super) fn summary(&self) -> &SharedAnswer<SummaryAnswer> {
        &self.0.summary
    }

    pub(super) fn http(&self) -> &Arc<HttpMetrics> {
        &self.0.http
    }

    pub(super) fn services(&self) -> &ApiServices {
        &self.0.services
    }

    pub(super) fn handle(&self) -> &EngineHandle {
        &self.0.services.engine
    }

    /// Returns the handle of users, sessions and tokens.
    pub fn auth(&self) -> &AuthHandle {
        &self.0.services.auth
    }

    pub(super) fn settings(&self) -> &RuntimeSettings {
        &self.0.services.settings
    }

    /// Returns the mirror's handle.
    pub fn sync(&self) -> &SyncHandle {
        &self.0.services.sync
    }

    pub(super) fn jobs(&self) -> &JobsHandle {
        &self.0.services.jobs
    }

    pub(super) fn incidents(&self) -> &IncidentsHandle {
        &self.0.services.incidents
    }

    pub(super) fn notices(&self) -> &NoticesHandle {
        &self.0.services.notices
    }

    /// Returns the handle of the checks.
    pub fn health(&self) -> &HealthHandle {
        &self.0.services.health
    }

    pub(super) fn backups(&self) -> &Backups {
        &self.0.services.backups
    }

    pub(super) fn logs(&self) -> &Logs {
        &self.0.services.logs
    }

    /// Returns the provider that people may log in with.
    pub(super) fn sign_in(&self) -> Option<&OidcSignIn> {
        self.0.options.sign_in.as_ref()
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
