//! Who may call what: every documented operation, by every kind of caller.

use http::Method;
use serde_json::Value;

use crate::harness::people::Credential;
use crate::harness::{TestApp, unix_http};

/// What an operation needs, by what it does. Reads that are not listed are for everybody who may look at the site; a
/// new operation that changes something has to be put here.
const PUBLIC: &[&str] = &[
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "GET /api/session",
    "POST /api/session",
    "DELETE /api/session",
    "POST /api/setup",
    "GET /api/oidc/login",
    "GET /api/oidc/callback",
];
const METRICS: &[&str] = &["GET /metrics"];
const READ: &[&str] = &["POST /api/simulate", "POST /api/export/devices.csv"];
const OPERATE: &[&str] = &[
    "POST /api/devices",
    "POST /api/devices/bulk",
    "POST /api/devices/provision",
    "PATCH /api/devices/{id}",
    "DELETE /api/devices/{id}",
    "POST /api/devices/{id}/cross-connects",
    "PUT /api/devices/{id}/cross-connects",
    "DELETE /api/devices/{id}/cross-connects/{interface_id}",
    "PATCH /api/devices/{id}/override",
    "DELETE /api/devices/{id}/override",
    "POST /api/devices/{id}/override-status",
    "DELETE /api/devices/{id}/override-status",
    "POST /api/interfaces",
    "POST /api/links",
    "POST /api/links/create-simple",
    "PATCH /api/links/{id}",
    "DELETE /api/links/{id}",
    "DELETE /api/links/{id}/override",
    "POST /api/lifecycle/bulk",
    "POST /api/overrides/bulk",
    "POST /api/import/cross-connects",
    "POST /api/import/csv",
    "POST /api/import/devices",
    "POST /api/import/links",
    "POST /api/incidents/{id}/acknowledge",
    "POST /api/incidents/{id}/close",
    "POST /api/incidents/{id}/note",
    "POST /api/maintenance",
    "DELETE /api/maintenance/{id}",
    "POST /api/notices/test",
    "GET /api/audit",
    "GET /api/audit/verify",
    "POST /api/audit/{id}/undo",
    "POST /api/undo",
    "POST /api/health/run",
    "POST /api/health/checks/{id}/run",
    "POST /api/jobs/{name}/run",
    "POST /api/runbook/{key}/records",
    "GET /api/logs",
    "GET /api/logs/export",
    "GET /api/logs/summary",
    "GET /api/logs/levels",
    "PUT /api/logs/levels",
    "DELETE /api/logs/levels",
    "POST /api/backups",
    "POST /api/backups/discover",
    "POST /api/backups/{id}/verify",
    "POST /api/sync/now",
    "POST /api/sync/check",
    "POST /api/sync/reconcile",
];
const ADMIN: &[&str] = &[
    "GET /api/users",
    "POST /api/users",
    "PATCH /api/users/{id}",
    "POST /api/setup/code",
    "POST /api/audit/accept",
    "GET /api/audit/export",
    "DELETE /api/users/{id}",
    "POST /api/devices/erase-personal-data",
    "PATCH /api/jobs/{name}",
    "GET /api/export",
    "PATCH /api/settings",
    "GET /api/support-bundle",
    "POST /api/backups/prune",
    "POST /api/backups/undo",
    "GET /api/backups/{id}/download",
    "POST /api/backups/{id}/restore",
    "POST /api/sync/adopt",
    "POST /api/sync/takeover",
    "POST /api/seed",
];
const ACCOUNT: &[&str] = &[
    "POST /api/account/password",
    "POST /api/account/totp",
    "POST /api/account/totp/confirm",
    "DELETE /api/account/totp",
];
/// One's own for a user, anybody's for an admin.
const OWN: &[&str] = &[
    "GET /api/sessions",
    "DELETE /api/sessions/{id}",
    "GET /api/tokens",
    "POST /api/tokens",
    "DELETE /api/tokens/{id}",
];
/// It has a token of its own, and would end the appliance: `shutdown.rs` tests it.
const LEFT_OUT: &str = "POST /api/admin/shutdown";
/// An admin logs out with this one: it is called by nobody but those who are not logged in.
const LOG_OUT: &str = "DELETE /api/session";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Public,
    Metrics,
    Read,
    Operate,
    Admin,
    Account,
    Own,
}

