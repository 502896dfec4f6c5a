//! The log on standard error, as text or JSON, with priorities for the journal.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::PanicHookInfo;

use tracing::{Level, Metadata, Subscriber, error};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::util::{Priority, with_priority};

/// How lines are written to standard error.
#[derive(Clone, Copy, Debug)]
pub struct StderrOptions {
    pub format: StderrFormat,
    /// Each line begins with its priority, which systemd's journal reads.
    pub is_journal: bool,
}

/// The format of a line on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StderrFormat {
    Text {
        has_colours: bool,
    },
    /// A JSON object on each line.
    Json,
}

pub(super) fn text_layer<S>(options: &StderrOptions) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let has_colours = matches!(options.format, StderrFormat::Text { has_colours: true });
    let layer = tracing_subscriber::fmt::layer().with_writer(Stderr::new(options));
    layer.with_ansi(has_colours).with_target(false)
}

pub(super) fn json_layer<S>(options: &StderrOptions) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(Stderr::new(options));
    layer.json().flatten_event(true)
}

/// Logs a panic as an error; with `RUST_BACKTRACE=1` the backtrace follows.
pub(super) fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let trace = Backtrace::capture();
    match trace.status() {
        BacktraceStatus::Captured => error!(thread = name, "Thread {name} {panic}\n{trace}"),
        _ => error!(thread = name, "Thread {name} {panic}"),
    }
}

/// Standard error, with a priority in front of each line if it is connected to the journal.
struct Stderr {
    is_journal: bool,
}

/// The writer of one event.
struct EventWriter {
    priority: Option<Priority>,
}

impl Stderr {
    fn new(options: &StderrOptions) -> Self {
        Self { is_journal: options.is_journal }
    }
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = EventWriter;

    fn make_writer(&'a self) -> EventWriter {
        EventWriter { priority: self.is_journal.then_some(Priority::Info) }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> EventWriter {
        EventWriter { priority: self.is_journal.then(|| priority_of(*event.level())) }
    }
}

impl Write for EventWriter {
    /// Writes a whole event: the layer writes each with one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        match self.priority {
            Some(priority) => {
                let text = String::from_utf8_lossy(event);
                stderr.write_all(with_priority(priority, &text).as_bytes())?;
            }
            None => stderr.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn priority_of(level: Level) -> Priority {
    match level {
        Level::ERROR => Priority::Error,
        Level::WARN => Priority::Warning,
        Level::INFO => Priority::Info,
        Level::DEBUG | Level::TRACE => Priority::Debug,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn each_level_has_a_priority() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
        assert_eq!(levels.map(|level| priority_of(level) as u8), [3, 4, 6, 7, 7]);
    }

    #[test]
    fn a_panic_is_an_error_of_the_log() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let its = Arc::clone(&kept);
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || Kept(Arc::clone(&its)))
            .finish();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let caught = tracing::subscriber::with_default(log, || {
            std::panic::catch_unwind(|| panic!("the test wants it"))
        });
        std::panic::set_hook(usual);
        assert!(caught.is_err());
        let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
        assert!(text.contains(" ERROR ") && text.contains("the test wants it"), "{text}");
        assert!(text.contains("stderr.rs"), "where it happened: {text}");
    }

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
