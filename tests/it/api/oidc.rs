//! Logging in with a certified provider, from the first click to the page.

use http::Method;
use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::oidc_provider::{Browser, CLIENT_ID, CLIENT_SECRET, OidcProvider};
use crate::harness::postgres::free_port;
use crate::harness::site::text_of;
use crate::harness::{TestApp, unix_http};

const PASSWORD: &str = "correct horse battery";

/// An appliance with a local admin, and its provider.
struct Scene {
    app: TestApp,
    provider: OidcProvider,
    origin: String,
}

/// What the page in a browser has.
#[derive(Default)]
struct Page {
    attempt: String,
    session: String,
}

impl Scene {
    /// Nothing where the provider is not installed. Groups give roles; everybody else is no viewer.
    fn start(has_user: bool) -> Option<Self> {
        let port = free_port().to_string();
        let origin = format!("http://127.0.0.1:{port}");
        let redirect_url = format!("{origin}/unoc/api/oidc/callback");
        let provider = OidcProvider::start(&redirect_url, &json!({}))?;
        let (issuer, public_url) = (provider.issuer(), format!("{origin}/unoc"));
        let app = TestApp::with_environment(&[
            ("UNOC_PORT", &port),
            ("UNOC_BASE_PATH", "/unoc"),
            ("UNOC_PUBLIC_URL", &public_url),
            ("UNOC_OIDC_ISSUER", &issuer),
            ("UNOC_OIDC_CLIENT_ID", CLIENT_ID),
            ("UNOC_OIDC_CLIENT_SECRET", CLIENT_SECRET),
            ("UNOC_OIDC_SCOPES", "profile groups"),
            ("UNOC_OIDC_NAME", "Keycloak"),
            ("UNOC_OIDC_ADMIN_VALUES", "noc-admins"),
            ("UNOC_OIDC_OPERATOR_VALUES", "noc-operators"),
        ]);
        app.clock.jump_to(unoc::engine::Clock::system().now());
        let scene = Self { app, provider, origin };
        if has_user {
            scene.add_user("root", "admin", Some(PASSWORD));
        }
        Some(scene)
    }

    fn add_user(&self, name: &str, role: &str, password: Option<&str>) -> Value {
        let user = json!({ "name": name, "role": role, "password": password });
        self.as_host(&Method::POST, "/unoc/api/users", &user).expect(201).json()
    }

    fn as_host(&self, method: &Method, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        unix_http::send(&self.app.file("unoc.sock"), method, path, &json, &body.to_string())
    }

    /// Goes to the provider and back, and returns the answer of the site.
    fn sign_in(&self, page: &mut Page, person: &str) -> Answer {
        let to = "/unoc/inventory?type=olt";
        let login = format!("/api/oidc/login?to={}", to.replace('?', "%3F").replace('=', "%3D"));
        let start = self.app.get(&login).expect(302);
        page.keep(&start);
        let site = format!("{}/unoc/api/oidc/callback", self.origin);
        let provider = start.header("location").expect("an address");
        let back = Browser::new().sign_in(provider, &site, person);
        // The provider's tokens are of the present, however long that took.
        self.app.clock.jump_to(unoc::engine::Clock::system().now());
        self.come_back(page, &back)
    }

    fn come_back(&self, page: &mut Page, url: &str) -> Answer {
        let path = url.strip_prefix(&format!("{}/unoc", self.origin)).expect("of this site");
        let answer = self.app.get_with(path, &[("cookie", &page.cookies())]);
        page.keep(&answer);
        answer
    }

    /// Who the site says it is.
    fn caller(&self, page: &Page) -> Value {
        let answer = self.app.get_with("/api/session", &[("cookie", &page.cookies())]);
        answer.expect(200).json()["caller"].clone()
    }
}

