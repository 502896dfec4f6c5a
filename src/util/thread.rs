//! Threads for long work.

use std::sync::Once;

use rustix::process::setpriority_process;
use tracing::warn;

/// A third of the weight of a thread that nobody made nice (`man 7 sched`): on an idle host the
/// work is as fast as ever, on a busy one it still ends.
const NICENESS: i32 = 5;
/// What is refused once is refused each time: it is told once.
static REFUSED: Once = Once::new();

/// Does something on a thread of its own and waits for it: an allocator keeps what a thread freed for that
/// thread, and takes it back when the thread ends.
pub fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The same, leaving the processor to whoever serves the network. A thread of a pool would never
/// get its weight back: that takes a privilege.
pub fn giving_way<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    apart(|| {
        // Linux means the calling thread alone. Where it refuses, the work is done all the same.
        if let Err(error) = setpriority_process(None, NICENESS) {
            REFUSED.call_once(|| {
                warn!(%error, "Backups run at the priority of the service: the system allows no other");
            });
        }
        work()
    })
}
