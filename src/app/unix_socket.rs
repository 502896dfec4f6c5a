//! The Unix socket by which this host administers the service: who may connect is a matter of the file's mode
//! and group, and the kernel says who has connected.

use std::convert::Infallible;
use std::error::Error;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http::{Request, Response};
use http_body::Body;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::Service;
use tracing::warn;

use super::connection::serve_connection;
use super::connections::ConnectionLimit;
use super::exchange::ConnectionOptions;
use super::permit_stream::PermitStream;
use super::request_body::RequestBody;
use super::server::AcceptFailures;
use super::shutdown::stop_requested;
use crate::api::Peer;
use crate::config::Config;
use crate::util::{host_user_name, run_blocking};

/// The file's name inside `$RUNTIME_DIRECTORY`, or inside the data directory without one.
const SOCKET_FILE: &str = "unoc.sock";
/// For the service and its group.
const SOCKET_MODE: u32 = 0o660;
/// The directory beside the socket in which it is made, and its name there: both are short, as a path has 107 bytes at
/// most.
const FRESH_DIRECTORY: &str = "unoc.new";
const FRESH_FILE: &str = "s";
const FRESH_DIRECTORY_MODE: u32 = 0o700;
/// Connections at once, beside those over TCP: an administrator gets in when all of those are taken.
const UNIX_CONNECTIONS_MAX: usize = 32;

/// The socket. Its file is removed when this is dropped.
struct UnixSocket {
    listener: UnixListener,
    file: SocketFile,
}

struct SocketFile(PathBuf);

/// The server of the socket, and where clients connect.
pub(super) struct UnixServer {
    pub(super) path: PathBuf,
    /// Ends after `stopping` has become true.
    pub(super) task: JoinHandle<()>,
}

/// Serves on the socket. The service also runs without it: `None` if it cannot be made, which is logged.
pub(super) fn start<S, B>(
    config: &Config,
    service: S,
    drain_wait: Duration,
    stopping: &watch::Receiver<bool>,
) -> Option<UnixServer>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    match UnixSocket::bind(config) {
        Ok(socket) => {
            let path = socket.file.0.clone();
            let served = socket.serve(service, drain_wait, stopping.clone());
            Some(UnixServer { path, task: Handle::current().spawn(served) })
        }
        Err(error) => {
            warn!("Commands on this host need a user: {error:#}");
            None
        }
    }
}

impl UnixSocket {
    /// Listens on the socket of this configuration. A file that an earlier run left is replaced: the store's
    /// lock shows that nobody listens there.
    ///
    /// # Errors
    /// The socket cannot be made there; its path may be too long (107 bytes, unix(7)).
    fn bind(config: &Config) -> Result<Self> {
        let directory = config.runtime_dir.as_ref().unwrap_or(&config.data_dir);
        let path = directory.join(SOCKET_FILE);
        let what = || format!("cannot listen on {}", path.display());
        let fresh_directory = directory.join(FRESH_DIRECTORY);
        let (listener, fresh) = bind_in_private(&fresh_directory).with_context(what)?;
        // Renamed into its place once its mode is right, so that nobody meets another one.
        fs::set_permissions(&fresh, Permissions::from_mode(SOCKET_MODE))
            .and_then(|()| remove_socket(&path))
            .and_then(|()| fs::rename(&fresh, &path))
            .and_then(|()| fs::remove_dir(&fresh_directory))
            .with_context(what)?;
        Ok(Self { listener, file: SocketFile(path) })
    }

    /// Serves until `stopping` becomes true, then gives open requests `drain_wait` to finish.
    async fn serve<S, B>(
        self,
        service: S,
        drain_wait: Duration,
        mut stopping: watch::Receiver<bool>,
    ) where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        let Self { listener, file } = self;
        let limit = ConnectionLimit::new(UNIX_CONNECTIONS_MAX);
        let mut connections = JoinSet::new();
        let mut failures = AcceptFailures::default();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &limit) => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, permit)) => {
                    let permit = limit.count(permit);
                    let stopped = stop_requested(stopping.clone());
                    let service = service.clone();
                    connections.spawn(async move {
                        // A client that has gone already has no credentials.
                        let Ok(peer) = peer_of(&stream).await else { return };
                        let (stream, options) =
                            (PermitStream::new(stream, permit), ConnectionOptions::plain(peer));
                        serve_connection(stream, options, service, stopped).await;
                    });
                }
                Err(error) => failures.log(&error).await,
            }
            while connections.try_join_next().is_some() {}
        }
        drop((listener, file));
        let drained = tokio::time::timeout(drain_wait, async {
            while connections.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            warn!(open = connections.len(), "Some connections of this host did not finish in time");
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A leftover is replaced by the next start.
        remove_socket(&self.0).ok();
    }
}

/// Binds a socket in a new directory that only this user can enter: between the bind and the right mode of the socket,
/// the umask decides who may connect. Returns the socket's path.
fn bind_in_private(directory: &Path) -> io::Result<(UnixListener, PathBuf)> {
    let path = directory.join(FRESH_FILE);
    // What an earlier run left that was killed.
    match remove_socket(&path).and_then(|()| fs::remove_dir(directory)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    DirBuilder::new().mode(FRESH_DIRECTORY_MODE).create(directory)?;
    Ok((UnixListener::bind(&path)?, path))
}

async fn accept(
    listener: &UnixListener,
    limit: &ConnectionLimit,
) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
    let permit = limit.permit().await?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// Removes a socket; any other file is left alone, and in the way.
fn remove_socket(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file there is no socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Who has connected, as the kernel knows it (`SO_PEERCRED`, unix(7)).
async fn peer_of(stream: &UnixStream) -> io::Result<Peer> {
    let uid = stream.peer_cred()?.uid();
    let named = run_blocking(move || host_user_name(uid)).await.unwrap_or_default();
    let user = named.unwrap_or_else(|| format!("uid {uid}"));
    Ok(Peer::Process { uid, user: Arc::from(user) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_else_meets_it_before_its_mode_is_right() {
        let directory = tempfile::tempdir().unwrap();
        let fresh = directory.path().join(FRESH_DIRECTORY);
        // Twice: as after a run that was killed in between.
        for _ in 0..2 {
            let (_, path) = bind_in_private(&fresh).unwrap();
            assert_eq!(path.parent(), Some(&*fresh));
            assert_eq!(fs::metadata(&fresh).unwrap().permissions().mode() & 0o777, 0o700);
        }
        let config = Config::for_data_dir(directory.path());
        let socket = UnixSocket::bind(&config).unwrap();
        assert_eq!(fs::metadata(&socket.file.0).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        assert!(!fresh.exists());
    }

    #[tokio::test]
    async fn a_leftover_is_replaced_and_another_file_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::for_data_dir(directory.path());
        let path = directory.path().join(SOCKET_FILE);
        let kept = UnixSocket::bind(&config).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        let later = UnixSocket::bind(&config).unwrap();
        assert_eq!(later.file.0, path);
        UnixStream::connect(&path).await.unwrap();
        drop((kept, later));
        assert!(!path.exists());
        fs::write(&path, "mine").unwrap();
        assert!(UnixSocket::bind(&config).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
