//! A bare Socket.IO client over WebSocket, to see every packet.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

/// How long a packet may take.
const PACKET_WAIT: Duration = Duration::from_secs(20);

pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Opens a WebSocket and an Engine.IO session, without joining a namespace.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(PACKET_WAIT)).expect("a socket has timeouts");
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = client(url, stream).expect("the server speaks WebSocket");
        let mut socket = Self(socket);
        let open = socket.next().expect("an open packet");
        assert!(open.starts_with("0{"), "no open packet: {open}");
        socket
    }

    /// Opens one and joins a namespace.
    pub(crate) fn connect(address: SocketAddr, namespace: &str) -> Self {
        let mut socket = Self::open(address);
        let start = if namespace == "/" { "40".to_owned() } else { format!("40{namespace},") };
        socket.send(Message::text(start.clone()));
        let answer = socket.next_but_ping().expect("Socket.IO answers");
        assert!(answer.starts_with(&start), "not connected: {answer}");
        socket
    }

    /// Sends, whether or not the other side still listens.
    pub(crate) fn send(&mut self, message: Message) {
        self.0.send(message).ok();
    }

    /// The next packet; `None` at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<String> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Binary(bytes)) => return Some(format!("{bytes:?}")),
                Ok(_) => {}
                Err(Error::Io(error)) if is_timeout(&error) => {
                    panic!("neither a packet nor an end within {PACKET_WAIT:?}")
                }
                Err(_) => return None,
            }
        }
    }

    /// The next packet that is no ping; pings are answered.
    pub(crate) fn next_but_ping(&mut self) -> Option<String> {
        loop {
            let packet = self.next()?;
            if packet != "2" {
                return Some(packet);
            }
            self.send(Message::text("3"));
        }
    }

    /// Whether a disconnect or close packet came before the end of the connection.
    pub(crate) fn is_disconnected_by_server(&mut self) -> bool {
        let mut is_disconnected = false;
        while let Some(packet) = self.next() {
            is_disconnected |= packet.starts_with("41") || packet == "1";
        }
        is_disconnected
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
