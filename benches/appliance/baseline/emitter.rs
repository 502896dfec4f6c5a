//! A bare broadcast of `device:updated`.

use std::path::Path;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::patch;
use axum::{Json, Router};
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use tokio::sync::{mpsc, oneshot};

use super::group_commit::{self, Job};

#[derive(Clone)]
struct Emitter {
    io: SocketIo,
    payload: Value,
    /// To the thread that commits, when the broadcast waits for the disk.
    queue: Option<mpsc::Sender<Job>>,
}

pub(super) fn router(payload: &[u8], commit_in: Option<&Path>) -> Result<Router> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |_socket: SocketRef| {});
    let payload = serde_json::from_slice(payload).context("the payload is no JSON")?;
    let queue = commit_in.map(group_commit::start).transpose()?;
    Ok(Router::new()
        .route("/api/devices/{id}/override", patch(broadcast))
        .with_state(Emitter { io, payload, queue })
        .layer(layer))
}

async fn broadcast(
    State(emitter): State<Emitter>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let mut payload = emitter.payload;
    payload["status_override"] = body["status_override"].clone();
    if let Some(queue) = emitter.queue {
        let (done, committed) = oneshot::channel();
        let job = Job { body: payload.clone(), done };
        queue.send(job).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        committed.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    }
    emitter
        .io
        .emit("device:updated", &payload)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(payload))
}
