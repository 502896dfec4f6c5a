//! `unoc user`, `unoc token` and `unoc sessions`, with a running server and without one.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};

use crate::harness::process::{Said, Server, host_user, run, unoc};
use crate::harness::{skip, wait};

const NO_DEMO: [(&str, &str); 1] = [("UNOC_DEV_FEATURES", "0")];
const PASSWORD: &str = "correct horse battery";

/// Runs `unoc` with this on standard input.
#[track_caller]
fn run_with_input(data_dir: &Path, arguments: &[&str], input: &str) -> Said {
    let mut command = unoc(arguments);
    command.arg("--data-dir").arg(data_dir).stdin(Stdio::piped());
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // One that refuses at once does not read it.
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().expect("the program ends");
    Said {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).expect("a text"),
        stderr: String::from_utf8(output.stderr).expect("a text"),
    }
}

#[track_caller]
fn json_of(data_dir: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let said = run(data_dir, &arguments).expect(0);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// The words of each line of a list, by its first one.
#[track_caller]
fn line(data_dir: &Path, arguments: &[&str], first: &str) -> String {
    let said = run(data_dir, arguments).expect(0);
    let mut lines = said.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|words| words.first() == Some(&first));
    line.unwrap_or_else(|| panic!("{first}: {said:?}")).join(" ")
}

/// What both do, the server and a store that no server uses.
fn users_are_made_changed_and_removed(data: &Path) {
    let refused = run(data, &["user", "add", "ada"]).expect(3);
    assert!(refused.stderr.contains("--role admin"), "{refused:?}");
    let added = run(data, &["user", "add", "ada", "--role", "admin"]).expect(0).stdout;
    let lines: Vec<&str> = added.lines().collect();
    assert_eq!(lines[0], "Added the user ada, role admin.", "{added}");
    assert!(lines[1].starts_with("Password: ") && lines[1].len() == 33, "{added}");
    assert!(lines[3].starts_with("From now on everybody has to log in."), "{added}");
    let password = format!("{PASSWORD}\n");
    let arguments = ["user", "add", "Bo", "--role", "operator", "--password-stdin"];
    let added = run_with_input(data, &arguments, &password).expect(0).stdout;
    assert_eq!(added, "Added the user Bo, role operator.\n");
    for (arguments, input, why) in [
        (&["user", "add", "bo"][..], "", "there is a user bo already"),
        (&["user", "add", "a b"], "", "letters, digits"),
        (&["user", "add", "cy", "--password-stdin"], "short\n", "at least 12 characters"),
        (&["user", "password", "nobody"], "", "there is no user nobody; unoc user list"),
        (&["user", "role", "ada", "viewer"], "", "last admin"),
        (&["user", "disable", "ada"], "", "last admin"),
        (&["user", "remove", "ada", "--yes"], "", "last admin"),
        (&["user", "remove", "bo"], "", "add --yes"),
    ] {
        let refused = run_with_input(data, arguments, input).expect(3);
        assert!(refused.stderr.contains(why), "{arguments:?}: {refused:?}");
    }
    let list = ["user", "list"];
    assert_eq!(line(data, &list, "NAME"), "NAME ROLE STATE PASSWORD SECOND FACTOR LAST LOGIN FROM");
    assert_eq!(line(data, &list, "Bo"), "Bo operator enabled yes no never -");
    run(data, &["user", "disable", "bo"]).expect(0);
    assert_eq!(line(data, &list, "Bo"), "Bo operator disabled yes no never -");
    run(data, &["user", "enable", "bo"]).expect(0);
    let changed = run(data, &["user", "role", "BO", "viewer"]).expect(0).stdout;
    assert_eq!(changed, "Bo is now: viewer, enabled, without a second factor.\n");
    run(data, &["user", "reset-totp", "bo"]).expect(0);
    let set = json_of(data, &["user", "password", "bo"]);
    assert_eq!(set["password"].as_str().map(str::len), Some(23), "{set}");
    run(data, &["user", "add", "cy", "--no-password"]).expect(0);
    assert_eq!(line(data, &list, "cy"), "cy viewer enabled no no never -");
    run(data, &["user", "remove", "cy", "--yes"]).expect(0);
    let users = json_of(data, &list);
    let names: Vec<_> =
        users.as_array().expect("a list").iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["ada", "Bo"]);
    for user in users.as_array().expect("a list") {
        assert!(user.get("password_hash").is_none(), "{user}");
    }
}

