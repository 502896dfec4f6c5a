//! The Socket.IO server and its two namespaces.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use tokio::sync::Notify;
use tower::layer::util::Stack;
use tracing::info;

use super::callers;
use super::fanout::{CHECKS, JOINED, LIVE, client_count};
use super::joined_caller::caller_of;
use super::live::SnapshotHint;
use super::log_followers::LogFollowers;
use super::metrics::FanoutMetrics;
use super::presence::Presence;
use super::sid_owners::SidOwnerLayer;
use crate::auth::{AuthHandle, Identity, JOIN_WAIT};
use crate::engine::EngineHandle;
use crate::logs::Logs;
use crate::settings::RuntimeSettings;
use crate::util::metrics::{Metric, float};

/// The Tower layer that answers Socket.IO's HTTP requests.
pub type RealtimeLayer = Stack<SocketIoLayer, SidOwnerLayer>;

/// v2's timing, to which its clients are tuned.
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// v2's limit for a message from a client.
const MAX_PAYLOAD_BYTES: u64 = 1_000_000;
/// Packets that may wait for one client: more than the largest batch of events, about 2 MB of
/// `device:updated`.
const BUFFERED_PACKETS: usize = 4096;
/// Longest message from a client in a WebSocket frame; clients send nothing longer.
const CLIENT_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The Socket.IO server: its namespaces and their clients.
#[derive(Clone)]
pub struct Sockets {
    pub(super) io: SocketIo,
    log_followers: LogFollowers,
    presence: Presence,
    auth: AuthHandle,
    /// Wakes the task that forwards commits: a heartbeat is wanted now.
    pub(super) heartbeat_wanted: Arc<Notify>,
    pub(super) metrics: Arc<FanoutMetrics>,
    settings: RuntimeSettings,
}

impl Sockets {
    /// Creates the server, under `{base_path}/socket.io`.
    pub fn new(
        handle: EngineHandle,
        auth: AuthHandle,
        logs: Logs,
        settings: RuntimeSettings,
        base_path: &str,
    ) -> (RealtimeLayer, Self) {
        let log_followers = LogFollowers::new(logs, settings.clone());
        let presence = Presence::new();
        let path = format!("{base_path}/socket.io");
        let (layer, io) = SocketIo::builder()
            .req_path(path.clone())
            .ping_interval(PING_INTERVAL)
            .ping_timeout(PING_TIMEOUT)
            .connect_timeout(JOIN_WAIT)
            .max_payload(MAX_PAYLOAD_BYTES)
            .ws_max_message_size(CLIENT_MESSAGE_BYTES_MAX)
            .max_buffer_size(BUFFERED_PACKETS)
            .with_state(handle)
            .with_state(log_followers.clone())
            .with_state(auth.clone())
            .with_state(presence.clone())
            .build_layer();
        let join = async |socket: SocketRef| socket.join(JOINED);
        io.ns("/", join.with(log_connection).with(callers::admit));
        let join_live = async |socket: SocketRef,
                               State(handle): State<EngineHandle>,
                               State(presence): State<Presence>| {
            socket.join(JOINED);
            match SnapshotHint::of(&handle) {
                Ok(hint) => {
                    // The client may have disconnected already.
                    socket.emit("snapshot", &hint).ok();
                }
                Err(error) => tracing::error!(%error, "Could not send the first event to a client"),
            }
            presence.greet(&socket);
        };
        io.ns(LIVE, join_live.with(log_connection).with(callers::admit));
        let layer = Stack::new(layer, SidOwnerLayer::new(io.clone(), &path));
        let (heartbeat_wanted, metrics) = Default::default();
        let sockets =
            Self { io, log_followers, presence, auth, heartbeat_wanted, metrics, settings };
        (layer, sockets)
    }

    /// The number of clients of both namespaces, without those of the service's own checks.
    pub fn client_count(&self) -> usize {
        ["/", LIVE].into_iter().map(|namespace| client_count(&self.io, namespace)).sum()
    }

    /// The clients and the events to them, for monitoring systems.
    pub fn metrics(&self) -> Vec<Metric> {
        let clients = |namespace| (namespace, float(client_count(&self.io, namespace) as u64));
        let clients = Metric::gauges(
            "unoc_clients",
            "Number of Socket.IO clients, without those of the service's own checks",
            "namespace",
            ["/", LIVE].map(clients),
        );
        [clients].into_iter().chain(self.metrics.read()).collect()
    }

    /// The settings that it follows.
    pub fn settings(&self) -> &RuntimeSettings {
        &self.settings
    }

    /// Has a heartbeat sent to all clients of `/live` now, the way in which all events are sent.
    pub fn want_heartbeat(&self) {
        self.heartbeat_wanted.notify_one();
    }

    /// Sends the log to the clients that follow it. Never returns: the composition root runs it beside the
    /// server.
    pub async fn send_logs(self) {
        self.log_followers.send_lines(&self.io, LIVE).await;
    }

    /// Tells clients who looks at which device. Never returns: the composition root runs it beside the server.
    pub async fn send_presence(self) {
        self.presence.send_lists(&self.io, LIVE).await;
    }

    /// Disconnects clients whose session or token has ended, within a second. Never returns: the composition root
    /// runs it beside the server.
    pub async fn watch_callers(self) {
        callers::watch(self.auth, self.io, self.log_followers).await;
    }

    /// Disconnects all clients, so that they reconnect to the next process at once.
    pub async fn close(&self) {
        self.io.close().await;
    }
}

/// Logs connects and disconnects, in sentences that the runbook searches for. Runs before the handshake is
/// complete, so that the disconnect of a client that leaves at once is logged too, and its first event is heard.
async fn log_connection(socket: SocketRef) -> Result<(), Infallible> {
    if caller_of(&socket).identity == Identity::ServiceCheck {
        socket.join(CHECKS);
        return Ok(());
    }
    info!(client.sid = %socket.id, client.namespace = socket.ns(), "Client connected: {}", socket.id);
    if socket.ns() == LIVE {
        LogFollowers::listen(&socket);
        Presence::listen(&socket);
    }
    // It does its work at once: its future may run at any time.
    let on_disconnect =
        |socket: SocketRef, State(log): State<LogFollowers>, State(presence): State<Presence>| {
            if socket.ns() == LIVE {
                log.remove(socket.id);
                presence.remove(socket.id);
            }
            info!(
                client.sid = %socket.id,
                client.namespace = socket.ns(),
                "Client disconnected: {}",
                socket.id
            );
            ready(())
        };
    socket.on_disconnect(on_disconnect);
    Ok(())
}
