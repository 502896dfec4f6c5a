//! Head of a request, settings: verdict.

use axum::extract::Request;
use axum::http::Version;

use super::policy::{Access, AccessRefusal, Admission};

const OWN: &str = "127.0.0.1:5001";

fn access(hosts: &[&str], origins: &[&str]) -> Access {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Access::new("/noc", "box7.lan", &owned(hosts), owned(origins))
}

fn request(line: &str, headers: &[(&str, &str)]) -> Request<()> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

#[test]
fn only_known_hosts_are_answered_for() {
    let check = |allowed: &[&str], host: &str, expected: bool| {
        // Reading too: what is read is the whole network.
        for line in ["GET /api/devices", "POST /api/seed", "GET /noc/socket.io/?EIO=4"] {
            let same_origin = ("sec-fetch-site", "same-origin");
            for headers in [&[("host", host)][..], &[("host", host), same_origin]] {
                let verdict = access(allowed, &[]).admit(&request(line, headers));
                assert_eq!(verdict.is_ok(), expected, "{allowed:?} {host} {line}: {verdict:?}");
            }
        }
    };
    for host in [
        OWN,
        "127.1.2.3",
        "[::1]:5001",
        "192.0.2.7:5001",
        "[2001:db8::1]",
        "localhost:5001",
        "LOCALHOST.",
        "a.b.localhost:1",
        "box7.lan",
        "BOX7:5001",
        "box7.local",
    ] {
        check(&[], host, true);
    }
    for host in [
        "evil.example",
        "evil.example:5001",
        "localhost.evil.example",
        "evillocalhost",
        "box7.evil.example",
        "127.0.0.1.evil.example",
        "2130706433",
        "0x7f000001",
        "noc.example.org",
    ] {
        check(&[], host, false);
        check(&["other.example.org", "*.example.com"], host, false);
        check(&["*"], host, true);
    }
    check(&["noc.example.org"], "NOC.example.org:8443", true);
    check(&["noc.example.org"], "a.noc.example.org", false);
    check(&["*.example.org"], "a.b.example.org", true);
    check(&["*.example.org"], "example.org", false);
    check(&["*.example.org"], "evilexample.org", false);
    for unreadable in ["", "a b", "user@localhost", "localhost:x", "[::1", "localhost/"] {
        check(&["*"], unreadable, false);
    }
}

#[test]
fn a_host_is_named_once() {
    let admit = |version: Version, headers: &[(&str, &str)]| {
        let mut request = request("GET /health", headers);
        *request.version_mut() = version;
        access(&[], &[]).admit(&request)
    };
    // A health check by HTTP/1.0 has no host, and is not a browser.
    assert_eq!(admit(Version::HTTP_10, &[]), Ok(Admission::WithoutCors));
    assert_eq!(admit(Version::HTTP_11, &[]), Err(AccessRefusal::UnreadableHost));
    let twice = [("host", OWN), ("host", OWN)];
    assert_eq!(admit(Version::HTTP_11, &twice), Err(AccessRefusal::UnreadableHost));
    let absolute = |target: &str| {
        let request = request(&format!("GET http://{target}/health"), &[("host", OWN)]);
        access(&[], &[]).admit(&request)
    };
    assert_eq!(absolute("localhost:5001"), Ok(Admission::WithoutCors));
    assert_eq!(absolute("evil.example"), Err(AccessRefusal::Host("evil.example".to_owned())));
}

#[test]
fn a_forwarded_host_narrows_what_is_allowed() {
    let check = |host: &str, forwarded: &[&str], origin: &str, expected: bool| {
        let mut headers = vec![("host", host), ("origin", origin)];
        headers.extend(forwarded.iter().map(|value| ("x-forwarded-host", *value)));
        let verdict = access(&["noc.example.org"], &[]).admit(&request("POST /api/seed", &headers));
        assert_eq!(verdict.is_ok(), expected, "{headers:?}: {verdict:?}");
    };
    let page = "https://noc.example.org";
    check("noc.example.org", &["noc.example.org"], page, true);
    // A proxy that names itself in Host, as Apache does.
    check(OWN, &["noc.example.org"], page, true);
    check(OWN, &["noc.example.org:443, localhost"], page, true);
    check(OWN, &[], page, false);
    // A page with a rebound name can set every header except Host and Origin.
    check("evil.example", &["noc.example.org"], "http://evil.example", false);
    check("evil.example", &[OWN], "http://evil.example", false);
    check(OWN, &["evil.example"], "http://evil.example", false);
    check(OWN, &["noc.example.org, evil.example"], "http://evil.example", false);
    check(OWN, &["noc.example.org", "evil.example"], "http://evil.example", false);
    check(OWN, &["?"], page, false);
    check("noc.example.org", &["", "noc.example.org,"], page, true);
}

