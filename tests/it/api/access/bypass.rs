//! Ways around the login, each of which has to fail.

use http::Method;
use serde_json::{Value, json};

use super::first_line;
use crate::harness::TestApp;
use crate::harness::people::{PASSWORD, cookie_of};

fn with_users() -> TestApp {
    let app = TestApp::empty();
    app.add_user("ada", "admin");
    app
}

/// The status of a request that is sent byte for byte.
fn status_of(app: &TestApp, request_line: &str, headers: &str) -> String {
    let request =
        format!("{request_line}\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    first_line(app, &request).split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_path_that_is_written_in_another_way_is_no_way_in() {
    let app = with_users();
    for path in [
        "//api/devices",
        "/api//devices",
        "/./api/devices",
        "/api/./devices",
        "/health/../api/devices",
        "/%61pi/devices",
        "/api/%64evices",
        "/api%2fdevices",
        "/API/devices",
        "/api/devices/",
        "/api/devices;x=1",
        "/api/devices?",
        "/api/devices#x",
        "/health/%2e%2e/api/devices",
        "http://localhost/api/devices",
    ] {
        let status = status_of(&app, &format!("GET {path} HTTP/1.1"), "");
        // A page is answered with the page, which holds nothing of the site.
        assert!(["400", "401", "404"].contains(&status.as_str()), "{path}: {status}");
        let changed = status_of(&app, &format!("POST {path} HTTP/1.1"), "content-length: 0\r\n");
        assert!(["400", "401", "404"].contains(&changed.as_str()), "{path}: {changed}");
    }
}

#[test]
fn another_method_is_no_way_in() {
    let app = with_users();
    for line in [
        "HEAD /api/devices HTTP/1.1",
        "OPTIONS /api/devices HTTP/1.1",
        "TRACE /api/devices HTTP/1.1",
        "PURGE /api/devices HTTP/1.1",
        "get /api/devices HTTP/1.1",
        "GET /api/devices HTTP/1.0",
        "GET /socket HTTP/1.1",
    ] {
        let status = status_of(&app, line, "");
        assert!(["400", "401", "404"].contains(&status.as_str()), "{line}: {status}");
    }
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let header = format!("{name}: GET\r\ncontent-length: 0\r\n");
        assert_eq!(status_of(&app, "POST /health HTTP/1.1", &header), "401", "{name}");
        assert_eq!(status_of(&app, "POST /api/seed HTTP/1.1", &header), "401", "{name}");
    }
    for name in ["x-original-url", "x-rewrite-url"] {
        let header = format!("{name}: /health\r\n");
        assert_eq!(status_of(&app, "GET /api/devices HTTP/1.1", &header), "401", "{name}");
    }
}

#[test]
fn no_header_makes_a_request_one_of_the_host() {
    let app = with_users();
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-unoc-service", ""),
        ("x-unoc-service", "00000000000000000000000000000000"),
        ("x-unoc-user", "ada"),
        ("remote-user", "ada"),
        ("authorization", "Basic YWRhOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="),
        ("cookie", "unoc_session="),
        ("cookie", "unoc_session=ada"),
    ] {
        app.get_with("/api/devices", &[(name, value)]).expect(401);
    }
}

#[test]
fn a_credential_in_a_url_is_none() {
    let app = with_users();
    let (_, bearer) = app.add_token("ada", "operate");
    let token = bearer.trim_start_matches("Bearer ").to_owned();
    let (_, cookie) = app.log_in("ada");
    let secret = cookie.trim_start_matches("unoc_session=").to_owned();
    for query in [
        format!("token={token}"),
        format!("access_token={token}"),
        format!("authorization=Bearer%20{token}"),
        format!("unoc_session={secret}"),
    ] {
        app.get(&format!("/api/devices?{query}")).expect(401);
    }
    app.get_with("/api/devices", &[("authorization", &bearer)]).expect(200);
}

#[test]
fn a_bad_token_is_refused_even_where_none_is_needed() {
    let app = with_users();
    let (_, cookie) = app.log_in("ada");
    let unknown = format!("Bearer unoc_{}", "A".repeat(43));
    for token in ["Bearer x", "bearer unoc_", &unknown] {
        for path in ["/health/live", "/api/session", "/api/devices"] {
            let refused = app.get_with(path, &[("authorization", token)]).expect(401);
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{path}");
            // A cookie beside it does not help.
            app.get_with(path, &[("authorization", token), ("cookie", &cookie)]).expect(401);
        }
    }
}

#[test]
fn a_session_that_was_given_beforehand_is_not_the_one_after_the_login() {
    let app = with_users();
    let planted = format!("unoc_session={}", "A".repeat(43));
    let login = json!({"name": "ada", "password": PASSWORD}).to_string();
    let headers = [("cookie", planted.as_str()), ("content-type", "application/json")];
    let answer = app.send(Method::POST, "/api/session", &headers, Some(&login)).expect(200);
    let (_, given) = cookie_of(&answer);
    assert_ne!(given, planted);
    app.get_with("/api/devices", &[("cookie", &planted)]).expect(401);
    app.get_with("/api/devices", &[("cookie", &given)]).expect(200);
    // Another login of the same browser ends the one before.
    let headers = [("cookie", given.as_str()), ("content-type", "application/json")];
    app.send(Method::POST, "/api/session", &headers, Some(&login)).expect(200);
    app.get_with("/api/devices", &[("cookie", &given)]).expect(401);
}

