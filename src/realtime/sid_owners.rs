//! Who has opened a connection uses it: its id is in the log and in addresses, and by it alone others could read what is
//! sent, or leave in its name.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Uri};
use socketioxide::SocketIo;
use socketioxide::socket::Sid;
use tower::{Layer, Service};

use super::fanout::LIVE;
use crate::auth::Caller;

/// What a request is turned into that uses the connection of somebody else: one for a connection that never was.
const NO_CONNECTION: &str = "EIO=4&transport=polling&sid=-";

/// Puts the check in front of Socket.IO.
#[derive(Clone)]
pub struct SidOwnerLayer {
    io: SocketIo,
    path: Arc<str>,
}

/// Answers requests that use a connection of somebody else as if there were no such connection.
#[derive(Clone)]
pub struct SidOwnerService<S> {
    inner: S,
    owners: SidOwnerLayer,
}

impl SidOwnerLayer {
    /// `path` is the one of Socket.IO.
    pub(super) fn new(io: SocketIo, path: &str) -> Self {
        Self { io, path: path.into() }
    }

    /// Returns whether a request uses a connection that somebody else has opened. One that has joined no namespace is
    /// nobody's yet, and is sent nothing.
    fn is_of_another<B>(&self, request: &Request<B>) -> bool {
        if !request.uri().path().starts_with(&*self.path) {
            return false;
        }
        // As Engine.IO reads it.
        let mut query = request.uri().query().unwrap_or_default().split('&');
        let sid: Option<Sid> =
            query.find_map(|pair| pair.strip_prefix("sid=")).and_then(|sid| sid.parse().ok());
        let Some(sid) = sid else { return false };
        let caller = request.extensions().get::<Caller>();
        let namespaces = ["/", LIVE].into_iter().filter_map(|name| self.io.of(name));
        namespaces.filter_map(|namespace| namespace.get_socket(sid)).any(|socket| {
            let opener = socket.req_parts().extensions.get::<Caller>();
            opener.map(|caller| &caller.identity) != caller.map(|caller| &caller.identity)
        })
    }
}

impl<S> Layer<S> for SidOwnerLayer {
    type Service = SidOwnerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SidOwnerService { inner, owners: self.clone() }
    }
}

impl<S, B> Service<Request<B>> for SidOwnerService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.owners.is_of_another(&request) {
            let uri = format!("{}?{NO_CONNECTION}", request.uri().path());
            *request.uri_mut() =
                Uri::try_from(uri).expect("a path that was read and a query of our own are a URI");
        }
        self.inner.call(request)
    }
}
