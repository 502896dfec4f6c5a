//! The line between the mirror and PostgreSQL, which can be cut and frozen: a TCP proxy on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;

const CHUNK_BYTES: usize = 64 << 10;
/// The kernel may hold on to the port of a closed listener for a moment.
const BIND_AGAIN: Duration = Duration::from_millis(5);

/// What becomes of connections and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Whole,
    /// Connections end, and new ones are refused.
    Cut,
    /// Connections are accepted and kept, and no byte passes.
    Frozen,
}

/// A line to a port of loopback.
pub(crate) struct Line {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
    is_over: AtomicBool,
    /// Both ends of every connection, to cut it.
    sockets: Mutex<Vec<TcpStream>>,
}

impl Line {
    pub(crate) fn to(server_port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            server: SocketAddr::from(([127, 0, 0, 1], server_port)),
            state: Mutex::new(State::Whole),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
            sockets: Mutex::new(Vec::new()),
        });
        let its = Arc::clone(&shared);
        std::thread::spawn(move || its.listen(listener, port));
        Ok(Self { port, shared })
    }

    pub(crate) fn set(&self, state: State) {
        *lock(&self.shared.state) = state;
        self.shared.changed.notify_all();
        if state == State::Cut {
            // Wakes the listening thread, which then closes the port.
            TcpStream::connect(("127.0.0.1", self.port)).ok();
            self.shared.cut();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.set(State::Cut);
    }
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: TcpListener, port: u16) {
        let mut listener = Some(listener);
        while !self.is_over.load(Ordering::Relaxed) {
            let state = lock(&self.state);
            if *state == State::Cut {
                listener = None;
                drop(self.changed.wait(state));
                continue;
            }
            drop(state);
            let Some(listening) = &listener else {
                listener = TcpListener::bind(("127.0.0.1", port)).ok();
                std::thread::sleep(BIND_AGAIN);
                continue;
            };
            let Ok((client, _)) = listening.accept() else { continue };
            if *lock(&self.state) != State::Cut
                && let Ok(server) = TcpStream::connect(self.server)
            {
                // A connection that cannot be forwarded is closed, as a broken line would.
                self.forward(&client, &server).ok();
            }
        }
    }

    fn forward(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) -> Result<()> {
        for (from, to) in [(client, server), (server, client)] {
            from.set_nodelay(true)?;
            lock(&self.sockets).push(from.try_clone()?);
            let (from, to, its) = (from.try_clone()?, to.try_clone()?, Arc::clone(self));
            std::thread::spawn(move || its.pump(from, to));
        }
        Ok(())
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count) = from.read(&mut chunk) {
            let mut state = lock(&self.state);
            while *state == State::Frozen {
                let Ok(woken) = self.changed.wait(state) else { return };
                state = woken;
            }
            drop(state);
            if count == 0 || to.write_all(&chunk[..count]).is_err() {
                break;
            }
        }
        for socket in [from, to] {
            // It may be closed already.
            socket.shutdown(Shutdown::Both).ok();
        }
    }

    fn cut(&self) {
        for socket in lock(&self.sockets).drain(..) {
            // It may be closed already.
            socket.shutdown(Shutdown::Both).ok();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds this")
}
