//! The parts of the appliance that the probes look at.

use std::sync::Arc;

use super::super::applied_config::AppliedConfig;
use super::super::connections::ConnectionLimit;
use super::super::loopback::OwnServer;
use super::super::tls::ServedCertificate;
use super::{host, measure};
use crate::api::{ApiServices, ServiceUsage};
use crate::auth::AuthHandle;
use crate::backup::Backups;
use crate::engine::EngineHandle;
use crate::health::HealthHandle;
use crate::incidents::IncidentsHandle;
use crate::jobs::JobsHandle;
use crate::logs::Logs;
use crate::notices::NoticesHandle;
use crate::realtime::Sockets;
use crate::sync::SyncHandle;

/// What the probes look at.
pub(crate) struct CheckedParts {
    pub(crate) engine: EngineHandle,
    pub(crate) auth: AuthHandle,
    pub(crate) incidents: IncidentsHandle,
    pub(crate) sync: SyncHandle,
    pub(crate) jobs: JobsHandle,
    pub(crate) backups: Backups,
    pub(crate) sockets: Sockets,
    pub(crate) applied_config: AppliedConfig,
    /// As this host reaches it.
    pub(crate) own_server: OwnServer,
    /// `None` for plain HTTP.
    pub(crate) certificate: Option<ServedCertificate>,
    pub(crate) min_free_bytes: u64,
    pub(crate) connections: ConnectionLimit,
}

impl CheckedParts {
    /// The same for the API.
    pub(crate) fn services(
        self,
        health: HealthHandle,
        notices: NoticesHandle,
        logs: Logs,
    ) -> ApiServices {
        let Self { engine, auth, incidents, sync, jobs, backups, sockets, connections, .. } = self;
        let clients = sockets.clone();
        let settings = sockets.settings().clone();
        ApiServices {
            engine,
            auth,
            settings,
            sync,
            jobs,
            incidents,
            health,
            notices,
            backups,
            logs,
            realtime_metrics: Box::new(move || sockets.metrics()),
            usage: Arc::new(move || ServiceUsage {
                connections: connections.usage(),
                client_count: clients.client_count() as u64,
                open_files: host::file_usage().ok(),
                measurements: measure::usage(),
            }),
        }
    }
}
