//! Work on a thread of its own, for callers that wait for it.

use std::sync::Once;

use rustix::process::setpriority_process;
use tracing::warn;

/// A third of the weight of a thread at niceness 0 (sched(7)): on an idle host the work is as fast as
/// ever, on a busy one it still ends.
const NICENESS: i32 = 5;
/// A system that refuses once refuses each time: it is logged once.
static REFUSED: Once = Once::new();

/// Runs `work` on a new thread and returns its result. An allocator keeps what a thread freed for that
/// thread and takes it back when the thread ends. A panic goes on in the caller.
pub fn run_on_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `work` as [`run_on_thread`] does, at niceness 5, so that threads that serve clients get the
/// processor first. On a thread of a pool this could not be undone: to lower its niceness again, a
/// thread needs a privilege.
pub fn run_at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    run_on_thread(|| {
        // Linux sets the calling thread alone (setpriority(2), "C library/kernel differences").
        if let Err(error) = setpriority_process(None, NICENESS) {
            REFUSED.call_once(|| {
                warn!(%error, "Backups and password checks run at the priority of the service: niceness {NICENESS} was refused");
            });
        }
        work()
    })
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn low_priority_ends_with_the_work() {
        let before = getpriority_process(None).unwrap();
        let during = run_at_low_priority(|| getpriority_process(None).unwrap());
        assert_eq!(during, NICENESS.max(before));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }

    #[test]
    fn a_panic_goes_on_in_the_caller() {
        let caught = std::panic::catch_unwind(|| {
            run_on_thread(|| std::panic::resume_unwind(Box::new("the test wants it")));
        });
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the test wants it"));
    }
}
