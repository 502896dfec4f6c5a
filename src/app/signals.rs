//! Signals: some stop the service, one has it read its configuration again, the others are ignored.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};
use tracing::info;

use super::shutdown::{begin_shutdown, stop_requested};

/// Signals that stop the service.
const STOPPING: [(Number, &str); 3] =
    [(Number::TERM, "SIGTERM"), (Number::INT, "SIGINT"), (Number::QUIT, "SIGQUIT")];

/// Signals that end a process unless it handles them, without being an error of the process itself
/// (signal(7), "Standard signals").
const IGNORED: [(Number, &str); 10] = [
    (Number::USR1, "SIGUSR1"),
    (Number::USR2, "SIGUSR2"),
    (Number::ALARM, "SIGALRM"),
    (Number::VTALARM, "SIGVTALRM"),
    (Number::PROF, "SIGPROF"),
    (Number::IO, "SIGIO"),
    (Number::POWER, "SIGPWR"),
    (Number::STKFLT, "SIGSTKFLT"),
    (Number::XCPU, "SIGXCPU"),
    (Number::XFSZ, "SIGXFSZ"),
];

/// The real-time signals of Linux that the C library leaves to programs (signal(7)); they also end
/// a process.
const REAL_TIME: std::ops::RangeInclusive<i32> = 35..=64;

/// Ignored signals are logged at most this often.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// The handled signals. While this exists, none of them ends the process.
pub(super) struct Signals {
    stopping: Vec<Named>,
    /// The configuration is read again. It is also sent when the terminal is closed, which does no harm.
    reloading: Signal,
    ignored: Vec<Named>,
}

type Named = (String, Signal);

impl Signals {
    /// Begins to handle the signals.
    ///
    /// # Errors
    /// The system does not allow the process to handle a signal that stops the service.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |(number, name): (i32, String)| {
            signal(SignalKind::from_raw(number)).map(|signal| (name, signal))
        };
        let of = |(number, name): &(Number, &str)| (number.as_raw(), (*name).to_owned());
        let stopping = STOPPING.iter().map(of).map(listen).collect::<io::Result<_>>()?;
        let reloading = signal(SignalKind::hangup())?;
        let real_time = REAL_TIME.map(|number| (number, format!("signal {number}")));
        // The C library decides which real-time signals are free.
        let ignored = IGNORED.iter().map(of).chain(real_time).filter_map(|it| listen(it).ok());
        Ok(Self { stopping, reloading, ignored: ignored.collect() })
    }

    /// Starts the shutdown on a signal that stops the service. Until then it asks for a reload on SIGHUP, and
    /// logs ignored signals.
    pub(super) async fn run(self, shutdown: Arc<watch::Sender<bool>>, reload: Arc<Notify>) {
        let Self { mut stopping, mut reloading, mut ignored } = self;
        let ended = stop_requested(shutdown.subscribe());
        let note = async {
            loop {
                let name = next(&mut ignored).await;
                info!(signal = name, "{name} is ignored; SIGTERM stops the service");
                tokio::time::sleep(LOG_PAUSE).await;
            }
        };
        let hang_ups = async {
            while reloading.recv().await.is_some() {
                reload.notify_one();
            }
            std::future::pending().await
        };
        tokio::select! {
            name = next(&mut stopping) => begin_shutdown(&shutdown, &name),
            () = note => {}
            () = hang_ups => {}
            () = ended => {}
        }
    }
}

/// Waits for one of the signals and returns its name.
async fn next(signals: &mut [Named]) -> String {
    poll_fn(|context| poll(signals, context)).await
}

fn poll(signals: &mut [Named], context: &mut Context<'_>) -> Poll<String> {
    let mut received = None;
    for (name, signal) in signals {
        // Each is polled, so that each wakes this task.
        if received.is_none() && signal.poll_recv(context).is_ready() {
            received = Some(name.clone());
        }
    }
    received.map_or(Poll::Pending, Poll::Ready)
}
