//! Bodies: too large, too deep, too slow, not text.

use std::io::Write;

use serde_json::json;

use super::{Target, connect, detail, post, rest_of};

const PROVISION: &str = "/api/devices/provision";
/// The limit of a usual body and of a bulk body (`BODY_BYTES_MAX` of each).
const BODY_BYTES_MAX: usize = 64 * 1024;
const BULK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Returns a JSON object of about this many bytes, most of them in an unknown key.
fn object_of(bytes: usize) -> Vec<u8> {
    format!(r#"{{"name":"big","device_type":"POP","ignored":"{}"}}"#, "x".repeat(bytes)).into()
}

#[test]
fn oversized_bodies_are_refused_with_413() {
    let target = Target::new();
    for (path, bytes) in [
        (PROVISION, BODY_BYTES_MAX),
        (PROVISION, 8 * BODY_BYTES_MAX),
        ("/api/devices", BODY_BYTES_MAX),
        ("/api/links/create-simple", BODY_BYTES_MAX),
        ("/api/devices/bulk", BULK_BYTES_MAX),
    ] {
        let answer = target.raw(&post(path, &object_of(bytes)));
        let answer = answer.unwrap_or_else(|error| panic!("{path}, {bytes} bytes: {error}"));
        assert_eq!(answer.status, 413, "{path}, {bytes} bytes: {}", answer.text());
        assert!(answer.text().contains("larger than"), "{}", answer.text());
    }
    let fits = target.raw(&post(PROVISION, &object_of(BODY_BYTES_MAX / 2))).expect("an answer");
    assert_eq!(fits.status, 201, "{}", fits.text());
    target.check();
}

/// A false length, and endless chunks.
#[test]
fn endless_bodies_are_refused_before_they_end() {
    let target = Target::new();
    let head = "POST /api/devices/provision HTTP/1.1\r\nhost: localhost\r\n";
    let mut stream = connect(target.address());
    let huge =
        format!("{head}content-length: 99999999999999\r\n\r\n{}", "x".repeat(BODY_BYTES_MAX));
    stream.write_all(huge.as_bytes()).ok();
    stream.write_all(b"and more").ok();
    let answer = String::from_utf8_lossy(&rest_of(&mut stream)).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");

    let mut stream = connect(target.address());
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).expect("open");
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    // Until the server closes the connection, which it must.
    let sent = (0..1_000).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 1_000, "32 MB were taken");
    target.check();
}

#[test]
fn deep_json_is_refused_with_422() {
    let target = Target::new();
    for levels in [200, 10_000, 30_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            for body in [deep.clone(), format!(r#"{{"name":{deep},"device_type":"POP"}}"#)] {
                // The deepest objects exceed the limit of a body, which is refused as well.
                let expected = if body.len() > BODY_BYTES_MAX { 413 } else { 422 };
                let answer = target.raw(&post(PROVISION, body.as_bytes())).expect("an answer");
                assert_eq!(answer.status, expected, "{levels} x {open}: {}", answer.text());
            }
        }
    }
    let deep = format!(r#"{{"devices":{}{}}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(target.status_of(&post("/api/devices/bulk", deep.as_bytes())), 422);
    target.check();
}

#[test]
fn bodies_that_are_not_text_are_refused_with_422() {
    let target = Target::new();
    let bodies: [&[u8]; 8] = [
        b"\xff\xfe{\"name\":1}",
        b"{\"name\":\"\xc3\x28\",\"device_type\":\"POP\"}",
        b"{\"name\":\"\xed\xa0\x80\",\"device_type\":\"POP\"}",
        br#"{"name":"\ud800","device_type":"POP"}"#,
        b"{\"name\":\"nul\\u0000\",\"device_type\":\"POP\"}",
        b"\0\0\0\0",
        b"{\"name\":\"a\",\"device_type\":\"POP\",\"x\":1e999}",
        b"{\"name\":\"a\",\"device_type\":\"POP\"} {}",
    ];
    for body in bodies {
        let answer = target.raw(&post(PROVISION, body)).expect("an answer");
        let shown = String::from_utf8_lossy(body);
        assert_eq!(answer.status, 422, "{shown}: {}", answer.text());
        assert!(detail(&answer).is_array(), "{shown}: {}", answer.text());
    }
    target.check();
}

/// Neither ten thousand errors nor one with a huge input make the answer huge.
#[test]
fn errors_do_not_multiply_the_input() {
    let target = Target::new();
    let rows: Vec<_> = (0..10_000).map(|_| json!({"name": "", "device_type": "NONE"})).collect();
    let body = json!({"devices": rows}).to_string();
    let answer = target.raw(&post("/api/devices/bulk", body.as_bytes())).expect("an answer");
    assert_eq!(answer.status, 422);
    assert!(answer.body.len() < 2 * body.len(), "{} bytes", answer.body.len());

    let missing = format!(r#"{{"x":"{}"}}"#, "y".repeat(BODY_BYTES_MAX / 2));
    let answer = target.raw(&post(PROVISION, missing.as_bytes())).expect("an answer");
    assert_eq!(answer.status, 422);
    assert!(answer.body.len() < 8 * missing.len(), "{} bytes", answer.body.len());
    target.check();
}
