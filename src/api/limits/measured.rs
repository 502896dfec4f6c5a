//! What is in use of each limit.

use std::sync::Arc;

use super::super::error::ApiError;
use super::super::state::{ApiState, ServiceUsage};
use crate::backup::BackupUsage;
use crate::domain::{EntityKind, Timestamp};
use crate::incidents::IncidentUsage;
use crate::logs::RingUsage;
use crate::store::{AuditUsage, Snapshot, StoreError};
use crate::util::{Usage, run_blocking};

/// What is in use.
pub(super) struct Measured {
    pub(super) service: ServiceUsage,
    pub(super) queue: Usage,
    pub(super) log_followers: Usage,
    pub(super) backups: BackupUsage,
    /// Of the directory: the bytes in it and those that are free on its volume.
    pub(super) backup_bytes: Option<Usage>,
    pub(super) leases: Usage,
    pub(super) list_cache: Usage,
    /// All lines, and warnings.
    pub(super) log: [RingUsage; 2],
    pub(super) log_levels: Usage,
    /// Of the data volume, without what is kept free.
    pub(super) volume: Option<Usage>,
    pub(super) waiting_notices: Usage,
    pub(super) stored: Stored,
}

/// What the store has.
pub(super) struct Stored {
    pub(super) device_count: u64,
    pub(super) audit: AuditUsage,
    pub(super) outages: Usage,
    pub(super) incidents: IncidentUsage,
    pub(super) closed_incidents: Usage,
    pub(super) reports: Usage,
    pub(super) notices: Usage,
}

impl Measured {
    /// # Errors
    /// When the store cannot be read. What does not respond is only not measured.
    pub(super) async fn read(state: &ApiState) -> Result<Self, ApiError> {
        let handle = state.handle();
        let (snapshot, now) = (handle.read(), handle.now());
        let usage = Arc::clone(&state.services().usage);
        let read = move || Ok::<_, StoreError>((usage(), Stored::read(&snapshot, now)?));
        let (service, stored) = run_blocking(read).await??;
        let queue = handle.queue();
        Ok(Self {
            service,
            queue: Usage::of(queue.waiting, queue.max),
            log_followers: state.settings().delivery().log_followers,
            backups: state.backups().usage(),
            backup_bytes: backup_bytes(state).await,
            leases: state.leases().usage(),
            list_cache: state.lists().usage(),
            log: state.logs().usage(),
            log_levels: state.logs().levels().usage(),
            volume: volume(state).await,
            waiting_notices: state.notices().usage(),
            stored,
        })
    }
}

/// The data volume, as far as it may be filled; `None` while it does not respond.
async fn volume(state: &ApiState) -> Option<Usage> {
    let volume = state.handle().observe_volume().await.ok()?;
    let used = volume.space.total_bytes.saturating_sub(volume.space.free_bytes);
    Some(Usage { used, max: volume.space.total_bytes.saturating_sub(volume.min_free_bytes) })
}

/// The files of backups; `None` while their directory does not respond.
async fn backup_bytes(state: &ApiState) -> Option<Usage> {
    let overview = state.backups().observe().await.ok()?;
    let local = overview.entries.iter().filter(|entry| entry.is_local);
    let used: u64 = local.map(|entry| entry.manifest.bytes).sum();
    Some(Usage { used, max: used + overview.space?.free_bytes })
}

impl Stored {
    fn read(snapshot: &Snapshot, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            device_count: snapshot.count(EntityKind::Device)?,
            audit: snapshot.audit_usage()?,
            outages: snapshot.outage_usage()?,
            incidents: IncidentUsage::read(snapshot, now)?,
            closed_incidents: snapshot.closed_incident_usage()?,
            reports: snapshot.report_usage()?,
            notices: snapshot.notice_usage()?,
        })
    }
}
