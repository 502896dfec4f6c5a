//! The reader that reads PostgreSQL all the time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use postgres::Client;
use unoc::domain::{Site, Timestamp};
use uuid::Uuid;

use super::super::exact::{Exact, Look, look};
use crate::harness::{postgres::connect, wait};

/// The pause between two reads, which leaves the cores to the others.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// A site, the time of its commit, and the number of audit rows.
type State = (Site, Timestamp, u64);

/// The expected site after each commit that may still be read.
#[derive(Default)]
pub(super) struct History(Mutex<BTreeMap<u64, State>>);

impl History {
    pub(super) fn note(&self, seq: u64, state: State) {
        self.0.lock().expect("no panic while held").entry(seq).or_insert(state);
    }

    /// Waits for the commit, which becomes visible shortly before it is recorded.
    #[track_caller]
    pub(super) fn exact(&self, seq: u64) -> Exact {
        wait::until("the commit that PostgreSQL holds is known", || {
            let states = self.0.lock().expect("no panic while held");
            states.get(&seq).map(|(site, at, next_audit)| Exact::of(site, seq, *at, *next_audit))
        })
    }

    fn forget_before(&self, seq: u64) {
        self.0.lock().expect("no panic while held").retain(|noted, _| *noted >= seq);
    }
}

/// What was read.
#[derive(Default)]
pub(super) struct Seen {
    looks: usize,
    seqs: usize,
    rows: usize,
    broken: usize,
    last: Option<(u64, u64)>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { looks, seqs, rows, broken, .. } = self;
        write!(f, "{looks} looks at {seqs} commits with {rows} rows, {broken} looks broken off")
    }
}

/// Runs something while the reader reads; both must succeed.
pub(super) fn watched<T>(
    history: &History,
    url: &str,
    site_id: Uuid,
    work: impl FnOnce() -> T,
) -> (T, Seen) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = Seen::default();
            let mut client = None;
            while !stop.load(Ordering::SeqCst) {
                seen.look(&mut client, history, url, site_id);
                thread::park_timeout(LOOK_EVERY);
            }
            seen
        });
        let ender = Ender(&stop);
        let done = work();
        drop(ender);
        (done, watcher.join().expect("every look found a commit"))
    })
}

/// Stops the watcher, also after a panic.
struct Ender<'a>(&'a AtomicBool);

impl Drop for Ender<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Seen {
    /// Reads that found a site.
    pub(super) fn looks(&self) -> usize {
        self.looks
    }

    /// Connects, or reads once. Panics if PostgreSQL holds a state that is no commit.
    pub(super) fn look(
        &mut self,
        client: &mut Option<Client>,
        history: &History,
        url: &str,
        site_id: Uuid,
    ) {
        let Some(open) = client else {
            *client = connect(url).ok();
            return;
        };
        match look(open, site_id) {
            Ok(Some(look)) => self.judge(&look, history),
            Ok(None) => {}
            Err(error) => {
                // Class 57 is sent by a server that stops; without an answer the connection broke.
                let code = error.code().map(|code| code.code().to_owned());
                assert!(code.is_none_or(|code| code.starts_with("57")), "{error:?}");
                self.broken += 1;
                *client = None;
            }
        }
    }

    fn judge(&mut self, look: &Look, history: &History) {
        let seq = look.exact.seq;
        let when = format!("look {} while everything moves", self.looks);
        look.exact.assert_is(&history.exact(seq), &when);
        look.check_audit(&when);
        let now = (look.epoch, seq);
        if let Some(last) = self.last {
            assert!(now.0 >= last.0 && now.1 >= last.1, "{when}: {now:?} after {last:?}");
        }
        history.forget_before(seq);
        self.looks += 1;
        self.seqs += usize::from(self.last.is_none_or(|last| last.1 != seq));
        self.rows += look.exact.row_count() + look.audit.len();
        self.last = Some(now);
    }
}
