//! The headers that decide who asks and from where, in front of a service with a user and of one without.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use unoc::api::{Access, GateRules, Peer, ServiceSecret, TrustedProxies, gate};
use unoc::auth::{
    AuthHandle, AuthOptions, Caller, Identity, NewUser, Password, Role, SessionLimits,
};
use unoc::domain::Timestamp;
use unoc::engine::{Clock, Engine, EngineOptions};
use unoc::oidc::return_path;
use unoc::store::{AuditOrigin, OpenOptions, Store};

thread_local! {
    static SCENE: RefCell<Scene> = RefCell::new(Scene::new());
}

/// Two services, on stores of their own that are removed at the end.
struct Scene {
    runtime: Runtime,
    open: (AuthHandle, TempDir),
    with_user: (AuthHandle, TempDir),
}

pub(crate) fn run(data: &[u8]) {
    SCENE.with_borrow(|scene| {
        if let Some(request) = request(data) {
            // From a process of this host, which may be a proxy.
            let is_forwarded = is_forwarded(request.headers());
            let caller = scene.caller(&scene.open.0, request);
            let is_host = caller.is_some_and(|caller| caller.identity == Identity::Host);
            assert!(!is_host || !is_forwarded, "a forwarded request is taken for a local one");
        }
        if let Some(request) = request(data) {
            let caller = scene.caller(&scene.with_user.0, request);
            let is_known = caller.is_some_and(|caller| caller.role.is_some());
            assert!(!is_known, "somebody is known without a password or a token");
        }
    });
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(path) = return_path(text, "/unoc")
    {
        assert!(path.starts_with("/unoc/") && !path.contains('\\'));
    }
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (open, with_user) = (auth(), auth());
        let user = NewUser {
            name: "ada".to_owned(),
            role: Role::Admin,
            password: Some(Password::new("correct horse battery".to_owned())),
        };
        let made = with_user.0.add_user(user, AuditOrigin::local("fuzz"));
        runtime.block_on(made).expect("the first user is made");
        Self { runtime, open, with_user }
    }

    /// Returns who is let through to the service behind the gate.
    fn caller(&self, auth: &AuthHandle, request: Request<Body>) -> Option<Caller> {
        let rules = GateRules {
            access: Access::new(
                "/unoc",
                "noc.example.org",
                &[],
                vec!["https://tools.example".into()],
            ),
            proxies: TrustedProxies::default(),
            auth: auth.clone(),
            service: ServiceSecret::draw(),
            base_path: "/unoc".to_owned(),
            has_local_tcp: true,
        };
        let inner = tower::service_fn(|request: Request<Body>| async move {
            let mut response = Response::new(Body::empty());
            if let Some(caller) = request.extensions().get::<Caller>() {
                response.extensions_mut().insert(caller.clone());
            }
            Ok::<_, Infallible>(response)
        });
        let answer = self.runtime.block_on(gate(rules, inner).oneshot(request));
        let answer = answer.expect("it cannot fail");
        assert!(answer.status().as_u16() < 500);
        answer.extensions().get::<Caller>().cloned()
    }
}

fn auth() -> (AuthHandle, TempDir) {
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let store = Store::open(directory.path(), options).expect("a new store");
    let clock = Clock::manual(|| Timestamp(1_795_000_000_000_000));
    let (engine, _) =
        Engine::start(store, EngineOptions { min_free_bytes: 0, clock }).expect("an engine");
    let hour = Duration::from_secs(3600);
    let sessions = SessionLimits { idle: hour, absolute: hour };
    let options = AuthOptions { sessions, is_insecure: false };
    (AuthHandle::load(engine, options).expect("no users yet"), directory)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let names = headers.keys().map(HeaderName::as_str);
    let mut forwarding = names.filter(|name| {
        name.starts_with("x-forwarded-") || ["forwarded", "via", "x-real-ip"].contains(name)
    });
    forwarding.next().is_some()
}

/// A request of a method, a path, and a header in each line, from this host.
fn request(data: &[u8]) -> Option<Request<Body>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let mut request = Request::builder().method(method).uri(first.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.header(name, value);
    }
    let mut request = request.body(Body::empty()).ok()?;
    let peer = Peer::Address { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), has_tls: false };
    request.extensions_mut().insert(peer);
    Some(request)
}
