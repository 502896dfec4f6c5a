//! What signals do: some stop the service, none ends it by surprise.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::info;

use super::{stop, until};

/// The signals that ask for an end.
const STOPPING: [(Number, &str); 3] =
    [(Number::TERM, "SIGTERM"), (Number::INT, "SIGINT"), (Number::QUIT, "SIGQUIT")];

/// The signals that would end a process that does not handle them, and that tell no fault of its
/// own (signal(7), "Standard signals"). SIGHUP comes when the terminal is closed.
const IGNORED: [(Number, &str); 11] = [
    (Number::HUP, "SIGHUP"),
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

/// The real-time signals of Linux that the C library leaves to programs (signal(7)); they end a
/// process too.
const REAL_TIME: std::ops::RangeInclusive<i32> = 35..=64;

/// An ignored signal is logged at most this often, whoever sends them.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// The handled signals: from the moment this is made, none of them kills the process.
pub(super) struct Signals {
    stopping: Vec<Named>,
    ignored: Vec<Named>,
}

type Named = (String, Signal);

impl Signals {
    /// # Errors
    /// When the operating system refuses to hand over a signal that stops the service.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |(number, name): (i32, String)| {
            signal(SignalKind::from_raw(number)).map(|signal| (name, signal))
        };
        let of = |(number, name): &(Number, &str)| (number.as_raw(), (*name).to_owned());
        let stopping = STOPPING.iter().map(of).map(listen).collect::<io::Result<_>>()?;
        let real_time = REAL_TIME.map(|number| (number, format!("signal {number}")));
        // Which real-time signals are free is the C library's choice.
        let ignored = IGNORED.iter().map(of).chain(real_time).filter_map(|it| listen(it).ok());
        Ok(Self { stopping, ignored: ignored.collect() })
    }

    /// Starts the shutdown when a signal asks for it and logs the signals that do nothing, until
    /// the shutdown has begun.
    pub(super) async fn run(self, shutdown: Arc<watch::Sender<bool>>) {
        let Self { mut stopping, mut ignored } = self;
        let ended = until(shutdown.subscribe());
        let note = async {
            loop {
                let name = next(&mut ignored).await;
                info!(signal = name, "{}", advice(&name));
                tokio::time::sleep(LOG_PAUSE).await;
            }
        };
        tokio::select! {
            name = next(&mut stopping) => stop(&shutdown, &name),
            () = note => {}
            () = ended => {}
        }
    }
}

/// What a signal that does nothing is logged as.
fn advice(name: &str) -> String {
    if name == "SIGHUP" {
        return "SIGHUP is ignored: settings are read at the start; restart the service to apply \
                changes"
            .to_owned();
    }
    format!("{name} is ignored; SIGTERM stops the service")
}

/// Waits for one of them and names it.
async fn next(signals: &mut [Named]) -> String {
    poll_fn(|context| poll(signals, context)).await
}

fn poll(signals: &mut [Named], context: &mut Context<'_>) -> Poll<String> {
    let mut came = None;
    for (name, signal) in signals {
        // Each is polled, so that each can wake.
        if came.is_none() && signal.poll_recv(context).is_ready() {
            came = Some(name.clone());
        }
    }
    came.map_or(Poll::Pending, Poll::Ready)
}
