//! Live connections of callers who may not look at the site.

use http::Method;
use serde_json::Value;

use crate::harness::TestApp;
use crate::harness::http::Answer;
use crate::harness::wait;

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";
/// The share of one address.
const OF_ADDRESS: usize = 32;

#[test]
fn only_some_are_kept_before_anybody_says_who_it_is() {
    let app = TestApp::empty();
    app.clock.hold();
    // Through a proxy, nobody is known while there are no users.
    let stranger = |path: &str| -> Answer { app.get_with(path, &[("x-real-ip", "192.0.2.7")]) };
    for _ in 0..OF_ADDRESS {
        stranger(HANDSHAKE).expect(200);
    }
    let refused = stranger(HANDSHAKE).expect(429);
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert!(refused.detail().as_str().unwrap().contains("log in"), "{}", refused.detail());
    // A session that is looked for, is open or was never there, is not one more.
    stranger(&format!("{HANDSHAKE}&sid=AAAAAAAAAAAAAAHs")).expect(400);
    // Nobody else waits for them: not those who may look at the site, and not other requests.
    app.get(HANDSHAKE).expect(200);
    stranger("/health").expect(200);
    app.clock.advance(10);
    stranger(HANDSHAKE).expect(200);
}

#[test]
fn a_connection_is_used_by_the_one_who_has_opened_it() {
    let app = TestApp::empty();
    let open = app.get(HANDSHAKE).expect(200).text().to_owned();
    let open: Value = serde_json::from_str(open.strip_prefix('0').expect("it opens")).unwrap();
    let path = format!("{HANDSHAKE}&sid={}", open["sid"].as_str().unwrap());
    let send = |headers: &[(&str, &str)], packet: &str| {
        let headers = [&[("content-type", "text/plain;charset=UTF-8")][..], headers].concat();
        app.send(Method::POST, &path, &headers, Some(packet))
    };
    send(&[], "40").expect(200);
    // A ping may come first.
    let arrives = |packet: &str| {
        wait::until(packet, || app.get(&path).expect(200).text().contains(packet).then_some(()));
    };
    arrives("40{");
    // The id alone is worth nothing.
    let stranger = [("x-real-ip", "192.0.2.7")];
    app.get_with(&path, &stranger).expect(400);
    send(&stranger, "41").expect(400);
    send(&stranger, "40/live,").expect(400);
    send(&[], "40/live,").expect(200);
    // It is still there.
    arrives("40/live,");
}