fn tokens_are_made_and_revoked(data: &Path) -> String {
    let create = ["token", "create", "ci", "--scope", "operate", "--for"];
    let refused = run(data, &[&create[..], &["bo"]].concat()).expect(3);
    assert!(refused.stderr.contains("viewer"), "{refused:?}");
    let refused = run(data, &[&create[..], &["nobody"]].concat()).expect(3);
    assert!(refused.stderr.to_lowercase().contains("user"), "{refused:?}");
    let created = run(data, &[&create[..], &["ADA", "--days", "7"]].concat()).expect(0);
    let token = created.stdout.trim_end().to_owned();
    assert!(token.starts_with("unoc_") && token.len() == 48, "{created:?}");
    assert!(created.stderr.contains("of ada may operate until 20"), "{created:?}");
    let listed = json_of(data, &["token", "list"]);
    let id = listed[0]["id"].to_string();
    assert_eq!((&listed[0]["owner"], &listed[0]["prefix"]), (&json!("ada"), &json!(&token[..12])));
    assert!(listed[0].get("token").is_none(), "{listed}");
    assert!(line(data, &["token", "list"], &id).starts_with(&format!("{id} ci ada operate unoc_")));
    let other = json_of(data, &["token", "create", "metrics", "--scope", "metrics", "--for", "bo"]);
    let id = other["id"].to_string();
    run(data, &["token", "revoke", &id]).expect(0);
    let again = run(data, &["token", "revoke", &id]).expect(3);
    assert!(again.stderr.contains("not found"), "{again:?}");
    assert_eq!(json_of(data, &["token", "list"]).as_array().map(Vec::len), Some(1));
    token
}

#[test]
fn accounts_are_administered_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    for arguments in [&["user", "list"][..], &["sessions"], &["token", "list"]] {
        let missing = run(data, arguments).expect(3);
        assert!(missing.stderr.contains("holds no site"), "{missing:?}");
    }
    users_are_made_changed_and_removed(data);
    tokens_are_made_and_revoked(data);
    assert_eq!(run(data, &["sessions"]).expect(0).stdout, "Nobody is logged in.\n");
    let link = run(data, &["user", "setup-link"]).expect(75);
    assert!(link.stderr.contains("no server runs"), "{link:?}");
}

#[test]
fn accounts_are_administered_on_the_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let server = Server::start(data, &NO_DEMO);
    assert!(run(data, &["user", "list"]).expect(0).stdout.contains("There are no users"));
    server.http.get("/api/devices").expect(200);
    users_are_made_changed_and_removed(data);
    // The first user switched it to logins at once.
    server.http.get("/api/devices").expect(401);
    let token = tokens_are_made_and_revoked(data);
    let bearer = format!("Bearer {token}");
    server.http.get_with("/api/devices", &[("authorization", &bearer)]).expect(200);
    run_with_input(data, &["user", "password", "bo", "--password-stdin"], PASSWORD).expect(0);
    let login = json!({"name": "bo", "password": PASSWORD});
    let cookies: Vec<String> = (0..3)
        .map(|_| {
            let answer = server.http.post("/api/session", &login).expect(200);
            let cookie = answer.header("set-cookie").expect("a cookie");
            cookie.split(';').next().expect("its value").to_owned()
        })
        .collect();
    let status = |cookie: &str| server.http.get_with("/api/devices", &[("cookie", cookie)]).status;
    assert!(cookies.iter().all(|cookie| status(cookie) == 200));
    let sessions = json_of(data, &["sessions"]);
    assert_eq!(sessions.as_array().map(Vec::len), Some(3), "{sessions}");
    assert_eq!(sessions[0]["user"], "Bo");
    let ended = run(data, &["sessions", "end", &sessions[0]["id"].to_string()]).expect(0).stdout;
    assert_eq!(ended, "Ended 1 session.\n");
    let live: Vec<u16> = cookies.iter().map(|cookie| status(cookie)).collect();
    assert_eq!(live, [200, 200, 401], "the newest is listed first");
    let ended = run(data, &["sessions", "end", "--user", "BO"]).expect(0).stdout;
    assert_eq!(ended, "Ended 2 sessions.\n");
    assert!(cookies.iter().all(|cookie| status(cookie) == 401));
    let list = line(data, &["user", "list"], "Bo");
    assert!(
        list.starts_with("Bo viewer enabled yes no 20") && list.ends_with(" 127.0.0.1"),
        "{list}"
    );
    assert!(server.terminate().0.success());
}

