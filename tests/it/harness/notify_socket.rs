//! What the service tells systemd.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use super::process::Server;
use super::wait::PATIENCE;

/// The socket that systemd would read (sd_notify(3)).
pub(crate) struct NotifySocket {
    socket: UnixDatagram,
    path: PathBuf,
    /// What was sent so far.
    pub(crate) received: Vec<String>,
}

impl NotifySocket {
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("notify");
        let socket = UnixDatagram::bind(&path).expect("it is ours");
        socket.set_read_timeout(Some(PATIENCE)).expect("it is ours");
        Self { socket, path, received: Vec::new() }
    }

    /// Starts a server that notifies it.
    pub(crate) fn start(&self, data_dir: &Path, variables: &[(&str, &str)]) -> Server {
        let mut environment = vec![("NOTIFY_SOCKET", self.path.to_str().expect("it is ours"))];
        environment.extend_from_slice(variables);
        Server::start(data_dir, &environment)
    }

    /// Reads until there is a notification with this.
    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            let length = self.socket.recv(&mut bytes);
            let length = length.unwrap_or_else(|error| panic!("{error}: {:?}", self.received));
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            self.received.push(text.clone());
            if text.contains(wanted) {
                return text;
            }
        }
    }
}
