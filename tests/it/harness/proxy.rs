//! A network that misbehaves on purpose: a TCP proxy on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wait;

/// Bytes forwarded at once; a pattern may lie across two.
const CHUNK: usize = 16 << 10;

/// What happens to bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    Pass,
    /// Each chunk is held back this long, in both directions.
    Delay(Duration),
    /// Connections are accepted and kept, and no byte passes.
    Freeze,
    /// New connections are refused; those that are there go on.
    Refuse,
}

/// Where a cut happens, seen from the bytes that are waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    /// The server never sees them.
    Before,
    /// The server sees them; the client never hears the answer.
    After,
}

/// A proxy; it ends with all its connections when this is dropped.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    has_ended: bool,
    is_listening: bool,
    /// The next cut: when the client has sent these bytes.
    armed: Option<(Vec<u8>, Cut)>,
    /// Cuts by `armed` so far.
    cuts: usize,
    /// Connections accepted so far.
    accepted: usize,
    /// Both ends of each connection, to cut it.
    sockets: Vec<(TcpStream, TcpStream)>,
}

impl Proxy {
    /// A proxy to a port of loopback that lets everything pass.
    pub(crate) fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = State {
            mode: Mode::Pass,
            has_ended: false,
            is_listening: true,
            armed: None,
            cuts: 0,
            accepted: 0,
            sockets: Vec::new(),
        };
        let server = SocketAddr::from(([127, 0, 0, 1], server_port));
        let shared = Shared { server, state: Mutex::new(state), changed: Condvar::new() };
        let shared = Arc::new(shared);
        let its = Arc::clone(&shared);
        let thread = std::thread::spawn(move || its.accept(listener, port));
        Self { port, shared, listener: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Changes what happens to bytes from now on.
    #[track_caller]
    pub(crate) fn set(&self, mode: Mode) {
        self.shared.lock().mode = mode;
        self.shared.changed.notify_all();
        if mode == Mode::Refuse {
            self.wake();
        }
        let listens = mode != Mode::Refuse;
        wait::until("the proxy's port follows", || {
            (self.shared.lock().is_listening == listens).then_some(())
        });
    }

    /// Cuts every connection there is.
    pub(crate) fn cut_all(&self) {
        for (client, server) in self.shared.lock().sockets.drain(..) {
            close(&client);
            close(&server);
        }
    }

    /// Cuts the connection whose client next sends these bytes; once.
    pub(crate) fn cut_at(&self, bytes: &str, cut: Cut) {
        self.shared.lock().armed = Some((bytes.as_bytes().to_vec(), cut));
    }

    /// How often [`Self::cut_at`] has cut.
    pub(crate) fn cuts(&self) -> usize {
        self.shared.lock().cuts
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.lock().accepted
    }

    /// Lets the listening thread look at the state.
    fn wake(&self) {
        // It may be looking already, with the port closed.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_all();
        self.cut_all();
        self.wake();
        if let Some(thread) = self.listener.take() {
            // Nothing is left to do about its panic.
            thread.join().ok();
        }
        self.cut_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    fn accept(self: &Arc<Self>, listener: TcpListener, port: u16) {
        let mut listener = Some(listener);
        loop {
            let mut state = self.lock();
            if state.has_ended {
                return;
            }
            if state.mode == Mode::Refuse {
                listener = None;
                state.is_listening = false;
                drop(self.changed.wait(state).expect("no panic while held"));
                continue;
            }
            drop(state);
            let listening = listener.get_or_insert_with(|| {
                wait::until("the port is free", || TcpListener::bind(("127.0.0.1", port)).ok())
            });
            self.lock().is_listening = true;
            let Ok((client, _)) = listening.accept() else { continue };
            let wanted = self.lock().mode != Mode::Refuse;
            if wanted && let Ok(server) = TcpStream::connect(self.server) {
                self.forward(client, server);
            }
        }
    }

    fn forward(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        for socket in [&client, &server] {
            socket.set_nodelay(true).expect("a socket option");
        }
        let twin = |socket: &TcpStream| socket.try_clone().expect("a descriptor is free");
        let mut state = self.lock();
        state.accepted += 1;
        state.sockets.push((twin(&client), twin(&server)));
        drop(state);
        let (from, to, its) = (twin(&server), twin(&client), Arc::clone(self));
        std::thread::spawn(move || its.pump(from, to, false));
        let its = Arc::clone(self);
        std::thread::spawn(move || its.pump(client, server, true));
    }

    /// Forwards until one end closes.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, is_client: bool) {
        let mut chunk = vec![0; CHUNK];
        let mut seen = Vec::new();
        loop {
            let read = match from.read(&mut chunk) {
                Ok(read) if read > 0 && self.lets_pass() => read,
                _ => break,
            };
            let cut = if is_client { self.cut_in(&mut seen, &chunk[..read]) } else { None };
            if cut.is_some() {
                // The client is gone before the server can answer.
                close(&from);
            }
            if cut != Some(Cut::Before) && to.write_all(&chunk[..read]).is_err() {
                break;
            }
            if cut.is_some() {
                // The server reads what was sent, then the end.
                to.shutdown(Shutdown::Write).ok();
                self.lock().cuts += 1;
                return;
            }
        }
        close(&from);
        close(&to);
    }

    /// Waits as long as the mode says; false when it is over.
    fn lets_pass(&self) -> bool {
        let mut state = self.lock();
        if let Mode::Delay(delay) = state.mode {
            let same = |state: &mut State| !state.has_ended && state.mode == Mode::Delay(delay);
            state = self.changed.wait_timeout_while(state, delay, same).expect("no panic").0;
        }
        let frozen = |state: &mut State| !state.has_ended && state.mode == Mode::Freeze;
        !self.changed.wait_while(state, frozen).expect("no panic while held").has_ended
    }

    /// Whether the bytes that are waited for are complete with this chunk.
    fn cut_in(&self, seen: &mut Vec<u8>, chunk: &[u8]) -> Option<Cut> {
        let mut state = self.lock();
        seen.extend_from_slice(chunk);
        let length = state.armed.as_ref().map_or(1, |(wanted, _)| wanted.len());
        let is_found = |(wanted, _): &mut (Vec<u8>, Cut)| {
            seen.windows(length).any(|window| window == wanted.as_slice())
        };
        let cut = state.armed.take_if(is_found).map(|(_, cut)| cut);
        seen.drain(..seen.len().saturating_sub(length - 1));
        cut
    }
}

fn close(socket: &TcpStream) {
    // It may be closed already.
    socket.shutdown(Shutdown::Both).ok();
}
