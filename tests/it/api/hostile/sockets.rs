//! Socket.IO: a thousand idle clients, and invalid data in every layer of the protocol.

use std::io::Write;
use std::net::SocketAddr;

use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::{Target, connect, rest_of};
use crate::engine::kill9::server::{now, until};
use crate::engine::kill9::socket::Socket;

const IDLE_SOCKETS: usize = 1_000;
/// Longest message that the server accepts (`realtime::sockets`), and a far longer one.
const LONG_BYTES: usize = 2 * 1024 * 1024;

#[test]
fn a_thousand_idle_clients_take_little_memory_and_get_every_event() {
    let target = Target::new();
    let started = now();
    let mut sockets: Vec<Socket> =
        (0..IDLE_SOCKETS).map(|_| Socket::connect(target.address(), "/")).collect();
    println!("{IDLE_SOCKETS} clients connected in {:?}", now() - started);
    let asked = now();
    target.client().get("/health");
    println!("/health took {:?}, {} MiB held", now() - asked, target.server.anonymous_mib());
    let body = serde_json::json!({"name": "for everybody", "device_type": "POP"});
    let sent = now();
    let answer = target.client().call("POST", "/api/devices/provision", Some(&body));
    assert_eq!(answer.expect("an answer").status, 201);
    for socket in &mut sockets {
        let packet = socket.next_but_ping().expect("the connection lives");
        assert!(packet.starts_with(r#"42["device_created""#), "{packet}");
    }
    println!("all {IDLE_SOCKETS} clients knew after {:?}", now() - sent);
    drop(sockets);
    until("all clients are gone", 20, || {
        target.home.log().matches("Client disconnected").count() >= IDLE_SOCKETS
    });
    target.check();
}

#[test]
fn invalid_packets_end_at_most_their_own_connection() {
    let target = Target::new();
    let mut bystander = Socket::connect(target.address(), "/");
    for message in garbage() {
        // Before and after joining a namespace.
        for mut socket in
            [Socket::open(target.address()), Socket::connect(target.address(), "/live")]
        {
            for _ in 0..3 {
                socket.send(message.clone());
            }
        }
    }
    let body = serde_json::json!({"name": "still here", "device_type": "POP"});
    let answer = target.client().call("POST", "/api/devices/provision", Some(&body));
    assert_eq!(answer.expect("an answer").status, 201);
    let packet = bystander.next_but_ping().expect("the connection lives");
    assert!(packet.starts_with(r#"42["device_created""#), "{packet}");
    target.check();
}

fn garbage() -> Vec<Message> {
    let mut texts: Vec<String> = [
        "",
        "9",
        "x",
        "4",
        "49",
        "40",
        "40/nowhere,",
        "40/live",
        "40/live,{",
        "41",
        "41/nowhere,",
        "42",
        "42[",
        "42[]",
        "42{}",
        "42[1]",
        "42[null]",
        "42[\"x\"",
        "42/nowhere,[\"x\"]",
        "420[\"x\"]",
        "42999999999999999999999[\"x\"]",
        "43[]",
        "44",
        "44{\"message\":1}",
        "451-[\"x\"]",
        "459999999-[\"x\"]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":9}]",
        "46",
        "5",
        "2probe",
        "3probe",
        "6",
        "0{}",
        "1",
        "\u{0}\u{1}",
        "40\u{202e}",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("42[\"x\",{}{}]", "[".repeat(20_000), "]".repeat(20_000)));
    texts.push(format!("42[\"x\",\"{}\"]", "y".repeat(LONG_BYTES)));
    texts.push("4".repeat(60_000));
    texts.push(format!("40/{}", "n".repeat(60_000)));
    let binary = [vec![], vec![0; 10], vec![0xff; 60_000], vec![4; LONG_BYTES]];
    let binary = binary.into_iter().map(|bytes| Message::binary(Bytes::from(bytes)));
    let control = [Message::Ping(Bytes::from(vec![1; 100])), Message::Pong(Bytes::new())];
    texts.into_iter().map(Message::text).chain(binary).chain(control).collect()
}

/// Invalid data on the polling transport and around the upgrade.
#[test]
fn invalid_polls_are_refused() {
    let target = Target::new();
    let sid = open_poll(&target);
    for (method, query, body) in [
        ("GET", "", ""),
        ("GET", "EIO=3&transport=polling", ""),
        ("GET", "EIO=4&transport=carrier-pigeon", ""),
        ("GET", "EIO=4", ""),
        ("GET", "EIO=4&transport=polling&sid=nobody", ""),
        ("GET", "EIO=4&transport=polling&sid=%00%ff", ""),
        ("GET", "EIO=4&transport=websocket&sid=nobody", ""),
        ("POST", "EIO=4&transport=polling&sid=nobody", "40"),
        ("POST", "EIO=4&transport=polling", "40"),
        ("PUT", "EIO=4&transport=polling", "40"),
        ("DELETE", &format!("EIO=4&transport=polling&sid={sid}"), ""),
    ] {
        let request = poll(method, query, body.as_bytes());
        let status = target.status_of(&request);
        assert!(status == 0 || (400..500).contains(&status), "{method} {query}: {status}");
    }
    let path = format!("EIO=4&transport=polling&sid={sid}");
    for body in [
        b"\xff\xfe\xfd".to_vec(),
        b"\x1e\x1e\x1e".to_vec(),
        b"bAAAA".to_vec(),
        b"b!!!!".to_vec(),
        "4".repeat(900_000).into_bytes(),
        vec![b'x'; LONG_BYTES],
    ] {
        let status = target.status_of(&poll("POST", &path, &body));
        assert!(status < 500, "{} bytes: {status}", body.len());
    }
    target.check();
}

/// Sockets that violate the WebSocket protocol.
#[test]
fn invalid_frames_end_their_connection() {
    let target = Target::new();
    let frames: [&[u8]; 6] = [
        b"\x81\x05hello",                                     // not masked
        b"\x83\x80\0\0\0\0",                                  // an unknown opcode
        b"\xff\x80\0\0\0\0",                                  // reserved bits
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", // 2^63 bytes announced
        b"\x89\xfe\x01\x00\0\0\0\0",                          // a ping too long for one
        b"\x81\x82\0\0\0\0\xff\xfe",                          // no UTF-8
    ];
    for frame in frames {
        let mut stream = connect(target.address());
        stream.write_all(&upgrade(target.address())).expect("it is open");
        stream.write_all(frame).expect("it is open");
        let answer = rest_of(&mut stream);
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    }
    target.check();
}

fn upgrade(address: SocketAddr) -> Vec<u8> {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: {address}\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into()
}

fn open_poll(target: &Target) -> String {
    let answer = target.raw(&poll("GET", "EIO=4&transport=polling", b"")).expect("an answer");
    let text = answer.text();
    let greeting: serde_json::Value =
        serde_json::from_str(text.strip_prefix('0').unwrap_or_default()).expect("a greeting");
    greeting["sid"].as_str().expect("it names the session").to_owned()
}

fn poll(method: &str, query: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} /socket.io/?{query} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