#[test]
fn only_own_and_allowed_pages_change_anything_or_listen() {
    let allowed = ["http://localhost:5173", "https://tools.example.org"];
    let check = |headers: &[(&str, &str)], host: &str, expected: Option<Admission>| {
        let access = access(&["noc.example.org"], &allowed);
        let mut headers = headers.to_vec();
        headers.push(("host", host));
        for line in
            ["POST /api/seed", "DELETE /api/devices/1", "PUT /", "GET /noc/socket.io/?EIO=4"]
        {
            let verdict = access.admit(&request(line, &headers));
            assert_eq!(verdict.as_ref().ok().copied(), expected, "{line} {headers:?}: {verdict:?}");
        }
        // What a page cannot read does no harm.
        for line in ["GET /api/devices", "HEAD /api/devices", "OPTIONS /api/seed"] {
            let verdict = access.admit(&request(line, &headers));
            assert_eq!(verdict, Ok(expected.unwrap_or(Admission::OtherSite)), "{line} {headers:?}");
        }
    };
    let usual = Some(Admission::WithoutCors);
    let by_origin = |origin: &'static str, host: &str, expected| {
        check(&[("origin", origin)], host, expected);
    };
    check(&[], OWN, usual);
    by_origin("http://127.0.0.1:5001", OWN, usual);
    by_origin("http://[::1]:5001", "[::1]:5001", usual);
    by_origin("http://NOC.example.org", "noc.example.org:80", usual);
    by_origin("https://noc.example.org", "noc.example.org:443", usual);
    by_origin("https://noc.example.org", "noc.example.org", usual);
    by_origin("http://noc.example.org:8080", "noc.example.org:8080", usual);
    // A proxy that drops the port.
    by_origin("http://noc.example.org:8080", "noc.example.org", None);
    by_origin("http://noc.example.org", "noc.example.org:8080", None);
    by_origin("https://evil.example", OWN, None);
    by_origin("http://localhost:8000", "localhost:5001", None);
    by_origin("null", OWN, None);
    by_origin("", OWN, None);
    by_origin("127.0.0.1:5001", OWN, None);

    let by_site = |site: &'static str, origin: &'static str, expected| {
        check(&[("sec-fetch-site", site), ("origin", origin)], "noc.example.org", expected);
    };
    // The browser knows better than a proxy that drops the port.
    by_site("same-origin", "https://noc.example.org:8443", usual);
    by_site("none", "null", usual);
    for site in ["same-site", "cross-site", "what"] {
        check(&[("sec-fetch-site", site)], OWN, None);
        by_site(site, "https://evil.example", None);
        by_site(site, "https://user.example.org", None);
        by_site(site, "http://noc.example.org", None);
        by_site(site, "https://tools.example.org", Some(Admission::WithCors));
    }

    let reader = Some(Admission::WithCors);
    by_origin("http://localhost:5173", OWN, reader);
    by_origin("HTTP://LOCALHOST:5173", OWN, reader);
    by_origin("https://tools.example.org:443", OWN, reader);
    by_origin("https://localhost:5173", OWN, None);
    by_origin("http://localhost:5175", OWN, None);
    by_origin("http://localhost", OWN, None);
    by_origin("http://tools.example.org", OWN, None);
    // An allowed origin does not allow its host.
    let rebound =
        request("POST /api/seed", &[("host", "tools.example.org"), ("origin", allowed[1])]);
    assert!(matches!(access(&[], &allowed).admit(&rebound), Err(AccessRefusal::Host(_))));
}

#[test]
fn a_refusal_says_which_setting_helps() {
    let refused = |headers: &[(&str, &str)]| {
        let verdict = access(&[], &[]).admit(&request("POST /api/seed", headers));
        verdict.unwrap_err().to_string()
    };
    let host = refused(&[("host", "NOC.example.org:8443")]);
    assert!(host.contains("the host NOC.example.org.") && host.contains("UNOC_ALLOWED_HOSTS"));
    let origin = refused(&[("host", OWN), ("origin", "https://evil.example")]);
    for words in ["from https://evil.example,", "is 127.0.0.1:5001.", "UNOC_ALLOWED_ORIGINS"] {
        assert!(origin.contains(words), "{origin}");
    }
    let long = refused(&[("host", &"a".repeat(5_000))]);
    assert!(long.len() < 500, "{long}");
}
