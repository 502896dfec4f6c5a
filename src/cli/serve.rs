//! `unoc serve`

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use super::args::Cli;
use super::exit::Failure;
use crate::app::{App, init_logging};
use crate::engine::Clock;

pub(super) fn run(cli: &Cli) -> Result<(), Failure> {
    let config = cli.load_config()?;
    init_logging(&config)?;
    raise_file_limit(config.max_connections);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let served = runtime.block_on(async {
        match App::start(config, Clock::system()).await? {
            Some(app) => app.run().await,
            None => Ok(()),
        }
    });
    // The app awaited all that it started. What is beyond its deadline, such as a mirror that waits
    // for a silent host, is not waited for again.
    runtime.shutdown_background();
    Ok(served?)
}

/// Threads for calls that block. What may hang is bounded where it is called, far below this; the
/// unit allows 256 threads in all (`TasksMax`).
const BLOCKING_THREADS_MAX: usize = 128;
/// Descriptors that the process needs beside one per connection: store, log, listener, reserve.
const OTHER_FILES: u64 = 64;

/// Shells allow 1,024 open files, fewer than the connections that may be configured.
fn raise_file_limit(max_connections: usize) {
    let wanted = max_connections as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let current = Some(limit.maximum.map_or(wanted, |maximum| wanted.min(maximum)));
    let raised = setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum });
    if raised.is_err() || current < Some(wanted) {
        warn!(
            files.wanted = wanted,
            files.allowed = current,
            "Fewer files may be open than max_connections asks for; raise LimitNOFILE"
        );
    }
}
