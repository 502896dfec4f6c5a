//! Delivery of events: a client of Socket.IO over HTTP long polling that must see a heartbeat.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::super::loopback::OwnServer;
use super::parts::CheckedParts;
use crate::health::{CheckReading, ProbeTable};
use crate::realtime::Sockets;

/// A heartbeat of the namespace `/live` (Socket.IO protocol 5, packets of type EVENT in Engine.IO messages).
const HEARTBEAT: &str = "42/live,[\"heartbeat\"";
/// Joins `/live`, and closes the session (Engine.IO protocol 4).
const CONNECT: &str = "40/live,";
const CLOSE: &str = "1";
/// Polls until there is a heartbeat: each returns with at least one packet.
const POLLS_MAX: u32 = 100;

pub(super) fn add(probes: &mut ProbeTable, server: &OwnServer, parts: &CheckedParts) {
    let (server, sockets) = (server.clone(), parts.sockets.clone());
    probes.add("events.delivery", move || {
        let (server, sockets) = (server.clone(), sockets.clone());
        async move {
            Ok(match delivery(&server, &sockets).await {
                Ok(waited) => CheckReading::of(waited.as_secs_f64()),
                Err(error) => CheckReading::broken(error.to_string()),
            })
        }
    });
}

/// How long a client that has just connected waits for a heartbeat, which is sent because it asks for it.
async fn delivery(server: &OwnServer, sockets: &Sockets) -> io::Result<Duration> {
    let path = "/socket.io/?EIO=4&transport=polling";
    let open = ok(server, "GET", path, "").await?;
    let sid = session_id(&open).ok_or_else(|| io::Error::other("Socket.IO opens no session"))?;
    let path = format!("{path}&sid={sid}");
    ok(server, "POST", &path, CONNECT).await?;
    let waited = wait_for_heartbeat(server, sockets, &path).await;
    // The server ends a session that is not closed after its time-out, too.
    server.request("POST", &path, CLOSE).await.ok();
    waited
}

async fn wait_for_heartbeat(
    server: &OwnServer,
    sockets: &Sockets,
    path: &str,
) -> io::Result<Duration> {
    let begun = Instant::now();
    for _ in 0..POLLS_MAX {
        // The first one may be too early: the client has joined once its first poll is answered.
        sockets.want_heartbeat();
        if ok(server, "GET", path, "").await?.contains(HEARTBEAT) {
            return Ok(begun.elapsed());
        }
    }
    Err(io::Error::other("Socket.IO sends other events, but no heartbeat"))
}

async fn ok(server: &OwnServer, method: &str, path: &str, body: &str) -> io::Result<String> {
    let answer = server.request(method, path, body).await?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(io::Error::other(format!("Socket.IO answers with the status {status}"))),
    }
}

/// The `sid` of an Engine.IO open packet.
fn session_id(packet: &str) -> Option<&str> {
    packet.split_once("\"sid\":\"")?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_in_the_open_packet() {
        let packet = r#"0{"sid":"abc-1","upgrades":["websocket"],"pingInterval":25000}"#;
        assert_eq!(session_id(packet), Some("abc-1"));
        assert_eq!(session_id("0{}"), None);
    }
}
