//! A mail server, as far as a client that submits mail needs it (RFC 5321). It accepts everything but mail to
//! `nobody`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificates::Identity;
use super::wait;

/// How the server encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpTls {
    Off,
    StartTls,
    Wrapped,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedMail {
    /// The commands before its text.
    pub(crate) commands: Vec<String>,
    /// With its head, lines separated by `\n`.
    pub(crate) text: String,
    pub(crate) is_encrypted: bool,
}

/// A server on a port of this host; it ends when this is dropped.
pub(crate) struct SmtpReceiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<ReceivedMail>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl SmtpReceiver {
    pub(crate) fn start(tls: SmtpTls, identity: &Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let config = Arc::new(server_config(identity));
        let received: Arc<Mutex<Vec<ReceivedMail>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (Arc::clone(&received), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                stream.set_read_timeout(Some(wait::PATIENCE)).expect("a timeout");
                let mail = converse(stream, tls, &config);
                kept.lock().expect("not poisoned").extend(mail);
            }
        });
        Self { address, received, stop, thread: Some(thread) }
    }

    /// Waits until this many messages have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        wait::until(&format!("{count} e-mails"), || {
            let all = self.received.lock().expect("not poisoned").clone();
            (all.len() >= count).then_some(all)
        })
    }
}

impl Drop for SmtpReceiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it does not panic");
        }
    }
}

fn server_config(identity: &Identity) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("usable versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key)
        .expect("a usable certificate")
}

fn encrypted(stream: TcpStream, config: &Arc<ServerConfig>) -> Box<dyn Stream> {
    let connection = ServerConnection::new(Arc::clone(config)).expect("a connection");
    Box::new(StreamOwned::new(connection, stream))
}

/// Talks with a client until it leaves; returns the messages that it sent.
fn converse(stream: TcpStream, tls: SmtpTls, config: &Arc<ServerConfig>) -> Vec<ReceivedMail> {
    let plain = stream.try_clone().expect("a clone");
    let mut is_encrypted = tls == SmtpTls::Wrapped;
    let first: Box<dyn Stream> =
        if is_encrypted { encrypted(stream, config) } else { Box::new(stream) };
    let mut reader = BufReader::new(first);
    let mut mails = Vec::new();
    let mut commands = Vec::new();
    if say(&mut reader, "220 ready").is_none() {
        return mails;
    }
    while let Some(command) = line(&mut reader) {
        let verb = command.split_whitespace().next().unwrap_or_default().to_uppercase();
        let is_unknown = command.to_lowercase().contains("<nobody");
        commands.push(command.clone());
        let said = match verb.as_str() {
            "EHLO" if tls == SmtpTls::StartTls && !is_encrypted => {
                say(&mut reader, "250-here\r\n250 STARTTLS")
            }
            "EHLO" => say(&mut reader, "250-here\r\n250 AUTH PLAIN"),
            "STARTTLS" => {
                let said = say(&mut reader, "220 go ahead");
                is_encrypted = true;
                reader = BufReader::new(encrypted(plain.try_clone().expect("a clone"), config));
                said
            }
            "AUTH" => say(&mut reader, "235 welcome"),
            "DATA" => {
                say(&mut reader, "354 go on");
                let mut text = Vec::new();
                while let Some(line) = line(&mut reader).filter(|line| line != ".") {
                    text.push(line);
                }
                let commands = std::mem::take(&mut commands);
                mails.push(ReceivedMail { commands, text: text.join("\n"), is_encrypted });
                say(&mut reader, "250 accepted")
            }
            // It repeats what it was sent, at length, as some do.
            "RCPT" if is_unknown => {
                let rest = "x".repeat(400);
                say(&mut reader, &format!("550 {}: \u{7}unknown {rest}", command.to_lowercase()))
            }
            "QUIT" => {
                say(&mut reader, "221 bye");
                None
            }
            _ => say(&mut reader, "250 fine"),
        };
        if said.is_none() {
            break;
        }
    }
    mails
}

fn say(reader: &mut BufReader<Box<dyn Stream>>, text: &str) -> Option<()> {
    let stream = reader.get_mut();
    stream.write_all(format!("{text}\r\n").as_bytes()).ok()?;
    stream.flush().ok()
}

fn line(reader: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
