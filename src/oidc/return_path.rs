//! Where a person goes after signing in.

/// Longest path with its query; the longest address of the page, with all its filters, has some hundred bytes.
const RETURN_PATH_BYTES_MAX: usize = 1024;

/// Returns `path` if it is a path of this page, with or without a query and a fragment, below the base path.
///
/// Anything that a browser could take for another host is refused: it treats `\` as `/` and drops tabs and line
/// breaks (WHATWG URL Standard, "URL parsing"). So is the API, which would answer instead of the page.
pub fn return_path(path: &str) -> Option<&str> {
    let is_local = path.starts_with('/') && !path.starts_with("//");
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let mut segments = path[..end].split('/');
    let is_page = segments.nth(1) != Some("api") && !segments.any(|part| part == "..");
    (is_local && is_plain && is_page && path.len() <= RETURN_PATH_BYTES_MAX).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_the_page_is_returned_to() {
        for path in ["/", "/devices/7?tab=ports&q=a%20b#x", "/a?next=https://x/", "/apis"] {
            assert_eq!(return_path(path), Some(path));
        }
        let long = format!("/{}", "a".repeat(RETURN_PATH_BYTES_MAX));
        for path in [
            "",
            "devices",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a b",
            "/ä",
            "/a\r\nSet-Cookie: x=y",
            "/api/admin/shutdown",
            "/api",
            "/x/../api/health",
            &long,
        ] {
            assert_eq!(return_path(path), None, "{path}");
        }
    }
}
