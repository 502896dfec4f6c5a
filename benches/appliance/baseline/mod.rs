//! Bare servers: the same work on the wire, and nothing behind it.
//!
//! Each is a plain axum router on the multi-threaded runtime, as its documentation shows it, with
//! `TCP_NODELAY` so that it is a strong rival. It ends when its standard input does, so that none
//! outlives the director.

mod constant;
mod emitter;
mod group_commit;
mod pipeline;

use std::path::PathBuf;

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// Which bare server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Answers every device call with the bytes of this file.
    Constant { body_file: PathBuf },
    /// Provisions without rules, indexes or audit into a fresh store of this directory, and
    /// answers with a body of this size.
    Pipeline { directory: PathBuf, reply_bytes: usize },
    /// Broadcasts `device:updated` with this payload (JSON file) on every override; before that,
    /// commits one row durably when there is a directory.
    Emitter { payload_file: PathBuf, commit_in: Option<PathBuf> },
}

/// Serves a [`Plan`] given as JSON, after printing the address.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("reading the plan")?;
    std::thread::spawn(|| {
        // The pipe never carries anything: this returns when the director is gone.
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(plan))
}

async fn serve(plan: Plan) -> Result<()> {
    let router = match plan {
        Plan::Constant { body_file } => constant::router(std::fs::read(body_file)?.into()),
        Plan::Pipeline { directory, reply_bytes } => pipeline::router(&directory, reply_bytes)?,
        Plan::Emitter { payload_file, commit_in } => {
            emitter::router(&std::fs::read(payload_file)?, commit_in.as_deref())?
        }
    };
    listen(router).await
}

async fn listen(router: Router) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Only speed is at stake.
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, router).await?;
    Ok(())
}
