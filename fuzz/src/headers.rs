//! The headers that decide who asks and from where.

use std::cell::RefCell;
use std::convert::Infallible;

use http::{HeaderName, HeaderValue, Method, Request};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use unoc::api::{Access, gate};
use unoc::oidc::return_path;

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime"),
    );
}

pub(crate) fn run(data: &[u8]) {
    let Some(request) = request(data) else { return };
    let access = Access::new("/unoc", "noc.example.org", &[], vec!["https://tools.example".into()]);
    let inner =
        tower::service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(String::new())) });
    RUNTIME.with_borrow(|runtime| {
        let answer = runtime.block_on(gate(access, inner).oneshot(request.map(Into::into)));
        assert!(answer.expect("it cannot fail").status().as_u16() < 500);
    });
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(path) = return_path(text, "/unoc")
    {
        assert!(path.starts_with("/unoc/") && !path.contains('\\'));
    }
}

/// A request of a method, a path, and a header in each line.
fn request(data: &[u8]) -> Option<Request<String>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let mut request = Request::builder().method(method).uri(first.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request =
            request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    request.body(String::new()).ok()
}
