//! `unoc serve`

use std::sync::Arc;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use super::args::Cli;
use super::exit::{CommandError, one_line};
use crate::app::{App, PassedSockets, ProcessInputs, RunEnd, RunRecorder, init_logging};
use crate::config;
use crate::engine::Clock;

pub(super) fn run(cli: &Cli) -> Result<(), CommandError> {
    // First, because it changes the environment, which threads may read.
    let passed = PassedSockets::take();
    let sources = cli.sources();
    let mut config = config::load(&sources)?;
    let logs = init_logging(&config, Clock::system())?;
    config.max_connections = raise_file_limit(config.max_connections);
    let connections_max = config.max_connections;
    let read_config = Arc::new(move || {
        let mut config = config::load(&sources)?;
        config.max_connections = config.max_connections.min(connections_max);
        Ok(config)
    });
    let inputs = ProcessInputs { passed, read_config };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let recorder = RunRecorder::begin(&config.data_dir, &Clock::system(), &logs);
    let served = runtime.block_on(async {
        match App::start(config, Clock::system(), logs, inputs).await? {
            Some(app) => app.run().await,
            None => Ok(()),
        }
    });
    // The app has awaited its tasks. A task past its deadline, such as a mirror that waits for a
    // host that does not answer, is not awaited again.
    runtime.shutdown_background();
    let served = served.map_err(CommandError::from);
    if let Some(recorder) = recorder {
        recorder.finish(end_of(&served));
    }
    served
}

fn end_of(served: &Result<(), CommandError>) -> RunEnd {
    match served {
        Ok(()) => RunEnd::Stopped,
        Err(error) if error.is_refused() => RunEnd::Refused,
        Err(error) => RunEnd::Failed(one_line(&error.cause)),
    }
}

/// Most threads for blocking calls. Calls that may hang have lower limits of their own; the systemd
/// unit allows 256 threads in all (`TasksMax`).
const BLOCKING_THREADS_MAX: usize = 128;
/// Descriptors that the process needs besides one for each connection: store, log, listener,
/// reserve.
const OTHER_FILES: u64 = 64;

/// Fewest connections that are allowed, whatever the limit of open files is.
const CONNECTIONS_MIN: u64 = 8;

/// Raises the limit of open files, which is 1,024 in most shells, for the configured connections.
/// Returns how many connections the limit allows: a client that waits is better than one that is
/// refused.
fn raise_file_limit(max_connections: usize) -> usize {
    let wanted = max_connections as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return max_connections;
    }
    let current = Some(limit.maximum.map_or(wanted, |maximum| wanted.min(maximum)));
    let raised = setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum });
    let allowed = if raised.is_ok() { current } else { limit.current }.unwrap_or(wanted);
    if allowed >= wanted {
        return max_connections;
    }
    let connections = allowed.saturating_sub(OTHER_FILES).max(CONNECTIONS_MIN);
    warn!(
        files.wanted = wanted,
        files.allowed = allowed,
        "The limit of open files allows {connections} of {max_connections} connections at once; \
         raise LimitNOFILE, or lower max_connections"
    );
    usize::try_from(connections).unwrap_or(max_connections)
}
