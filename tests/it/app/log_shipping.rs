//! The ready configuration of rsyslog, run against a receiver that speaks Elasticsearch's bulk protocol.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::process::Server;
use crate::harness::{skip, wait};

/// What the receiver was sent: the action and the document of each line.
type Received = Arc<Mutex<Vec<(Value, Value)>>>;

/// Answers each request; keeps what comes in bulk.
fn receiver() -> (u16, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let received = Received::default();
    let kept = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || while answer(&stream, &kept).is_some() {});
        }
    });
    (port, received)
}

/// Answers one request of a connection; `None` at its end.
fn answer(mut stream: &TcpStream, received: &Received) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request).ok().filter(|length| *length > 0)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if header == "expect: 100-continue" {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if request.starts_with("POST /_bulk") {
        let text = String::from_utf8(body).expect("UTF-8");
        let values: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let pairs = values.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        received.lock().expect("no panic while held").extend(pairs);
    }
    let answer = r#"{"took":1,"errors":false,"items":[]}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(head.as_bytes()).ok()
}

/// The configuration as it is shipped, but it reads a file instead of the journal, and sends to the receiver.
fn configuration(directory: &Path, lines: &Path, port: u16) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ops/log-shipping/rsyslog.conf");
    let shipped = fs::read_to_string(path).expect("the file is there");
    let input = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"imfile\")\n\
         input(type=\"imfile\" file=\"{}\" tag=\"unoc\" ruleset=\"unoc\")",
        directory.display(),
        lines.display()
    );
    let mut changed = 0;
    let mut replaced = |line: &str| -> String {
        let new = match line.trim() {
            text if text.starts_with("module(load=\"imjournal\"") => input.clone(),
            text if text.starts_with("if $inputname == \"imjournal\"") => String::new(),
            text if text.starts_with("server=") => "server=\"127.0.0.1\"".to_owned(),
            text if text.starts_with("serverport=") => format!("serverport=\"{port}\""),
            text if text.starts_with("usehttps=") => "usehttps=\"off\"".to_owned(),
            _ => return line.to_owned(),
        };
        changed += 1;
        new
    };
    let text: Vec<String> = shipped.lines().map(&mut replaced).collect();
    assert_eq!(changed, 5, "the shipped file has each of these lines");
    text.join("\n") + "\n"
}

/// rsyslogd, killed when this is dropped.
struct Rsyslogd(Child);

impl Drop for Rsyslogd {
    fn drop(&mut self) {
        // It may have ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn rsyslog_sends_each_line_to_elasticsearch() {
    let has = |path: &str| Path::new(path).exists();
    let plugin = ["x86_64", "aarch64"]
        .map(|machine| format!("/usr/lib/{machine}-linux-gnu/rsyslog/omelasticsearch.so"));
    if !has("/usr/sbin/rsyslogd") || !plugin.iter().any(|path| has(path)) {
        return skip("log shipping: rsyslog and rsyslog-elasticsearch are not installed");
    }
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_LOG_FORMAT", "json"), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(&directory.path().join("data"), &environment);
    let headers = [("x-request-id", "ship-1"), ("content-type", "application/json")];
    let body = json!({"name": "Straße \"7\"", "device_type": "POP"}).to_string();
    let post = http::Method::POST;
    server.http.send(post, "/api/devices/provision", &headers, Some(&body)).expect(201);
    let (_, mut lines) = server.terminate();
    let expected: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.push("unoc: the start failed".to_owned());
    let file = directory.path().join("unoc.log");
    fs::write(&file, lines.join("\n") + "\n").unwrap();

    let (port, received) = receiver();
    let config = directory.path().join("rsyslog.conf");
    fs::write(&config, configuration(directory.path(), &file, port)).unwrap();
    let pid = directory.path().join("pid");
    let mut command = Command::new("/usr/sbin/rsyslogd");
    command.arg("-n").arg("-f").arg(&config).arg("-i").arg(&pid);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _rsyslogd = Rsyslogd(command.spawn().expect("it starts"));
    let documents = wait::until("every line is received", || {
        let received = received.lock().expect("no panic while held").clone();
        (received.len() >= lines.len()).then_some(received)
    });
    assert_eq!(documents.len(), lines.len(), "each line once");
    for (line, (action, document)) in expected.iter().zip(&documents) {
        let index = action["index"]["_index"].as_str().expect("an index");
        assert!(index.starts_with("unoc-20") && index.len() == "unoc-2026-11-29".len(), "{index}");
        let mut document = document.clone();
        assert!(document["host"].is_string(), "{document}");
        document.as_object_mut().expect("an object").remove("host");
        assert_eq!(document, *line);
    }
    let (_, last) = documents.last().expect("the line that is no JSON");
    assert!(last["message"].as_str().expect("a text").contains("the start failed"), "{last}");
}
