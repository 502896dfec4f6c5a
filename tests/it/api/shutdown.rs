//! The request that stops the process.

use http::Method;

use crate::harness::http::Answer;
use crate::harness::{TestApp, wait};

const PATH: &str = "/api/admin/shutdown";

fn post(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    app.send(Method::POST, PATH, headers, None)
}

#[test]
fn without_a_configured_token_every_request_is_refused() {
    let app = TestApp::empty();
    for headers in [&[][..], &[("x-shutdown-token", "")], &[("authorization", "Bearer x")]] {
        let detail = "Shutdown by request is off; set UNOC_SHUTDOWN_TOKEN to allow it";
        assert_eq!(post(&app, headers).expect(403).detail(), detail);
    }
    app.get("/health").expect(200);
}

#[test]
fn only_the_right_token_stops_it() {
    for right in [("x-shutdown-token", "open sesame"), ("authorization", "Bearer open sesame")] {
        let mut app = TestApp::with_environment(&[("UNOC_SHUTDOWN_TOKEN", "open sesame")]);
        for wrong in [
            &[][..],
            &[("x-shutdown-token", "open sesam")],
            &[("x-shutdown-token", "")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic open sesame")],
        ] {
            assert_eq!(post(&app, wrong).expect(403).detail(), "Invalid shutdown token");
        }
        app.send(Method::GET, PATH, &[right], None).expect(405);
        app.provision("kept", "POP");
        let endpoint = app.file("endpoint");
        assert!(endpoint.exists());
        assert_eq!(post(&app, &[right]).expect(200).text(), r#"{"message":"Shutting down"}"#);
        app.ended().expect("a clean end");
        assert!(!endpoint.exists(), "nobody answers there any more");
    }
}

#[test]
fn who_guesses_waits_and_is_written_down() {
    let mut app = TestApp::with_environment(&[("UNOC_SHUTDOWN_TOKEN", "open sesame")]);
    app.clock.hold();
    let guess = |token: &str| post(&app, &[("x-shutdown-token", token)]);
    // The share of an address before the first pause.
    for index in 0..21 {
        guess(&format!("open sesame {index}")).expect(403);
    }
    let waits = guess("open sesame").expect(429);
    assert_eq!(waits.header("retry-after"), Some("1"));
    app.clock.advance(2);
    let row = wait::until("the row of the guesses", || {
        let rows = app.get("/api/audit?limit=1").expect(200).json();
        (rows[0]["action"] == "stop service").then(|| rows[0].clone())
    });
    assert_eq!(row["outcome"], "refused");
    assert_eq!(row["actor"], "api 127.0.0.1");
    post(&app, &[("x-shutdown-token", "open sesame")]).expect(200);
    app.ended().expect("a clean end");
    let app = app.restart(|_| {});
    let rows = app.get("/api/audit?action=stop+service&limit=1").expect(200).json();
    assert_eq!(rows[0]["outcome"], "done", "{rows}");
}
