//! The Socket.IO server and its two namespaces.

use std::convert::Infallible;
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use tracing::info;

use super::fanout::GREETED;
use super::live::Snapshot;
use crate::engine::EngineHandle;

/// The Tower layer that takes Socket.IO's requests out of the HTTP stream.
pub type RealtimeLayer = SocketIoLayer;

/// v2's timing, which its clients were tuned for.
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// v2's limit of a message from a client.
const MAX_PAYLOAD_BYTES: u64 = 1_000_000;
/// Packets that may wait for one client: more than one commit's events (see
/// [`super::events::EVENTS_PER_COMMIT_MAX`]), about 2 MB of `device:updated`.
const BUFFERED_PACKETS: usize = 4096;
/// Longest message from a client in a WebSocket frame; nothing that clients send is longer.
const CLIENT_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The namespaces and their clients.
#[derive(Clone, Debug)]
pub struct Sockets {
    pub(super) io: SocketIo,
}

impl Sockets {
    /// Makes the server, under `{base_path}/socket.io`.
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
        let admit = async |socket: SocketRef| socket.join(GREETED);
        io.ns("/", admit.with(greet));
        let snapshot = async |socket: SocketRef, State(handle): State<EngineHandle>| {
            socket.join(GREETED);
            match Snapshot::of(&handle) {
                Ok(snapshot) => {
                    // A client that is gone again needs no greeting.
                    socket.emit("snapshot", &snapshot).ok();
                }
                Err(error) => tracing::error!(%error, "The first message to a client failed"),
            }
        };
        io.ns("/live", snapshot.with(greet));
        (layer, Self { io })
    }

    /// Clients of both namespaces.
    pub fn client_count(&self) -> usize {
        ["/", "/live"].iter().filter_map(|ns| self.io.of(*ns)).map(|ns| ns.sockets().len()).sum()
    }

    /// Disconnects everybody, so that clients reconnect to the next process at once.
    pub async fn close(&self) {
        self.io.close().await;
    }
}

/// The runbook greps the log for these sentences. Runs before the client is told that it is
/// connected, so that one that leaves at once is seen leaving.
async fn greet(socket: SocketRef) -> Result<(), Infallible> {
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
