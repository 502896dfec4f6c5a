//! Passwords, tokens, cookies and what is kept of them are in the store, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::people::code_of;
use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};
use crate::harness::skip;

const PASSWORD: &str = "correct horse battery";

/// Everything that must not be found, and part of it as the store has it.
struct Secrets(Vec<String>);

impl Secrets {
    #[track_caller]
    fn check(&self, what: &str, bytes: &[u8]) {
        for secret in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{what} has {secret}");
        }
    }
}

/// Makes a user with everything that is secret, by all ways there are.
fn plant(server: &Server) -> (Secrets, String) {
    let admin = json!({"name": "ada", "role": "admin", "password": PASSWORD});
    server.http.post("/api/users", &admin).expect(201);
    let login = json!({"name": "ada", "password": PASSWORD});
    let answer = server.http.post("/api/session", &login).expect(200);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.expect("a cookie").to_owned();
    let device = answer.headers.get_all("set-cookie").iter().find_map(|set| {
        set.to_str().ok()?.strip_prefix("unoc_device=")?.split(';').next().map(str::to_owned)
    });
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    let post = |path: &str, body: &Value| {
        server.http.send(http::Method::POST, path, &headers, Some(&body.to_string()))
    };
    let token = post("/api/tokens", &json!({"name": "ci", "scope": "operate"})).expect(201).json();
    let enrolment = post("/api/account/totp", &json!({"password": PASSWORD})).expect(200).json();
    let key = enrolment["secret"].as_str().expect("a key").to_owned();
    let now_s = jiff::Timestamp::now().as_second();
    let confirmed =
        post("/api/account/totp/confirm", &json!({"code": code_of(&key, now_s)})).expect(200);
    let codes = confirmed.json()["recovery_codes"].as_array().expect("codes").clone();
    // Wrong ones, where people put secrets by mistake.
    let wrong = json!({"name": "planted-in-name", "password": "planted-password"});
    server.http.post("/api/session", &wrong).expect(401);
    server.http.get_with("/api/devices", &[("authorization", "Bearer planted-token")]).expect(401);
    server.http.get_with("/api/devices", &[("cookie", "unoc_session=planted-cookie")]).expect(401);
    let used = json!({"name": "ada", "password": PASSWORD, "code": codes[0]});
    server.http.post("/api/session", &used).expect(200);
    let secret = |text: &Value| text.as_str().expect("a text").to_owned();
    let mut all = vec![
        PASSWORD.to_owned(),
        cookie.split_once('=').expect("a value").1.to_owned(),
        // Its first characters are shown to recognise it by.
        secret(&token["token"])[12..].to_owned(),
        device.expect("a cookie of the device"),
        key,
        "$argon2id$".to_owned(),
        "planted-".to_owned(),
    ];
    all.extend(codes.iter().map(secret));
    all.extend(codes.iter().map(|code| secret(code).replace('-', "")));
    (Secrets(all), cookie)
}

#[test]
fn no_secret_leaves_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let postgres = Postgres::start_with_dump();
    let url = postgres.as_ref().map(Postgres::url);
    let mut environment = vec![("UNOC_LOG_LEVEL", "TRACE")];
    environment.extend(url.as_deref().map(|url| ("DATABASE_URL", url)));
    let server = Server::start(&data, &environment);
    let (secrets, cookie) = plant(&server);
    let get = |path: &str| {
        let answer = server.http.get_with(path, &[("cookie", cookie.as_str())]);
        answer.expect(200).body
    };
    for path in ["/api/users", "/api/tokens", "/api/sessions", "/api/session"] {
        secrets.check(path, &get(path));
    }
    secrets.check("the export", &get("/api/export"));
    secrets.check("the audit trail", &get("/api/audit"));
    secrets.check("the log", &get("/api/logs"));
    run(&data, &["backup", "now"]).expect(0);
    secrets
        .check("the backup", run(&data, &["backup", "cat", "latest"]).expect(0).stdout.as_bytes());
    let bundle = directory.path().join("bundle.tar.gz");
    run(&data, &["support-bundle", bundle.to_str().expect("UTF-8")]).expect(0);
    secrets.check("the support bundle", &unpacked(&bundle));
    match &postgres {
        Some(postgres) => {
            run(&data, &["sync", "now"]).expect(0);
            let dump = postgres.dump("pg_dump", &postgres.url(), &["--inserts"]);
            secrets.check("the mirror", &dump);
        }
        None => skip("looking for secrets in the mirror (PostgreSQL or pg_dump is not installed)"),
    }
    secrets.check("standard error", server.log().join("\n").as_bytes());
    // The restore keeps a copy of the store, and leaves users as they are.
    run(&data, &["restore", "latest", "--yes"]).expect(0);
    get("/api/session");
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    let own = data.join("unoc.redb");
    for file in files_below(&data).into_iter().filter(|file| *file != own) {
        secrets.check(&file.display().to_string(), &fs::read(&file).expect("a file"));
    }
    let users = run(&data, &["user", "list"]).expect(0).stdout;
    assert!(users.contains("ada"), "{users}");
    // The test looks at the right thing: the store has them.
    let store = fs::read(&own).expect("the store");
    assert!(store.windows(10).any(|window| window == b"$argon2id$"));
}

fn unpacked(bundle: &Path) -> Vec<u8> {
    let file = fs::File::open(bundle).expect("a bundle");
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).expect("gzip");
    bytes
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match fs::symlink_metadata(&path).expect("its kind").file_type() {
            kind if kind.is_dir() => files.extend(files_below(&path)),
            kind if kind.is_file() => files.push(path),
            _ => {}
        }
    }
    files
}
