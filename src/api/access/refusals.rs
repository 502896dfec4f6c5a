//! What is written down when a known caller may not do something.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Extensions;
use serde_json::json;
use tokio::time::Instant;
use tracing::warn;

use super::super::request::RequestId;
use super::client::RequestClient;
use crate::auth::{Caller, Identity};
use crate::engine::EngineHandle;
use crate::store::{AuditEvent, AuditOrigin};

/// Of each caller and operation, one row in so long: a script that goes on trying must not fill the trail.
const ROW_INTERVAL: Duration = Duration::from_secs(60);
/// Callers and operations that are remembered; further ones are written down within [`ROW_INTERVAL`].
const REMEMBERED_MAX: usize = 1024;

/// Records refusals in the audit trail.
pub(super) struct RefusalLog {
    engine: EngineHandle,
    /// Held only while it is read or changed.
    seen: Mutex<HashMap<(String, String), RefusalCount>>,
}

/// The refusals of one caller and operation since the last row.
struct RefusalCount {
    written: Instant,
    /// Those that no row tells of.
    more: u64,
}

impl RefusalLog {
    pub(super) fn new(engine: EngineHandle) -> Self {
        Self { engine, seen: Mutex::default() }
    }

    /// Records a refusal, unless there is a row of the same within the last minute: the next one then has their
    /// number. `operation` is a method and a path of the document.
    pub(super) async fn record(&self, origin: AuditOrigin, operation: &str, needs: &str) {
        let Some(more) = self.count(&origin.actor, operation, Instant::now()) else { return };
        let details = json!({"operation": operation, "needs": needs, "earlier_refusals": more});
        let event = AuditEvent::refused(origin, "request", details);
        if let Err(error) = self.engine.record_event(event).await {
            warn!(%error, "A refusal could not be recorded in the audit trail");
        }
    }

    /// Counts a refusal. Returns how many there were since the last row if a row is due.
    fn count(&self, actor: &str, operation: &str, now: Instant) -> Option<u64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |count: &RefusalCount| now.duration_since(count.written) < ROW_INTERVAL;
        let key = (actor.to_owned(), operation.to_owned());
        if let Some(count) = seen.get_mut(&key) {
            if is_recent(count) {
                count.more += 1;
                return None;
            }
            count.written = now;
            return Some(std::mem::take(&mut count.more));
        }
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, count| is_recent(count));
        }
        if seen.len() < REMEMBERED_MAX {
            seen.insert(key, RefusalCount { written: now, more: 0 });
        }
        Some(0)
    }
}

/// Returns who sent a request, from where, for the audit trail.
pub(in crate::api) fn audit_origin(extensions: &Extensions) -> AuditOrigin {
    let address = extensions.get::<RequestClient>().and_then(|client| client.address);
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let actor = match extensions.get::<Caller>() {
        Some(Caller { identity: Identity::Anonymous | Identity::Host, .. }) | None => {
            format!("api {address}").trim_end().to_owned()
        }
        Some(caller) => caller.actor(),
    };
    let request_id = extensions.get::<RequestId>();
    let request_id = request_id.map(|id| id.as_str().to_owned()).unwrap_or_default();
    AuditOrigin { actor, address, request_id }
}
