//! Socket.IO obeys the same rules, also when a session or token ends while a client is connected.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::people::Credential;
use crate::harness::socket::Client;

const NAMESPACES: [&str; 2] = ["/", "/live"];

fn refusal(app: &TestApp, namespace: &str, who: &[Credential], auth: &str) -> Option<String> {
    Client::connect_as(app.address, namespace, who, auth).err()
}

#[test]
fn only_those_who_may_look_at_the_site_are_let_in() {
    let app = TestApp::empty();
    app.add_user("ada", "admin");
    app.add_user("vera", "viewer");
    let (read, metrics) = (app.add_token("ada", "read"), app.add_token("ada", "metrics"));
    let token = read.1.trim_start_matches("Bearer ").to_owned();
    let unknown = format!("unoc_{}", "A".repeat(43));
    let vera = app.log_in("vera");
    for namespace in NAMESPACES {
        let check = |who: &[Credential], auth: &str, expected: Option<&str>| {
            let refused = refusal(&app, namespace, who, auth);
            let is_as_expected = match (&refused, expected) {
                (None, None) => true,
                (Some(refused), Some(expected)) => refused.contains(expected),
                _ => false,
            };
            assert!(is_as_expected, "{namespace} {who:?} {auth}: {refused:?}");
        };
        check(&[], "", Some("Log in"));
        check(&[], "{}", Some("Log in"));
        check(std::slice::from_ref(&vera), "", None);
        check(std::slice::from_ref(&read), "", None);
        check(std::slice::from_ref(&metrics), "", Some("the role viewer"));
        check(&[], &json!({"token": token}).to_string(), None);
        check(
            std::slice::from_ref(&vera),
            &json!({"token": unknown}).to_string(),
            Some("is unknown"),
        );
        check(&[], &json!({"token": 7}).to_string(), Some("Log in"));
    }
}

#[test]
fn without_users_only_the_host_is_let_in() {
    let app = TestApp::empty();
    for namespace in NAMESPACES {
        assert_eq!(refusal(&app, namespace, &[], ""), None);
        let forwarded = [("x-forwarded-for", "203.0.113.7".to_owned())];
        let refused = refusal(&app, namespace, &forwarded, "").expect("a refusal");
        assert!(refused.contains("unoc user add"), "{refused}");
    }
}

#[test]
fn the_first_user_ends_what_the_host_could_do_without_one() {
    let app = TestApp::empty();
    let mut clients = NAMESPACES.map(|namespace| Client::connect(app.address, namespace));
    app.add_user("ada", "admin");
    clients.iter_mut().for_each(Client::until_disconnected);
}

#[test]
fn a_client_leaves_when_its_session_token_or_user_ends() {
    let app = TestApp::empty();
    app.add_user("ada", "admin");
    let vera = app.add_user("vera", "viewer");
    let connect = |who: Credential| {
        NAMESPACES.map(|namespace| {
            Client::connect_as(app.address, namespace, std::slice::from_ref(&who), "")
                .expect("let in")
        })
    };
    let ended = |mut clients: [Client; 2]| clients.iter_mut().for_each(Client::until_disconnected);

    let session = app.log_in("vera");
    let (clients, other) = (connect(session.clone()), connect(app.log_in("vera")));
    app.send_as(&[session], Method::DELETE, "/api/session", None).expect(204);
    ended(clients);

    let clients = connect(app.add_token("ada", "read"));
    let tokens =
        app.by_socket(&Method::GET, "/api/tokens?all=true", &Value::Null).expect(200).json();
    let id = tokens[0]["id"].as_u64().expect("an id");
    app.by_socket(&Method::DELETE, &format!("/api/tokens/{id}"), &Value::Null).expect(204);
    ended(clients);

    // The other session of the user was not touched until now.
    let disabled = json!({"is_disabled": true});
    app.by_socket(&Method::PATCH, &format!("/api/users/{vera}"), &disabled).expect(200);
    ended(other);
}

#[test]
fn the_log_is_for_operators() {
    let app = TestApp::empty();
    app.add_user("ada", "admin");
    app.add_user("vera", "viewer");
    for (name, expected) in [("vera", "logs:refused"), ("ada", "logs:following")] {
        let who = [app.log_in(name)];
        let mut client = Client::connect_as(app.address, "/live", &who, "").expect("let in");
        client.emit("logs:follow");
        let events = client.until(|event| event.name.starts_with("logs:"));
        assert_eq!(events.last().map(|event| event.name.as_str()), Some(expected), "{name}");
    }
}

#[test]
fn others_see_who_has_a_device_open() {
    let app = TestApp::empty();
    let (device, other) = (app.provision("A", "POP"), app.provision("B", "POP"));
    app.add_user("ada", "admin");
    app.add_user("vera", "viewer");
    let connect = |name: &str| {
        Client::connect_as(app.address, "/live", &[app.log_in(name)], "").expect("let in")
    };
    let (mut ada, mut vera) = (connect("ada"), connect("vera"));
    let listed = |client: &mut Client, expected: Value| {
        client.until(|event| event.name == "presence" && event.payload == expected);
    };
    ada.emit_with("presence", &json!({"device_id": device, "is_editing": true}));
    let of_ada = json!([{"device_id": device, "name": "ada", "is_editing": true}]);
    listed(&mut vera, of_ada.clone());
    // One who comes later is told, too.
    listed(&mut connect("vera"), of_ada.clone());
    // What is no message of that kind changes nothing.
    vera.emit_with("presence", &json!({"device_id": "seven"}));
    vera.emit_with("presence", &json!({"device_id": other}));
    let both = json!([
        {"device_id": device, "name": "ada", "is_editing": true},
        {"device_id": other, "name": "vera", "is_editing": false},
    ]);
    listed(&mut vera, both);
    vera.emit_with("presence", &json!({"device_id": null}));
    listed(&mut vera, of_ada);
    ada.leave();
    listed(&mut vera, json!([]));
}
