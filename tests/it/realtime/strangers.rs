//! Live connections of callers who may not look at the site.

use crate::harness::TestApp;
use crate::harness::http::Answer;

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
