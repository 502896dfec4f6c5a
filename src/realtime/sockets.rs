//! The Socket.IO server and its two namespaces.

use std::convert::Infallible;
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use tracing::info;

use super::fanout::JOINED;
use super::live::SnapshotHint;
use crate::engine::EngineHandle;

/// The Tower layer that answers Socket.IO's HTTP requests.
pub type RealtimeLayer = SocketIoLayer;

/// v2's timing, to which its clients are tuned.
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// v2's limit for a message from a client.
const MAX_PAYLOAD_BYTES: u64 = 1_000_000;
/// Packets that may wait for one client: more than one commit's events (see
/// [`super::events::EVENTS_PER_COMMIT_MAX`]), about 2 MB of `device:updated`.
const BUFFERED_PACKETS: usize = 4096;
/// Longest message from a client in a WebSocket frame; clients send nothing longer.
const CLIENT_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The Socket.IO server: its namespaces and their clients.
#[derive(Clone, Debug)]
pub struct Sockets {
    pub(super) io: SocketIo,
}

impl Sockets {
    /// Creates the server, under `{base_path}/socket.io`.
    pub fn new(handle: EngineHandle, base_path: &str) -> (RealtimeLayer, Self) {
        let (layer, io) = SocketIo::builder()
            .req_path(format!("{base_path}/socket.io"))
            .ping_interval(PING_INTERVAL)
            .ping_timeout(PING_TIMEOUT)
            .max_payload(MAX_PAYLOAD_BYTES)
            .ws_max_message_size(CLIENT_MESSAGE_BYTES_MAX)
            .max_buffer_size(BUFFERED_PACKETS)
            .with_state(handle)
            .build_layer();
        let join = async |socket: SocketRef| socket.join(JOINED);
        io.ns("/", join.with(log_connection));
        let join_live = async |socket: SocketRef, State(handle): State<EngineHandle>| {
            socket.join(JOINED);
            match SnapshotHint::of(&handle) {
                Ok(hint) => {
                    // The client may have disconnected already.
                    socket.emit("snapshot", &hint).ok();
                }
                Err(error) => tracing::error!(%error, "Could not send the first event to a client"),
            }
        };
        io.ns("/live", join_live.with(log_connection));
        (layer, Self { io })
    }

    /// The number of clients of both namespaces.
    pub fn client_count(&self) -> usize {
        ["/", "/live"].iter().filter_map(|ns| self.io.of(*ns)).map(|ns| ns.sockets().len()).sum()
    }

    /// Disconnects all clients, so that they reconnect to the next process at once.
    pub async fn close(&self) {
        self.io.close().await;
    }
}

/// Logs connects and disconnects, in sentences that the runbook searches for. Runs before the handshake is
/// complete, so that the disconnect of a client that leaves at once is logged too.
async fn log_connection(socket: SocketRef) -> Result<(), Infallible> {
    info!(client.sid = %socket.id, client.namespace = socket.ns(), "Client connected: {}", socket.id);
    socket.on_disconnect(async |socket: SocketRef| {
        info!(
            client.sid = %socket.id,
            client.namespace = socket.ns(),
            "Client disconnected: {}",
            socket.id
        );
    });
    Ok(())
}
