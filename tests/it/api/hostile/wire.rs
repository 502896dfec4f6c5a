//! Invalid and slow HTTP: slow clients, half-closed connections, pipelines, too many connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::{Target, connect, detail, post, rest_of};
use crate::engine::kill9::http::Client;
use crate::engine::kill9::server::{Home, now, pause};
use crate::engine::kill9::socket::Socket;

const PROVISION: &str = "/api/devices/provision";
/// The server's limit for the head of a request, and for its body.
const SERVER_WAIT: Duration = Duration::from_secs(30);
const CONNECTIONS_MAX: usize = 16;

/// Many sockets that send a byte now and then are closed, and other clients do not wait for them.
#[test]
fn slow_clients_are_disconnected_and_do_not_delay_others() {
    let target = Target::new();
    let started = now();
    let mut heads: Vec<_> = (0..200).map(|_| connect(target.address())).collect();
    let mut bodies: Vec<_> = (0..50).map(|_| connect(target.address())).collect();
    for stream in &mut heads {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").expect("it is open");
    }
    let request = post(PROVISION, br#"{"name":"never whole","device_type":"POP"}"#);
    let cut = request.len() - 10;
    for stream in &mut bodies {
        stream.write_all(&request[..cut]).expect("it is open");
    }
    let mut client = target.client();
    let mut slowest = Duration::ZERO;
    // Sending a byte does not extend the limit.
    while now() - started < SERVER_WAIT + Duration::from_secs(2) {
        for stream in &mut heads {
            stream.write_all(b"x").ok();
        }
        let asked = now();
        client.get("/health");
        slowest = slowest.max(now() - asked);
        pause(Duration::from_millis(500));
    }
    assert!(slowest < Duration::from_secs(1), "others waited {slowest:?}");
    for stream in &mut heads {
        let answer = String::from_utf8_lossy(&rest_of(stream)).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    for stream in &mut bodies {
        let answer = String::from_utf8_lossy(&rest_of(stream)).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    println!("250 slow connections; the slowest answer to others took {slowest:?}");
    target.check();
}

#[test]
fn a_half_closed_connection_gets_its_answer() {
    let target = Target::new();
    for request in [
        b"GET /api/devices HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        post(PROVISION, br#"{"name":"half closed","device_type":"POP"}"#),
    ] {
        let mut client = target.client();
        client.send(&request).expect("it is open");
        client.half_close().expect("it is open");
        let answer = client.answer().expect("the answer comes all the same");
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        assert!(client.is_closed(), "nothing more can come");
    }
    // A body that ends early makes the request invalid.
    let request = post(PROVISION, br#"{"name":"cut","device_type":"POP"}"#);
    let mut client = target.client();
    client.send(&request[..request.len() - 5]).expect("it is open");
    client.half_close().expect("it is open");
    if let Ok(answer) = client.answer() {
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let names = target.client().get("/api/devices").text();
    assert!(names.contains("half closed") && !names.contains("\"cut\""), "{names}");
    target.check();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let target = Target::new();
    let mut client = target.client();
    let mut requests = Vec::new();
    for number in 0..100 {
        let body = format!(r#"{{"name":"pipelined {number}","device_type":"POP"}}"#);
        requests.extend(post(PROVISION, body.as_bytes()));
        requests.extend(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    }
    client.send(&requests).expect("it is open");
    for number in 0..100 {
        let made = client.answer().expect("an answer");
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.json()["device"]["name"], format!("pipelined {number}"));
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    target.check();
}

#[test]
fn huge_or_invalid_heads_are_refused() {
    let target = Target::new();
    // The limit of 64 KiB is checked after each read, so up to twice as much may be accepted.
    let long = "x".repeat(200_000);
    let many = (0..1_000).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    for (what, head, expected) in [
        (
            "a long header",
            format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n"),
            431,
        ),
        ("many headers", format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"), 431),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"), 414),
        ("no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(), 400),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        ("a bad length", "POST / HTTP/1.1\r\nhost: u\r\ncontent-length: -1\r\n\r\n".into(), 400),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nhost: u\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".into(),
            400,
        ),
        ("a control character", "GET /\x01 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), 400),
    ] {
        let status = target.status_of(head.as_bytes());
        // Closing the connection is a refusal, too.
        assert!(status == 0 || (400..500).contains(&status), "{what}: {status}, not {expected}");
    }
    target.check();
}

/// The handler answers without reading the body, which is sent after the head. The connection then
/// carries the next request.
#[test]
fn a_connection_stays_open_if_the_handler_ignores_the_body() {
    let target = Target::new();
    let mut client = target.client();
    for body in ["content-length: 4\r\n\r\n|null", "transfer-encoding: chunked\r\n\r\n|0\r\n\r\n"] {
        let (rest_of_head, body) = body.split_once('|').expect("two parts");
        client
            .send(
                format!("POST /api/sync/now HTTP/1.1\r\nhost: localhost\r\n{rest_of_head}")
                    .as_bytes(),
            )
            .expect("it is open");
        // Long enough for a server that answers before the body arrives.
        pause(Duration::from_millis(100));
        client.send(body.as_bytes()).expect("it is open");
        assert_eq!(client.answer().expect("an answer").status, 409);
        assert_eq!(client.get("/health").status, 200);
    }
    target.check();
}

/// A body that is too long, one that is never sent, and one that waits for `100 Continue`: the
/// answer has `Connection: close`.
#[test]
fn an_answer_without_the_body_closes_the_connection() {
    let target = Target::new();
    for headers in [
        "content-length: 1000000",
        "content-length: 4",
        "expect: 100-continue\r\ncontent-length: 4",
    ] {
        let mut stream = connect(target.address());
        let head = format!("POST /api/sync/now HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it is open");
        let answer = String::from_utf8_lossy(&rest_of(&mut stream)).into_owned();
        assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    target.check();
}

/// Two requests that a proxy takes for one: the second must not be carried out.
#[test]
fn a_smuggled_request_is_not_carried_out() {
    let target = Target::new();
    let inner = String::from_utf8(post("/api/seed", b"")).expect("it is text");
    let smuggled = format!(
        "POST {PROVISION} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\
         transfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
    );
    let mut stream = connect(target.address());
    stream.write_all(smuggled.as_bytes()).expect("it is open");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let answers = String::from_utf8_lossy(&rest_of(&mut stream)).into_owned();
    assert!(!answers.contains("HTTP/1.1 201"), "{answers}");
    target.check();
}

/// A connection above the limit waits, and is served after another one is closed.
#[test]
fn connections_above_the_limit_wait_for_a_place() {
    let target = Target::of(Home::new().set("UNOC_MAX_CONNECTIONS", "16"));
    let mut clients: Vec<Client> = (0..CONNECTIONS_MAX).map(|_| target.client()).collect();
    for client in &mut clients {
        client.get("/health");
    }
    let mut late = connect(target.address());
    late.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .expect("the kernel's queue takes it");
    assert_eq!(first_byte_within(&mut late, Duration::from_millis(300)), None, "no place is free");
    clients.pop();
    let first = first_byte_within(&mut late, Duration::from_secs(10));
    assert_eq!(first, Some(b'H'), "the place that was given back is taken");
    for client in &mut clients {
        client.get("/health");
    }
    drop(clients);
    drop(late);
    target.check();
}

fn first_byte_within(stream: &mut TcpStream, wait: Duration) -> Option<u8> {
    stream.set_read_timeout(Some(wait)).expect("a socket has timeouts");
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(1) => Some(byte[0]),
        Ok(_) => panic!("the connection was closed"),
        Err(_) => None,
    }
}

/// Clients that disconnect during an answer, and some that never read it.
#[test]
fn clients_that_do_not_read_do_not_delay_others() {
    let target = Target::new();
    let rows: Vec<_> = (0..10_000)
        .map(|n| serde_json::json!({"name": format!("row {n}"), "device_type": "POP"}))
        .collect();
    let body = serde_json::json!({"devices": rows}).to_string();
    let answer = target.raw(&post("/api/devices/bulk", body.as_bytes())).expect("an answer");
    assert_eq!(answer.status, 201, "{}", detail(&answer));
    let mut deaf = Vec::new();
    for number in 0..60 {
        let path = if number % 2 == 0 { "/api/devices" } else { "/api/export" };
        let mut stream = connect(target.address());
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is open");
        if number % 3 == 0 {
            drop(stream);
        } else {
            deaf.push(stream);
        }
    }
    let mut client = target.client();
    let asked = now();
    for _ in 0..20 {
        client.get("/api/devices?limit=10");
    }
    // The server closes the connection of a client that reads nothing after 30 s.
    assert!(now() - asked < Duration::from_secs(30), "answered only once the others were gone");
    drop(deaf);
    target.check();
}

/// Clients that neither finish nor disconnect do not delay the shutdown.
#[test]
fn unfinished_clients_do_not_delay_the_shutdown() {
    let target = Target::new();
    let rows: Vec<_> = (0..10_000)
        .map(|n| serde_json::json!({"name": format!("row {n}"), "device_type": "HOP"}))
        .collect();
    let body = serde_json::json!({"devices": rows}).to_string();
    let answer = target.raw(&post("/api/devices/bulk", body.as_bytes())).expect("an answer");
    assert_eq!(answer.status, 201, "{}", detail(&answer));

    let half = post(PROVISION, br#"{"name":"never whole","device_type":"POP"}"#);
    let requests: [&[u8]; 5] = [
        b"",
        b"GET /health HTTP/1.1\r\nhost: un",
        &half[..half.len() - 5],
        b"GET /api/export HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /api/interfaces HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ];
    let mut stubborn = Vec::new();
    for request in requests.iter().cycle().take(50) {
        let mut stream = connect(target.address());
        stream.write_all(request).expect("it is open");
        stubborn.push(stream);
    }
    let socket = Socket::connect(target.address(), "/live");
    target.client().get("/health");
    let (status, took) = target.server.terminate(20);
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    println!("50 stubborn clients: ended after {took:?}");
    drop((stubborn, socket));
}
