//! The embedded page and its files.

use http::Method;

use crate::harness::TestApp;
use crate::harness::http::Answer;

/// Returns the paths of the files that a page loads.
fn files_of(page: &Answer) -> Vec<String> {
    let names = page.text().split(['"', '\'']).filter_map(|word| word.strip_prefix("./"));
    let files: Vec<String> =
        names.filter(|name| name.contains('.')).map(|name| format!("/{name}")).collect();
    assert!(files.len() > 2, "{files:?}");
    files
}

#[test]
fn the_page_is_served_on_its_routes_and_always_revalidated() {
    let app = TestApp::empty();
    let page = app.get("/").expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
    assert!(page.header("content-security-policy").unwrap().contains("object-src 'none'"));
    let html = [("accept", "text/html,application/xhtml+xml")];
    for path in ["/index.html", "/devices", "/devices/12", "/map?layer=fibre", "/a/b/c"] {
        let same = app.get_with(path, &html).expect(200);
        assert_eq!(same.text(), page.text(), "{path}");
    }
    for path in
        ["/devices", "/favicon.ico", "/assets/none.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml"]
    {
        assert_eq!(app.get(path).expect(404).text(), r#"{"detail":"Not Found"}"#, "{path}");
    }
    app.send(Method::POST, "/devices", &html, Some("")).expect(404);
}

#[test]
fn the_pages_run_nothing_inline_and_nothing_from_outside() {
    let app = TestApp::empty();
    for path in ["/", "/docs"] {
        let page = app.get(path).expect(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'; script-src 'self';"), "{policy}");
        for hole in ["unsafe", "*", "http:", "https:", "ws:", "wss:", "blob:", "nonce", "sha256"] {
            assert!(!policy.contains(hole), "{hole} in {policy}");
        }
        let html = page.text();
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\"").count()
        );
        assert_eq!(html.matches("<script").count(), html.matches("src=\"./assets/").count());
        for inline in ["<style", " style=", " onload=", "javascript:", "://"] {
            assert!(!html.contains(inline), "{inline} in {path}");
        }
    }
}

#[test]
fn hashed_files_are_cached_for_ever() {
    let app = TestApp::empty();
    for page in ["/", "/docs"] {
        for path in files_of(&app.get(page)) {
            let file = app.get(&path).expect(200);
            if path == "/openapi.json" {
                continue;
            }
            assert!(path.starts_with("/assets/"), "{path}");
            let cache = file.header("cache-control");
            assert_eq!(cache, Some("public, max-age=31536000, immutable"), "{path}");
            assert_eq!(file.header("x-content-type-options"), Some("nosniff"), "{path}");
            let mime = file.header("content-type").unwrap();
            let expected = match path.rsplit('.').next().unwrap() {
                "js" => "text/javascript",
                "css" => "text/css",
                "svg" => "image/svg+xml",
                other => panic!("an unexpected file: {other}"),
            };
            assert!(mime.starts_with(expected), "{path}: {mime}");
            assert!(!file.body.is_empty());
        }
    }
}

#[test]
fn a_cached_file_is_not_sent_again() {
    let app = TestApp::empty();
    let mut paths = files_of(&app.get("/"));
    paths.extend(["/".to_owned(), "/docs".to_owned()]);
    for path in paths {
        let etag = app.get(&path).expect(200).header("etag").unwrap().to_owned();
        let again = app.get_with(&path, &[("if-none-match", &etag)]).expect(304);
        assert!(again.body.is_empty(), "{path}");
        assert_eq!(again.header("etag"), Some(&*etag), "{path}");
        app.get_with(&path, &[("if-none-match", "W/\"other\"")]).expect(200);
    }
}

#[test]
fn pages_and_scripts_are_compressed() {
    let app = TestApp::empty();
    let script = files_of(&app.get("/")).into_iter().find(|path| path.ends_with(".js")).unwrap();
    let plain = app.get(&script).expect(200);
    for coding in ["gzip", "zstd"] {
        let packed = app.get_with(&script, &[("accept-encoding", coding)]).expect(200);
        assert_eq!(packed.header("content-encoding"), Some(coding));
        assert!(packed.body.len() < plain.body.len(), "{coding}");
    }
}

#[test]
fn the_page_loads_nothing_from_another_host() {
    let app = TestApp::empty();
    for path in ["/", "/docs"] {
        let page = app.get(path).expect(200);
        assert!(!page.text().contains("://") && !page.text().contains("=\"//"), "{path}");
        assert!(!page.text().contains("<script>"), "{path}: the policy forbids inline scripts");
    }
}
