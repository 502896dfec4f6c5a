//! Where a person goes after signing in.

/// Longest path with its query; the longest address of the page, with all its filters, has some hundred bytes.
const RETURN_PATH_BYTES_MAX: usize = 1024;

/// Returns `path` if it is a path of the page, which is under `base_path`, with or without a query and a fragment.
///
/// Anything that a browser could take for another host is refused: it treats `\` as `/` and drops tabs and line
/// breaks (WHATWG URL Standard, "URL parsing"). So is the API, which would answer instead of the page.
pub fn return_path<'a>(path: &'a str, base_path: &str) -> Option<&'a str> {
    let below = path.strip_prefix(base_path)?;
    let is_local = path.starts_with('/') && below.starts_with('/') && !below.starts_with("//");
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let end = below.find(['?', '#']).unwrap_or(below.len());
    let mut segments = below[..end].split('/').skip(1).peekable();
    let is_page = segments.peek() != Some(&"api") && !segments.any(is_dotted);
    (is_local && is_plain && is_page && path.len() <= RETURN_PATH_BYTES_MAX).then_some(path)
}

/// Browsers leave out `.` and go up at `..`, percent-encoded too.
fn is_dotted(segment: &str) -> bool {
    matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_the_page_is_returned_to() {
        for path in ["/", "/devices/7?tab=ports&q=a%20b#x", "/a?next=https://x/../api", "/apis"] {
            assert_eq!(return_path(path, ""), Some(path));
            let below = format!("/unoc{path}");
            assert_eq!(return_path(&below, "/unoc"), Some(&*below));
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
            "/./api/health",
            "/%2e/api/health",
            "/x/%2E%2e/api/health",
            &long,
        ] {
            assert_eq!(return_path(path, ""), None, "{path}");
            assert_eq!(return_path(&format!("/unoc{path}"), "/unoc"), None, "{path}");
        }
        for path in ["/", "/devices", "/unoc", "/unocx/y", "//evil.example/unoc/"] {
            assert_eq!(return_path(path, "/unoc"), None, "{path}");
        }
    }
}
