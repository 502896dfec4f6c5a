//! The reader that looks at PostgreSQL while everything else goes on.

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

/// Between two looks: the cores are for the others.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// A site, when that commit was made, and how many audit rows there were then.
type State = (Site, Timestamp, u64);

/// What the site has to be after each commit; those that nobody can see any more are forgotten.
#[derive(Default)]
pub(super) struct History(Mutex<BTreeMap<u64, State>>);

impl History {
    pub(super) fn note(&self, seq: u64, state: State) {
        self.0.lock().expect("no panic while held").entry(seq).or_insert(state);
    }

    /// A commit becomes visible a moment before it is noted.
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

/// How much was seen.
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

/// Does something while a reader looks; both have to end well.
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

/// Ends the watcher, also after a panic.
struct Ender<'a>(&'a AtomicBool);

impl Drop for Ender<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Seen {
    /// Looks that found a site.
    pub(super) fn looks(&self) -> usize {
        self.looks
    }

    /// Connects, or looks once. Panics when PostgreSQL holds what is no commit.
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
                // Class 57 is what a server says when it ends; without an answer the line broke.
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
