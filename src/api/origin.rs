//! Whether a request comes from a page of another site.

use axum::http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True when a browser says that a page of another site makes this request: by `Sec-Fetch-Site`,
/// or (older browsers, plain HTTP) by an `Origin` that is not the host asked for. Programs send
/// neither. Such a page must not operate the network through its visitor's browser.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(SEC_FETCH_SITE) {
        return !matches!(site, "same-origin" | "same-site" | "none");
    }
    text(header::ORIGIN).is_some_and(|origin| {
        let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        Some(authority) != text(header::HOST)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_other_sites_are_strangers() {
        let check = |headers: &[(&'static str, &str)], expected: bool| {
            let map = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(is_cross_site(&map), expected, "{headers:?}");
        };
        let host = ("host", "noc.example:5001");
        check(&[host], false);
        check(&[host, ("sec-fetch-site", "same-origin")], false);
        check(&[host, ("sec-fetch-site", "none")], false);
        check(&[host, ("sec-fetch-site", "same-site")], false);
        check(&[host, ("sec-fetch-site", "cross-site")], true);
        check(&[host, ("sec-fetch-site", "what")], true);
        check(&[host, ("origin", "http://noc.example:5001")], false);
        check(&[host, ("origin", "https://noc.example:5001")], false);
        check(&[host, ("origin", "http://evil.example")], true);
        check(&[host, ("origin", "null")], true);
    }
}
