//! Paths: only the embedded files and the documented routes can be reached.

use super::Target;

/// A text of the embedded page, and one of a file outside.
const SECRET: &str = "unoc-secret-outside-the-page";

const TRICKS: [&str; 26] = [
    "/../secret.txt",
    "/../../../../../../etc/passwd",
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2fsecret.txt",
    "/..%252fsecret.txt",
    "/%252e%252e/secret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/assets\\..\\secret.txt",
    "/.%2e/secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%00",
    "/index.html%00.png",
    "/assets/%00",
    "//etc/passwd",
    "///etc/passwd",
    "/%2fetc/passwd",
    "/etc/passwd",
    "/./index.html/../../secret.txt",
    "/unoc.redb",
    "/site.json",
    "/endpoint",
    "/%ff%fe",
];

fn get(path: &str, accept: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n").into()
}

#[test]
fn no_path_leaves_the_embedded_files() {
    let target = Target::new();
    for folder in [target.home.path(""), target.home.data_dir().to_owned()] {
        std::fs::write(folder.join("secret.txt"), SECRET).expect("the folder is ours");
    }
    let page = target.client().get("/").text();
    assert!(page.contains("<html"), "no page: {page}");
    for trick in TRICKS {
        let answer = target.raw(&get(trick, "*/*"));
        let answer = answer.unwrap_or_else(|error| panic!("{trick}: {error}"));
        assert!((400..=404).contains(&answer.status), "{trick}: {}", answer.status);
        assert!(!answer.text().contains(SECRET) && !answer.text().contains("root:"), "{trick}");

        // A browser gets at most the page of the application.
        let answer = target.raw(&get(trick, "text/html")).expect("an answer");
        let is_page = answer.status == 200 && answer.text() == page;
        assert!(is_page || (400..=404).contains(&answer.status), "{trick}: {}", answer.text());
    }
    target.check();
}

#[test]
fn odd_paths_below_the_api_are_answered() {
    let target = Target::new();
    for (path, expected) in [
        ("/api/devices/%ff", 400),
        ("/api/devices/%00", 422),
        ("/api/devices/1%2f..%2f2", 422),
        ("/api/devices/..", 422),
        ("/api/devices/999999999999999999999999999999", 404),
        ("/api/devices/-1", 404),
        ("/api/devices/1e3", 422),
        ("/api/devices?limit=%ff", 422),
        ("/api/devices?q=%ff%fe", 200),
        ("/api/devices?limit=10&limit=99999999999", 422),
        ("/api/../etc/passwd", 404),
        ("/api%2fdevices", 404),
        ("//api/devices", 404),
        ("/api//devices", 404),
    ] {
        let answer = target.raw(&get(path, "*/*")).expect("an answer");
        assert_eq!(answer.status, expected, "{path}: {}", answer.text());
    }
    let long = format!("/api/devices?q={}", "a".repeat(30_000));
    assert_eq!(target.status_of(&get(&long, "*/*")), 200, "long, but within a request's head");
    target.check();
}

/// A redirect never leads to another host.
#[test]
fn redirects_stay_on_this_host() {
    let target = Target::new();
    for path in ["/api/devices/", "//evil.example/api/", "/api//evil.example/", "//evil.example/"] {
        let answer = target.raw(&get(path, "*/*")).expect("an answer");
        if let Some(location) = answer.header("location") {
            let is_local = location.starts_with('/') && !location.starts_with("//");
            assert!(is_local && !location.contains('\\'), "{path} leads to {location}");
        }
    }
    target.check();
}
