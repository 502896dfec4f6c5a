//! What handlers share.

use std::sync::Arc;

use super::listing::ListCache;
use crate::backup::Backups;
use crate::engine::Handle;
use crate::jobs;
use crate::sync;

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
    handle: Handle,
    sync: sync::Handle,
    jobs: jobs::Handle,
    backups: Backups,
    options: ApiOptions,
    lists: ListCache,
    etag_prefix: String,
}

impl ApiState {
    pub fn new(
        handle: Handle,
        sync: sync::Handle,
        jobs: jobs::Handle,
        backups: Backups,
        options: ApiOptions,
    ) -> Self {
        let site = handle.site_id().simple().to_string();
        let etag_prefix = format!("{}-{}", &site[..8], env!("CARGO_PKG_VERSION"));
        let lists = ListCache::new();
        Self(Arc::new(Inner { handle, sync, jobs, backups, options, lists, etag_prefix }))
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    pub(super) fn sync(&self) -> &sync::Handle {
        &self.0.sync
    }

    pub(super) fn jobs(&self) -> &jobs::Handle {
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