fn level_of(operation: &str) -> Level {
    let lists = [
        (PUBLIC, Level::Public),
        (METRICS, Level::Metrics),
        (READ, Level::Read),
        (OPERATE, Level::Operate),
        (ADMIN, Level::Admin),
        (ACCOUNT, Level::Account),
        (OWN, Level::Own),
    ];
    let found: Vec<Level> = lists
        .into_iter()
        .filter(|(list, _)| list.contains(&operation))
        .map(|(_, level)| level)
        .collect();
    match found[..] {
        [level] => level,
        [] if operation.starts_with("GET ") => Level::Read,
        _ => panic!("{operation} has to be in one of the lists of this test: {found:?}"),
    }
}

/// The documented operations: a method and a path with its variables.
fn operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&unoc::api::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().expect("operations").keys().cloned().collect();
        let path = path.clone();
        methods.into_iter().filter_map(move |method| {
            let method: Method = method.to_uppercase().parse().ok()?;
            (format!("{method} {path}") != LEFT_OUT).then(|| (method, path.clone()))
        })
    };
    paths.iter().flat_map(of_path).collect()
}

/// A path with values that name nothing.
fn without_variables(path: &str) -> String {
    let value = |part: &str| match part {
        "{id}" | "{interface_id}" => "0".to_owned(),
        "{kind}" => "device".to_owned(),
        part if part.starts_with('{') => "nothing".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(value).collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Anonymous,
    Viewer,
    Operator,
    Admin,
    ReadToken,
    OperateToken,
    MetricsToken,
    /// Over the Unix socket.
    HostUser,
    /// Over loopback while there are no users.
    Host,
    /// Through a proxy while there are no users.
    Forwarded,
}

/// What somebody gets: nothing stands for whatever the handler says.
fn expected(level: Level, kind: Kind) -> Option<u16> {
    use Kind as K;
    let is_person = matches!(kind, K::Viewer | K::Operator | K::Admin);
    let is_admin = matches!(kind, K::Admin | K::HostUser | K::Host);
    let is_operator = is_admin || matches!(kind, K::Operator | K::OperateToken);
    let is_viewer = is_operator || matches!(kind, K::Viewer | K::ReadToken);
    let is_allowed = match level {
        Level::Public => true,
        Level::Metrics => is_viewer || kind == K::MetricsToken,
        Level::Read => is_viewer,
        Level::Operate => is_operator,
        Level::Admin => is_admin,
        Level::Account => is_person,
        Level::Own => is_person || is_admin,
    };
    match kind {
        _ if is_allowed => None,
        K::Anonymous => Some(401),
        _ => Some(403),
    }
}

#[track_caller]
fn check(app: &TestApp, kind: Kind, who: &[Credential]) {
    for (method, path) in operations() {
        let operation = format!("{method} {path}");
        if operation == LOG_OUT && kind != Kind::Anonymous {
            continue;
        }
        let level = level_of(&operation);
        let mut asked = without_variables(&path);
        // Those without an account have nothing of their own.
        if level == Level::Own
            && method == Method::GET
            && matches!(kind, Kind::HostUser | Kind::Host)
        {
            asked.push_str("?all=true");
        }
        let status = match kind {
            Kind::HostUser => {
                unix_http::send(&app.file("unoc.sock"), &method, &asked, &[], "").status
            }
            _ => app.send_as(who, method, &asked, None).status,
        };
        match expected(level, kind) {
            Some(expected) => assert_eq!(status, expected, "{operation} by {kind:?}"),
            None => assert!(![401, 403].contains(&status), "{operation} by {kind:?}: {status}"),
        }
    }
}

#[test]
fn each_role_and_each_token_may_do_what_it_is_for() {
    let app = TestApp::empty();
    for (name, role) in [("root-of-all", "admin"), ("ola", "operator"), ("vera", "viewer")] {
        app.add_user(name, role);
    }
    let session = |name: &str| [app.log_in(name)];
    let token = |scope: &str| [app.add_token("root-of-all", scope)];
    check(&app, Kind::Anonymous, &[]);
    check(&app, Kind::Viewer, &session("vera"));
    check(&app, Kind::ReadToken, &token("read"));
    check(&app, Kind::MetricsToken, &token("metrics"));
    check(&app, Kind::Operator, &session("ola"));
    check(&app, Kind::OperateToken, &token("operate"));
    check(&app, Kind::Admin, &session("root-of-all"));
    check(&app, Kind::HostUser, &[]);
}

#[test]
fn without_users_the_host_may_do_everything_and_nobody_else_anything() {
    let app = TestApp::empty();
    check(&app, Kind::Forwarded, &[("x-forwarded-for", "203.0.113.7".to_owned())]);
    let detail = app.get_with("/api/devices", &[("via", "1.1 proxy")]).expect(403).detail();
    assert!(detail.as_str().unwrap().contains("unoc user add NAME --role admin"), "{detail}");
    check(&app, Kind::Host, &[]);
    check(&app, Kind::HostUser, &[]);
}

#[test]
fn a_token_never_may_more_than_its_owner() {
    let app = TestApp::empty();
    app.add_user("root-of-all", "admin");
    let vera = app.add_user("vera", "operator");
    let operate = [app.add_token("vera", "operate")];
    let run = |status: u16| {
        app.send_as(&operate, Method::POST, "/api/health/run", None).expect(status);
    };
    run(200);
    let viewer = serde_json::json!({"role": "viewer"});
    app.by_socket(&Method::PATCH, &format!("/api/users/{vera}"), &viewer).expect(200);
    run(403);
    app.send_as(&operate, Method::GET, "/api/devices", None).expect(200);
    let disabled = serde_json::json!({"is_disabled": true});
    app.by_socket(&Method::PATCH, &format!("/api/users/{vera}"), &disabled).expect(200);
    app.send_as(&operate, Method::GET, "/api/devices", None).expect(401);
}

#[test]
fn a_refusal_of_somebody_known_is_in_the_audit_trail_once_a_minute() {
    let app = TestApp::empty();
    app.add_user("root-of-all", "admin");
    app.add_user("vera", "viewer");
    let vera = [app.log_in("vera")];
    for _ in 0..5 {
        app.send_as(&vera, Method::POST, "/api/seed", None).expect(403);
    }
    let rows = app.by_socket(&Method::GET, "/api/audit?limit=50", &Value::Null).expect(200).json();
    let rows = rows.as_array().unwrap();
    let refused: Vec<_> = rows.iter().filter(|row| row["action"] == "request").collect();
    assert_eq!(refused.len(), 1, "{rows:?}");
    assert_eq!(refused[0]["actor"], "user vera");
}

#[test]
fn everybody_may_do_everything_when_that_is_wanted() {
    let app = TestApp::with(|config| {
        config.insecure_no_auth = true;
        config.dev_features = false;
    });
    let forwarded = [("x-forwarded-for", "203.0.113.7".to_owned())];
    app.send_as(&forwarded, Method::POST, "/api/seed", None).expect(201);
    let session = app.send_as(&forwarded, Method::GET, "/api/session", None).expect(200).json();
    assert_eq!(session["mode"], "insecure");
    // A user ends it at once.
    app.add_user("root-of-all", "admin");
    app.send_as(&forwarded, Method::POST, "/api/seed", None).expect(401);
    app.get("/api/devices").expect(401);
}