impl Page {
    fn cookies(&self) -> String {
        format!("unoc_sign_in={}; unoc_session={}", self.attempt, self.session)
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a text");
            assert!(cookie.contains("; Path=/;") && cookie.contains("; HttpOnly; SameSite=Lax"));
            let (name, value) = cookie.split_once('=').expect("a name");
            let value = value.split(';').next().expect("a value").to_owned();
            match name {
                "unoc_sign_in" => self.attempt = value,
                "unoc_session" => self.session = value,
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn people_of_the_provider_log_in_with_the_role_of_their_groups() {
    let Some(scene) = Scene::start(true) else { return };
    let known = scene.app.get("/api/session").expect(200).json();
    assert_eq!(known["sign_in"], json!({ "password": true, "oidc": { "name": "Keycloak" } }));

    let mut page = Page::default();
    let answer = scene.sign_in(&mut page, "bob").expect(302);
    assert_eq!(answer.header("location"), Some("/unoc/inventory?type=olt"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(page.attempt.is_empty(), "the attempt is forgotten");
    let bob = json!({ "kind": "user", "name": "bob", "role": "operator" });
    assert_eq!(scene.caller(&page), bob);

    // The same person again: the session before is over, and the user is the same one.
    let before = page.session.clone();
    scene.sign_in(&mut page, "bob").expect(302);
    assert_ne!(page.session, before, "no fixation");
    let old = Page { session: before, ..Page::default() };
    assert_eq!(scene.caller(&old)["kind"], "anonymous");
    let users = scene.as_host(&Method::GET, "/unoc/api/users", &Value::Null).expect(200).json();
    let mut names: Vec<_> =
        users.as_array().unwrap().iter().map(|user| text_of(&user["name"])).collect();
    names.sort_unstable();
    assert_eq!(names, ["bob", "root"]);
}

#[test]
fn who_may_not_log_in_is_told_why_by_a_page() {
    let Some(scene) = Scene::start(true) else { return };
    let refused = |person: &str, words: &str| {
        let mut page = Page::default();
        let answer = scene.sign_in(&mut page, person).expect(403);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.text().contains(words), "{}", answer.text());
        assert!(page.session.is_empty() && page.attempt.is_empty());
    };
    refused("dan", "Dan has no role here");
    // A name that somebody else has here is not taken over.
    scene.add_user("ada", "viewer", Some(PASSWORD));
    refused("ada", "There is a user ada here already");
    let bob = scene.add_user("bob", "viewer", None);
    refused("bob", "unoc user remove bob");
    let path = format!("/unoc/api/users/{}", bob["id"]);
    scene.as_host(&Method::DELETE, &path, &Value::Null).expect(204);
    let mut page = Page::default();
    scene.sign_in(&mut page, "bob").expect(302);
    let users = scene.as_host(&Method::GET, "/unoc/api/users", &Value::Null).json();
    let bob = users.as_array().unwrap().iter().find(|user| user["name"] == "bob").unwrap();
    let path = format!("/unoc/api/users/{}", bob["id"]);
    scene.as_host(&Method::PATCH, &path, &json!({ "is_disabled": true })).expect(200);
    assert_eq!(scene.caller(&page)["kind"], "anonymous", "the session is over");
    refused("bob", "bob is disabled");
}

#[test]
fn an_answer_without_an_attempt_of_this_browser_is_refused() {
    let Some(scene) = Scene::start(true) else { return };
    let start = scene.app.get("/api/oidc/login").expect(302);
    let site = format!("{}/unoc/api/oidc/callback", scene.origin);
    let provider = start.header("location").unwrap();
    let back = Browser::new().sign_in(provider, &site, "ada");
    // Somebody sends an operator the link of his own login.
    let mut victim = Page::default();
    let answer = scene.come_back(&mut victim, &back).expect(400);
    assert!(answer.text().contains("has expired"), "{}", answer.text());
    assert!(victim.session.is_empty());
    for path in ["/api/oidc/callback", "/api/oidc/callback?state=&code=x", "/api/oidc/callback?%zz"]
    {
        scene.app.get(path).expect(400);
    }
}

/// Links to a login on other pages must not make the site ask the provider without end.
#[test]
fn who_begins_too_many_logins_is_slowed() {
    let Some(scene) = Scene::start(true) else { return };
    let begin = || scene.app.get("/api/oidc/login");
    for _ in 0..60 {
        begin().expect(302);
    }
    let refused = begin().expect(429);
    assert!(refused.text().contains("from your network"), "{}", refused.text());
    scene.app.clock.advance(60);
    begin().expect(302);
}

/// The cookie is set on the host to which the provider sends the browser back.
#[test]
fn a_login_goes_on_at_the_address_that_the_provider_knows() {
    let Some(scene) = Scene::start(true) else { return };
    let port = scene.app.address.port();
    let host = format!("localhost:{port}");
    let to = "/api/oidc/login?to=%2Funoc%2Flinks%3Fq%3Da";
    let answer = scene.app.get_with(to, &[("host", &host)]).expect(302);
    let there = format!(
        "http://127.0.0.1:{port}/unoc/api/oidc/login?redirected=true&to=/unoc/links%3Fq%3Da"
    );
    assert_eq!(answer.header("location"), Some(&*there));
    assert_eq!(answer.header("set-cookie"), None);
    let to = "/api/oidc/login?to=//evil.example/";
    let answer = scene.app.get_with(to, &[("host", &host)]).expect(302);
    assert!(!answer.header("location").unwrap().contains("evil"));
    // Behind a proxy that names itself, once is enough.
    let again = scene.app.get_with("/api/oidc/login?redirected=true", &[("host", &host)]);
    assert!(again.expect(302).header("location").unwrap().starts_with(&scene.provider.issuer()));
}

#[test]
fn a_provider_that_is_away_locks_no_local_account_out() {
    let Some(mut scene) = Scene::start(true) else { return };
    scene.provider.stop();
    let away = scene.app.get("/api/oidc/login").expect(503);
    assert!(away.text().contains("sign-in provider is not available"), "{}", away.text());
    let login = json!({ "name": "root", "password": PASSWORD });
    scene.app.post("/api/session", &login).expect(200);
    scene.app.get("/health").expect(200);
}

#[test]
fn the_first_user_is_made_on_the_host() {
    let Some(scene) = Scene::start(false) else { return };
    let answer = scene.app.get("/api/oidc/login").expect(403);
    assert!(answer.text().contains("unoc user add NAME --role admin"), "{}", answer.text());
    let app = TestApp::empty();
    app.get("/api/oidc/login").expect(404);
    app.get("/api/oidc/callback?state=x&code=y").expect(404);
    assert_eq!(app.get("/api/session").expect(200).json()["sign_in"]["oidc"], Value::Null);
}
