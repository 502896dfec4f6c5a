//! Where clients come in: the listeners, the certificate, and the servers behind them.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;
use tracing::{info, warn};

use super::connections::{AddressLimit, ConnectionLimit};
use super::endpoint::{self, ServerEndpoint};
use super::listener::{BoundListener, BoundListeners, PassedSockets, listen};
use super::loopback::OwnServer;
use super::request_body::RequestBody;
use super::server::HttpServer;
use super::shutdown::run_until_stopped;
use super::tls::{ServedCertificate, redirect_service};
use crate::api::ServiceSecret;
use crate::config::Config;
use crate::engine::Clock;
use crate::util::run_blocking;

/// Bound listeners and the certificate, before anything is served.
pub(super) struct Entrance {
    listeners: BoundListeners,
    certificate: Option<ServedCertificate>,
    own_server: OwnServer,
    connections: ConnectionLimit,
}

impl Entrance {
    /// Reads the certificate and listens. By `secret` the server knows its own requests.
    ///
    /// # Errors
    /// A file of the certificate cannot be used, or an address cannot be bound; the message has a remedy.
    pub(super) async fn open(
        config: &Config,
        passed: PassedSockets,
        clock: &Clock,
        secret: ServiceSecret,
    ) -> Result<Self> {
        let certificate = ServedCertificate::open(config, clock).await?;
        let listeners = listen(config, passed)?;
        let own_server = OwnServer {
            address: listeners.server.reachable,
            base_path: config.base_path.clone(),
            secret,
            tls: certificate.as_ref().map(ServedCertificate::pinned).transpose()?,
        };
        let connections = ConnectionLimit::new(config.max_connections);
        Ok(Self { listeners, certificate, own_server, connections })
    }

    /// Returns the address that the server listens on.
    pub(super) fn address(&self) -> SocketAddr {
        self.listeners.server.address
    }

    /// Returns the server as this host reaches it.
    pub(super) fn own_server(&self) -> &OwnServer {
        &self.own_server
    }

    /// Returns how many clients are connected to the server.
    pub(super) fn connections(&self) -> &ConnectionLimit {
        &self.connections
    }

    /// Returns what the server shows; `None` for plain HTTP.
    pub(super) fn certificate(&self) -> Option<&ServedCertificate> {
        self.certificate.as_ref()
    }

    /// Returns the URL of the server by the address that it listens on, without a slash at its end.
    pub(super) fn url(&self) -> String {
        let OwnServer { base_path, .. } = &self.own_server;
        format!("{}://{}{base_path}", self.own_server.scheme(), self.address())
    }

    /// Serves until `stopping` becomes true; open requests then have `drain_wait` to finish. Returns the servers; what
    /// keeps the certificate is among `tasks`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn serve<S, B>(
        self,
        config: &Config,
        service: S,
        (drain_wait, stopping): (Duration, &watch::Receiver<bool>),
        tasks: &mut JoinSet<()>,
    ) -> Result<JoinSet<()>>
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        let Self { listeners, certificate, connections, .. } = self;
        let BoundListeners { server, redirect } = listeners;
        let addresses = address_limit(config);
        let encryption =
            certificate.as_ref().map(|it| it.encryption(config.hsts_days)).transpose()?;
        let mut servers = JoinSet::new();
        if let (Some(certificate), Some(redirect)) = (&certificate, redirect) {
            let BoundListener { listener, address, .. } = redirect;
            let service = redirect_service(config, certificate, server.address.port());
            let plain = HttpServer {
                listener,
                service,
                // One limit for both, which is that of open files.
                connections: connections.clone(),
                addresses: addresses.clone(),
                encryption: None,
                drain_wait,
            };
            info!(%address, "Plain HTTP at http://{address}/ is redirected to HTTPS");
            servers.spawn(plain.serve(stopping.clone()));
        }
        if let Some(certificate) = certificate {
            tasks.spawn(run_until_stopped(certificate.keep(), stopping.clone()));
        }
        let listener = server.listener;
        let server =
            HttpServer { listener, service, connections, addresses, encryption, drain_wait };
        servers.spawn(server.serve(stopping.clone()));
        Ok(servers)
    }
}

/// Tells commands on this host where the server is, now and whenever its certificate changes.
pub(super) fn write_endpoint(
    entrance: &Entrance,
    config: &Config,
    socket: Option<PathBuf>,
    (tasks, stopping): (&mut JoinSet<()>, &watch::Receiver<bool>),
) {
    let shown = entrance.certificate().map(|certificate| certificate.slot.watch());
    let url = entrance.own_server().url();
    let certificate = shown.as_ref().map(|shown| shown.borrow().fingerprint());
    let endpoint = ServerEndpoint { url, socket, certificate };
    let data_dir = config.data_dir.clone();
    if let Err(error) = endpoint::write(&data_dir, &endpoint) {
        // On a full volume the service still serves reads.
        warn!("Commands on this host will not find this server: {error:#}");
    }
    let Some(mut shown) = shown else { return };
    let rewriting = async move {
        let mut endpoint = endpoint;
        while shown.changed().await.is_ok() {
            endpoint.certificate = Some(shown.borrow_and_update().fingerprint());
            let (data_dir, endpoint) = (data_dir.clone(), endpoint.clone());
            let written = run_blocking(move || endpoint::write(&data_dir, &endpoint)).await;
            if let Ok(Err(error)) = written {
                warn!("Commands on this host will not trust the new certificate: {error:#}");
            }
        }
    };
    tasks.spawn(run_until_stopped(rewriting, stopping.clone()));
}

fn address_limit(config: &Config) -> AddressLimit {
    let config = config.clone();
    AddressLimit::new(config.max_connections_per_address, move |address| {
        config.is_trusted_proxy(address)
    })
}
