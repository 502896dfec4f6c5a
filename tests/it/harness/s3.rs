//! An S3-compatible server in the test process: s3s over a directory, with signatures checked.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use s3s::access::S3Access;
use s3s::auth::SimpleAuth;
use s3s::dto::DeleteObjectInput;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3ErrorCode, S3Request, S3Result};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::Identity;

const ACCESS_KEY: &str = "AKIAUNOCTEST4711";
/// Must not come out anywhere.
pub(crate) const SECRET_KEY: &str = "marker/s3cr3t+0815/never/printed";
const BUCKET: &str = "unoc-backups";

/// A server with one bucket; it ends with all its connections when this is dropped.
pub(crate) struct S3 {
    /// Such as `http://127.0.0.1:41234`.
    pub(crate) endpoint: String,
    pub(crate) access_key: &'static str,
    pub(crate) secret_key: &'static str,
    pub(crate) bucket: &'static str,
    /// Its buckets are directories in here, its objects files.
    pub(crate) directory: PathBuf,
    port: u16,
    tls: Option<TlsAcceptor>,
    /// Whether objects may not be deleted, as with an object lock.
    is_locked: Arc<AtomicBool>,
    running: Option<Running>,
    /// Removed last.
    _directory: TempDir,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

struct ObjectLock(Arc<AtomicBool>);

impl S3Access for ObjectLock {
    // As `#[async_trait]` writes it out.
    fn delete_object<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _request: &'life1 mut S3Request<DeleteObjectInput>,
    ) -> Pin<Box<dyn Future<Output = S3Result<()>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let is_locked = self.0.load(Ordering::SeqCst);
        Box::pin(
            async move { if is_locked { Err(S3ErrorCode::AccessDenied.into()) } else { Ok(()) } },
        )
    }
}

impl S3 {
    pub(crate) fn start() -> Self {
        Self::begin(None)
    }

    /// Speaks TLS as 127.0.0.1 with this certificate.
    pub(crate) fn start_tls(identity: &Identity) -> Self {
        Self::begin(Some(acceptor(identity)))
    }

    fn begin(tls: Option<TlsAcceptor>) -> Self {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let directory = temporary.path().to_owned();
        fs::create_dir(directory.join(BUCKET)).expect("a new directory");
        let mut server = Self {
            endpoint: String::new(),
            access_key: ACCESS_KEY,
            secret_key: SECRET_KEY,
            bucket: BUCKET,
            directory,
            port: 0,
            tls,
            is_locked: Arc::default(),
            running: None,
            _directory: temporary,
        };
        server.restart();
        server
    }

    /// Ends it at once, in the middle of whatever it does; its port is closed afterwards.
    pub(crate) fn kill(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            stop.send(()).ok();
            thread.join().expect("the server does not panic");
        }
    }

    /// Starts it again, on the same port and directory.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let files = FileSystem::new(&self.directory).expect("the directory is there");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        builder.set_access(ObjectLock(Arc::clone(&self.is_locked)));
        let (service, tls, port) = (builder.build(), self.tls.clone(), self.port);
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
                let port = listener.local_addr().expect("it is bound").port();
                started.send(port).expect("the starter waits");
                tokio::select! {
                    () = serve(&listener, &service, tls.as_ref()) => {}
                    _ = stopped => {}
                }
            });
        });
        self.port = starting.recv().expect("the server starts");
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.endpoint = format!("{scheme}://127.0.0.1:{}", self.port);
        self.running = Some(Running { stop, thread });
    }

    /// The address of a target named `minio` in the bucket, in path style.
    pub(crate) fn target_url(&self, credentials_file: &Path) -> String {
        format!(
            "s3://{}/sites?endpoint={}&region=eu-central-1&path_style=true&name=minio\
             &credentials_file={}",
            self.bucket,
            self.endpoint,
            credentials_file.display()
        )
    }

    /// Writes a file with the keys that only its owner may read, and returns its path.
    pub(crate) fn credentials_file(&self, directory: &Path) -> PathBuf {
        credentials(directory, self.access_key, self.secret_key)
    }

    /// Whether it answers 403 to whoever deletes an object.
    pub(crate) fn lock_objects(&self, is_locked: bool) {
        self.is_locked.store(is_locked, Ordering::SeqCst);
    }

    /// Every object of the bucket by its key.
    pub(crate) fn objects(&self) -> Vec<String> {
        let bucket = self.directory.join(self.bucket);
        let (mut found, mut directories) = (Vec::new(), vec![bucket.clone()]);
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("it is a directory") {
                let path = entry.expect("it is readable").path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let key = path.strip_prefix(&bucket).expect("it is inside");
                    found.push(key.to_str().expect("our names are UTF-8").to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// The file of an object.
    pub(crate) fn object_file(&self, key: &str) -> PathBuf {
        self.directory.join(self.bucket).join(key)
    }

    /// Parts of uploads that were neither completed nor aborted.
    pub(crate) fn parts(&self) -> usize {
        let entries = fs::read_dir(&self.directory).expect("it is a directory");
        let names = entries.map(|entry| entry.expect("it is readable").file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload_id-")).count()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a file of keys, mode 0600, and returns its path.
pub(crate) fn credentials(directory: &Path, access_key: &str, secret_key: &str) -> PathBuf {
    let path = directory.join("s3.env");
    let text = format!(
        "# of a test\nAWS_ACCESS_KEY_ID={access_key}\nAWS_SECRET_ACCESS_KEY={secret_key}\n"
    );
    fs::write(&path, text).expect("a writable directory");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    path
}

/// Serves until it is dropped, its connections with it.
async fn serve(listener: &TcpListener, service: &S3Service, tls: Option<&TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.expect("it listens");
        connections.spawn(connection(socket, service.clone(), tls.cloned()));
    }
}

async fn connection(socket: TcpStream, service: S3Service, tls: Option<TlsAcceptor>) {
    let http = hyper::server::conn::http1::Builder::new();
    // A client that hangs up in the middle is a test's business, not the server's.
    match tls {
        None => http.serve_connection(TokioIo::new(socket), service).await.ok(),
        Some(tls) => match tls.accept(socket).await {
            Ok(socket) => http.serve_connection(TokioIo::new(socket), service).await.ok(),
            Err(_) => None,
        },
    };
}

fn acceptor(identity: &Identity) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they belong together");
    TlsAcceptor::from(Arc::new(config))
}
