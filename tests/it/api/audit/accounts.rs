//! What people do about accounts leaves the rows that [`super::routes`] lists, with who did it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::routes::{is_about_accounts, routes, row_of};
use crate::harness::TestApp;
use crate::harness::http::Answer;
use crate::harness::people::{Credential, PASSWORD, code_of, cookie_of};
use crate::harness::site::{id_of, text_of};

/// An appliance, and the routes that were shown.
struct Shown {
    app: TestApp,
    routes: RefCell<BTreeSet<&'static str>>,
}

impl Shown {
    /// Sends a request and asserts that it leaves the row that is listed, by this actor.
    #[track_caller]
    fn show(
        &self,
        (route, path): (&'static str, &str),
        who: Option<&Credential>,
        body: &Value,
        actor: &str,
    ) -> Answer {
        let id = format!("account-{}", self.routes.borrow().len());
        let credentials: Vec<Credential> =
            who.cloned().into_iter().chain([("x-request-id", id.clone())]).collect();
        let method: Method = route.split(' ').next().expect("a method").parse().expect("a method");
        let body = Some(body).filter(|body| !body.is_null());
        let answer = self.app.send_as(&credentials, method, path, body);
        assert!((200..300).contains(&answer.status), "{route}: {}", answer.text());
        let rows = format!("/api/audit?q={id}");
        let rows = self.app.by_socket(&Method::GET, &rows, &Value::Null).expect(200).json();
        let rows: Vec<_> = rows
            .as_array()
            .expect("a list")
            .iter()
            .filter(|row| row["request_id"] == id)
            .map(|row| (text_of(&row["action"]).to_owned(), text_of(&row["actor"]).to_owned()))
            .collect();
        match row_of(route) {
            Some(action) => {
                let row = (action.to_owned(), actor.to_owned());
                assert!(rows.contains(&row), "{route}: {rows:?}");
            }
            None => assert!(rows.is_empty(), "{route}: {rows:?}"),
        }
        assert!(self.routes.borrow_mut().insert(route), "{route} is shown once");
        answer
    }
}

/// Makes the first user with the set-up link, who logs in.
fn ada_logs_in(shown: &Shown) -> Credential {
    let host = shown.app.by_socket(&Method::POST, "/api/setup/code", &Value::Null).expect(200);
    let first = json!({"code": host.json()["code"], "name": "ada", "password": PASSWORD});
    shown.show(("POST /api/setup", "/api/setup"), None, &first, "api 127.0.0.1");
    let login = json!({"name": "ada", "password": PASSWORD});
    cookie_of(&shown.show(("POST /api/session", "/api/session"), None, &login, "user ada"))
}

#[test]
fn what_is_done_about_accounts_leaves_the_rows_that_are_listed() {
    let shown = Shown { app: TestApp::empty(), routes: RefCell::default() };
    shown.app.clock.hold();
    let ada = ada_logs_in(&shown);
    let by_ada =
        |route, path: &str, body: Value| shown.show((route, path), Some(&ada), &body, "user ada");

    let new = json!({"name": "bo", "role": "viewer", "password": PASSWORD});
    let bo = id_of(&by_ada("POST /api/users", "/api/users", new).json());
    let bo = format!("/api/users/{bo}");
    by_ada("PATCH /api/users/{id}", &bo, json!({"role": "operator"}));
    by_ada("DELETE /api/users/{id}", &bo, Value::Null);

    let new = json!({"name": "ci", "scope": "read"});
    let token = by_ada("POST /api/tokens", "/api/tokens", new).json()["id"].clone();
    by_ada("DELETE /api/tokens/{id}", &format!("/api/tokens/{token}"), Value::Null);

    let who = std::slice::from_ref(&ada);
    let sessions = shown.app.send_as(who, Method::GET, "/api/sessions", None).expect(200).json();
    let mut sessions = sessions.as_array().expect("a list").iter();
    let other = sessions.find(|it| it["is_current"] == false).expect("that of the set-up");
    let other = format!("/api/sessions/{}", other["id"]);
    by_ada("DELETE /api/sessions/{id}", &other, Value::Null);

    let password = json!({"password": PASSWORD});
    let begun = by_ada("POST /api/account/totp", "/api/account/totp", password.clone()).json();
    let now_s = shown.app.clock.still().now().0 / 1_000_000;
    let code = json!({"code": code_of(text_of(&begun["secret"]), now_s)});
    by_ada("POST /api/account/totp/confirm", "/api/account/totp/confirm", code);
    by_ada("DELETE /api/account/totp", "/api/account/totp", password);
    let change = json!({"current": PASSWORD, "new": "another long password"});
    by_ada("POST /api/account/password", "/api/account/password", change);
    by_ada("DELETE /api/session", "/api/session", Value::Null);

    let listed: BTreeSet<&str> = routes().filter(|route| is_about_accounts(route)).collect();
    let mut routes = shown.routes.take();
    // The host's own, for which `ada_logs_in` asks.
    routes.insert("POST /api/setup/code");
    assert_eq!(routes, listed);
}