#[test]
fn after_the_logout_the_cookie_is_worth_nothing() {
    let app = with_users();
    let ada = [app.log_in("ada")];
    app.send_as(&ada, Method::GET, "/api/devices", None).expect(200);
    let out = app.send_as(&ada, Method::DELETE, "/api/session", None).expect(204);
    assert!(out.header("set-cookie").unwrap().starts_with("unoc_session=; Path=/; Max-Age=0"));
    app.send_as(&ada, Method::GET, "/api/devices", None).expect(401);
    app.send_as(&ada, Method::DELETE, "/api/session", None).expect(204);
}

/// A flood of guesses, such as behind one proxy, and the user's own browser among them.
#[test]
fn a_browser_that_has_logged_in_does_not_wait_for_the_failures_of_others() {
    let app = with_users();
    app.clock.hold();
    let right = json!({"name": "ada", "password": PASSWORD});
    let first = app.post("/api/session", &right).expect(200);
    let cookies = first.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let set = cookies.into_iter().find(|it| it.starts_with("unoc_device=")).expect("a cookie");
    let (device, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict");
    assert!(device.len() < 100, "{device}");
    let wrong = json!({"name": "ada", "password": "a wrong password"});
    for _ in 0..5 {
        app.post("/api/session", &wrong).expect(401);
    }
    app.post("/api/session", &right).expect(429);
    app.get_with("/api/devices", &[("cookie", device)]).expect(401);
    let browser = [("cookie", device.to_owned())];
    app.send_as(&browser, Method::POST, "/api/session", Some(&wrong)).expect(401);
    app.send_as(&browser, Method::POST, "/api/session", Some(&right)).expect(200);
}

#[test]
fn a_page_of_another_site_does_not_act_by_the_cookie() {
    let app = with_users();
    let (_, cookie) = app.log_in("ada");
    let foreign: [&[(&str, &str)]; 3] = [
        &[("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ];
    for page in foreign {
        let mut headers = page.to_vec();
        headers.push(("cookie", &cookie));
        app.send(Method::POST, "/api/seed", &headers, None).expect(403);
        app.send(Method::DELETE, "/api/session", &headers, None).expect(403);
        // It could not read the answer, and it gets none.
        app.get_with("/api/devices", &headers).expect(401);
    }
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    app.send(Method::POST, "/api/seed", &own, None).expect(201);
}

#[test]
fn the_cookie_of_plain_http_is_no_cookie_of_https() {
    let app = TestApp::with_environment(&[("UNOC_TRUSTED_PROXIES", "127.0.0.1")]);
    app.add_user("ada", "admin");
    let https = ("x-forwarded-proto", "https");
    let login = json!({"name": "ada", "password": PASSWORD}).to_string();
    let headers = [https, ("content-type", "application/json")];
    let answer = app.send(Method::POST, "/api/session", &headers, Some(&login)).expect(200);
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-unoc_session=") && set.ends_with("; Secure"), "{set}");
    assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
    let (_, secure) = cookie_of(&answer);
    app.get_with("/api/devices", &[https, ("cookie", &secure)]).expect(200);
    app.get_with("/api/devices", &[("cookie", &secure)]).expect(401);
    let (_, plain) = app.log_in("ada");
    app.get_with("/api/devices", &[https, ("cookie", &plain)]).expect(401);
}

#[test]
fn answers_are_not_kept_for_others_while_users_log_in() {
    let app = with_users();
    let (_, cookie) = app.log_in("ada");
    let read = app.get_with("/api/devices", &[("cookie", &cookie)]).expect(200);
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));
    let varies = read.headers.get_all("vary").iter().any(|value| value == "cookie, authorization");
    assert!(varies, "{:?}", read.headers);
    for path in ["/api/session", "/api/users", "/api/sessions", "/api/tokens"] {
        let private = app.get_with(path, &[("cookie", &cookie)]).expect(200);
        assert_eq!(private.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(app.get("/api/devices").expect(401).header("cache-control"), Some("no-store"));
}

#[test]
fn no_error_quotes_a_password() {
    let app = with_users();
    let secret = "a password that was typed into the wrong field";
    for body in [
        json!({"password": secret}),
        json!({"name": secret.repeat(9), "password": secret}),
        json!([secret]),
        Value::String(secret.to_owned()),
    ] {
        let refused = app.post("/api/session", &body).expect(422);
        assert!(!refused.text().contains(secret), "{}", refused.text());
    }
}

#[test]
fn a_proxy_on_the_host_does_not_become_the_host() {
    let app = TestApp::with(|config| {
        config.allowed_hosts = vec!["noc.example.org".to_owned()];
        config.dev_features = false;
    });
    // One that adds nothing and passes the name on, and one that speaks HTTP/1.0.
    app.get_with("/api/devices", &[("host", "noc.example.org")]).expect(403);
    assert_eq!(status_of(&app, "GET /api/devices HTTP/1.0", ""), "403");
    assert_eq!(status_of(&app, "GET /health HTTP/1.0", ""), "200");
    // Where a proxy is expected, the host's own requests come by the Unix socket alone.
    app.get("/api/devices").expect(403);
    app.by_socket(&Method::GET, "/api/devices", &Value::Null).expect(200);
}
