//! The signal that stops all tasks of the service.

use tokio::sync::watch;
use tracing::info;

/// Starts the shutdown and logs what caused it.
pub(super) fn begin_shutdown(shutdown: &watch::Sender<bool>, cause: &str) {
    if !shutdown.send_replace(true) {
        info!(signal = cause, "Stopping on {cause}");
    }
}

/// Resolves when the service has to stop.
pub(super) async fn stop_requested(mut stopping: watch::Receiver<bool>) {
    // A dropped sender means the same.
    stopping.wait_for(|stop| *stop).await.ok();
}

/// Runs a task until it ends or the service has to stop.
pub(super) async fn run_until_stopped(
    task: impl Future<Output = ()>,
    stopping: watch::Receiver<bool>,
) {
    tokio::select! {
        () = task => {}
        () = stop_requested(stopping) => {}
    }
}
