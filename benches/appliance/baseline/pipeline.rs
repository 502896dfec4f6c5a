//! Provisioning without rules, index or audit.

use std::path::Path;

use anyhow::Result;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::group_commit::{self, Job};

#[derive(Clone)]
struct Bare {
    /// To the thread that commits.
    queue: mpsc::Sender<Job>,
    reply: Bytes,
}

type Reply = (StatusCode, [(HeaderName, &'static str); 1], Bytes);

pub(super) fn router(directory: &Path, reply_bytes: usize) -> Result<Router> {
    let filling = reply_bytes.saturating_sub(r#"{"message":""}"#.len());
    let reply = format!(r#"{{"message":"{}"}}"#, "x".repeat(filling));
    let state = Bare { queue: group_commit::start(directory)?, reply: reply.into() };
    Ok(Router::new().route("/api/devices/provision", post(provision)).with_state(state))
}

async fn provision(
    State(bare): State<Bare>,
    Json(body): Json<serde_json::Value>,
) -> Result<Reply, StatusCode> {
    let (done, committed) = oneshot::channel();
    let gone = |_| StatusCode::SERVICE_UNAVAILABLE;
    bare.queue.send(Job { body, done }).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    committed.await.map_err(gone)?;
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], bare.reply))
}