#[test]
fn the_set_up_link_makes_the_first_user() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let server = Server::start(data, &NO_DEMO);
    let first = json_of(data, &["user", "setup-link"]);
    let said = run(data, &["user", "setup-link"]).expect(0).stdout;
    let url = said.lines().next().expect("a link");
    let base = format!("{}/set-up#", server.http.base);
    let code = url.strip_prefix(&base).unwrap_or_else(|| panic!("{base}: {said}"));
    let set_up = |code: &str| {
        let body = json!({"code": code, "name": "ada", "password": PASSWORD});
        server.http.post("/api/setup", &body)
    };
    let old = first["url"].as_str().and_then(|url| url.strip_prefix(&base)).expect("a link");
    assert_eq!(set_up(old).status, 400);
    let answer = set_up(code).expect(200);
    assert_eq!(answer.json()["caller"]["name"], "ada");
    let refused = run(data, &["user", "setup-link"]).expect(3);
    assert!(refused.stderr.contains("there are users already"), "{refused:?}");
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    let headers = [("cookie", cookie.split(';').next().expect("its value"))];
    server.http.send(Method::DELETE, "/api/session", &headers, None).expect(204);
    server.http.get_with("/api/devices", &headers).expect(401);
}

/// A terminal of its own, by `script` of util-linux, in which `input` is typed once the question is there.
#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    if Command::new("script").arg("--version").output().is_err() {
        return skip("typing a password on a terminal (script of util-linux is not installed)");
    }
    let typed = |typed: &[&str]| {
        let program = env!("CARGO_BIN_EXE_unoc");
        let command = format!("{program} user add ada --role admin --data-dir {}", data.display());
        let log = directory.path().join("typescript");
        let mut child = Command::new("script")
            .args(["-q", "-e", "-f", "-c", &command])
            .arg(&log)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("script starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        for (question, text) in ["New password:", "The same again:"].iter().zip(typed) {
            wait::until("the question", || {
                std::fs::read_to_string(&log).ok().filter(|shown| shown.contains(question))
            });
            stdin.write_all(text.as_bytes()).expect("it reads");
        }
        drop(stdin);
        let code = child.wait().expect("it ends").code();
        let shown = std::fs::read_to_string(&log).expect("what was shown");
        std::fs::remove_file(&log).expect("it is there");
        (code, shown)
    };
    let (code, shown) = typed(&[&format!("{PASSWORD}\n"), "something else\n"]);
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("not the same") && !shown.contains("horse"), "{shown}");
    let (code, shown) = typed(&["correct\u{3}"]);
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("cancelled"), "{shown}");
    let line = format!("{PASSWORD}\n");
    let (code, shown) = typed(&[&line, &line]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Added the user ada") && !shown.contains("horse"), "{shown}");
    let server = Server::start(data, &NO_DEMO);
    let login = json!({"name": "ada", "password": PASSWORD});
    server.http.post("/api/session", &login).expect(200);
}

#[test]
fn who_administers_is_in_the_audit_trail() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    run(data, &["user", "add", "ada", "--role", "admin"]).expect(0);
    let server = Server::start(data, &NO_DEMO);
    run(data, &["user", "add", "bo"]).expect(0);
    let token = run(data, &["token", "create", "ci", "--scope", "read", "--for", "ada"]).expect(0);
    let bearer = format!("Bearer {}", token.stdout.trim_end());
    let rows = server.http.get_with("/api/audit", &[("authorization", &bearer)]);
    // A token that only reads may not look at who did what.
    assert_eq!(rows.status, 403);
    let socket = data.join("unoc.sock");
    let rows = crate::harness::unix_http::send(&socket, &Method::GET, "/api/audit", &[], "");
    let rows = rows.expect(200).json();
    let rows = rows["entries"].as_array().or(rows.as_array()).expect("rows").clone();
    let of = |action: &str| {
        let row = rows.iter().find(|row| row["action"] == action);
        row.unwrap_or_else(|| panic!("{action}: {rows:?}"))["actor"].as_str().map(str::to_owned)
    };
    let host_user = host_user();
    assert_eq!(of("add token"), Some(host_user.clone()));
    let adds: Vec<_> = rows.iter().filter(|row| row["action"] == "add user").collect();
    let actors: Vec<_> = adds.iter().filter_map(|row| row["actor"].as_str()).collect();
    // With a server and without one.
    assert_eq!(actors, [host_user.as_str(), &host_user]);
}
