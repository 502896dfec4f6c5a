//! A Socket.IO client without a library: Engine.IO 4 packets over a WebSocket.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocket};
use tokio_tungstenite::tungstenite::{self, client};

use super::site::text_of;
use super::wait::{self, PATIENCE};

/// How long one look into the connection takes when nothing comes.
const LOOK: Duration = Duration::from_millis(20);

/// A client of one namespace.
pub(crate) struct Client {
    connection: WebSocket<TcpStream>,
    /// `/live,` before each packet's payload; nothing for `/`.
    prefix: String,
    pub(crate) sid: String,
    /// What the server said of the transport.
    pub(crate) open: Value,
}

/// One event, as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) payload: Value,
    /// The whole packet, for the order of its keys.
    pub(crate) raw: String,
}

impl Client {
    /// Connects to a namespace of a server at the root of its host.
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr, namespace: &str) -> Self {
        Self::connect_under(address, "", namespace)
    }

    /// Connects to a namespace of a server under a path.
    #[track_caller]
    pub(crate) fn connect_under(address: SocketAddr, base: &str, namespace: &str) -> Self {
        let url = format!("ws://{address}{base}/socket.io/?EIO=4&transport=websocket");
        let connected = Self::connect_to(address, &url, namespace, &[], "");
        connected.unwrap_or_else(|refusal| panic!("not connected: {refusal}"))
    }

    /// Connects with these headers, and with what the client says of itself (`auth`, a JSON text or nothing).
    /// Returns the message of the refusal if it is not let in.
    #[track_caller]
    pub(crate) fn connect_as(
        address: SocketAddr,
        namespace: &str,
        headers: &[(&'static str, String)],
        auth: &str,
    ) -> Result<Self, String> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        Self::connect_to(address, &url, namespace, headers, auth)
    }

    #[track_caller]
    fn connect_to(
        address: SocketAddr,
        url: &str,
        namespace: &str,
        headers: &[(&'static str, String)],
        auth: &str,
    ) -> Result<Self, String> {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().expect("a value"));
        }
        let (connection, _) = client(request, stream).expect("a WebSocket");
        connection.get_ref().set_read_timeout(Some(LOOK)).expect("a socket option");
        let prefix = if namespace == "/" { String::new() } else { format!("{namespace},") };
        let mut client = Self { connection, prefix, sid: String::new(), open: Value::Null };
        let open = client.packet(PATIENCE).expect("no error").expect("an open packet");
        client.open = serde_json::from_str(open.strip_prefix('0').expect("open")).expect("JSON");
        client.send(&format!("40{}{auth}", client.prefix)).expect("the server reads");
        let connected = client.packet(PATIENCE).expect("no error").expect("a connect packet");
        if let Some(refusal) = connected.strip_prefix(&format!("44{}", client.prefix)) {
            let refusal: Value = serde_json::from_str(refusal).expect("JSON");
            return Err(text_of(&refusal["message"]).to_owned());
        }
        let payload = connected.strip_prefix(&format!("40{}", client.prefix));
        let payload = payload.unwrap_or_else(|| panic!("not connected: {connected}"));
        let payload: Value = serde_json::from_str(payload).expect("JSON");
        text_of(&payload["sid"]).clone_into(&mut client.sid);
        Ok(client)
    }

    /// Waits until the server has ended the namespace; events on the way are not looked at.
    #[track_caller]
    pub(crate) fn until_disconnected(&mut self) {
        let ended = format!("41{}", self.prefix);
        let end = wait::now() + PATIENCE;
        while wait::now() < end {
            match self.packet(PATIENCE) {
                Ok(Some(packet)) if packet == ended => return,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        panic!("the server did not end {ended}");
    }

    /// Sends an event with a payload.
    pub(crate) fn emit_with(&mut self, name: &str, payload: &Value) {
        let packet = format!("42{}[\"{name}\",{payload}]", self.prefix);
        self.send(&packet).expect("the server reads");
    }

    /// The next event, if one comes in time.
    #[track_caller]
    pub(crate) fn next(&mut self, patience: Duration) -> Option<Event> {
        let raw = self.packet(patience).unwrap_or_else(|error| panic!("it broke: {error}"))?;
        Some(self.event(raw))
    }

    fn event(&self, raw: String) -> Event {
        let start = format!("42{}", self.prefix);
        let json = raw.strip_prefix(&start).unwrap_or_else(|| panic!("no event: {raw}"));
        let Ok(Value::Array(mut parts)) = serde_json::from_str(json) else {
            panic!("no event: {raw}")
        };
        assert_eq!(parts.len(), 2, "a name and one payload: {raw}");
        let payload = parts.pop().expect("two parts");
        Event { name: text_of(&parts[0]).to_owned(), payload, raw }
    }

    /// Sends an event without a payload.
    pub(crate) fn emit(&mut self, name: &str) {
        self.send(&format!("42{}[\"{name}\"]", self.prefix)).expect("the server reads");
    }

    /// The number of events up to the first one of this name; nothing when the server gave the
    /// client up.
    #[track_caller]
    pub(crate) fn count_until(&mut self, name: &str) -> Option<usize> {
        for count in 1.. {
            let raw = self.packet(PATIENCE).ok()?.expect("an event");
            if self.event(raw).name == name {
                return Some(count);
            }
        }
        None
    }

    /// All events up to and with the first one that `is_last` accepts.
    #[track_caller]
    pub(crate) fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.until_closed(is_last).unwrap_or_else(|error| panic!("it broke: {error}"))
    }

    /// The same; an error when the connection ends before.
    #[track_caller]
    pub(crate) fn until_closed(
        &mut self,
        is_last: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Event>, tungstenite::Error> {
        let mut events: Vec<Event> = Vec::new();
        let end = wait::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(wait::now());
            let Some(raw) = self.packet(left)? else {
                panic!("the event did not come; the last ones: {:?}", events.iter().rev().take(3))
            };
            events.push(self.event(raw));
            if events.last().is_some_and(&is_last) {
                return Ok(events);
            }
        }
    }

    /// The next Socket.IO packet; pings are answered on the way.
    fn packet(&mut self, patience: Duration) -> Result<Option<String>, tungstenite::Error> {
        let end = wait::now() + patience;
        loop {
            match self.connection.read() {
                Ok(Message::Text(text)) if text.as_str() == "2" => self.send("3")?,
                Ok(Message::Text(text)) => return Ok(Some(text.as_str().to_owned())),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            if wait::now() >= end {
                return Ok(None);
            }
        }
    }

    fn send(&mut self, packet: &str) -> Result<(), tungstenite::Error> {
        self.connection.send(Message::text(packet))
    }

    /// Leaves as a browser does.
    pub(crate) fn leave(mut self) {
        self.send(&format!("41{}", self.prefix)).expect("the server reads");
        self.connection.close(None).expect("an open connection");
    }
}
