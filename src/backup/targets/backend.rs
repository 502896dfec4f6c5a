//! From an address and its secrets to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::address::{Scheme, TargetAddress, is_endpoint};
use super::connector::{self, Connector};
use super::credentials::Credentials;
use super::deadlines::STEP;
use super::error::TargetError;
use super::redact::Redactor;
use crate::util::BlockingPool;
use crate::util::trust::{self, Trust};

/// A host that is there answers a connection at once, also across an ocean.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Tries of one request within the store, for a dropped connection or a server that restarts. The
/// long waits are outside: [`super::next_attempt`].
const RETRIES: usize = 2;
const RETRY_WAIT_FIRST: Duration = Duration::from_millis(200);
const RETRY_WAIT_LONGEST: Duration = Duration::from_secs(2);
/// After this no further try begins; far below the validity of a signature (15 minutes for S3).
const RETRY_WITHIN: Duration = Duration::from_secs(60);

/// Threads that wait for a directory: two parts of a copy are written at a time, and meanwhile others
/// list or fetch.
const DIRECTORY_THREADS: usize = 4;

/// What the client says on a system without root certificates, and what to do about it.
const NO_ROOTS: &str = "No CA certificates";
const NO_ROOTS_ADVICE: &str = "this system has no root certificates: install ca-certificates or \
                               name a file with ca_file=";

/// Where the objects are.
#[derive(Clone)]
pub(super) enum Backend {
    Remote(Arc<dyn ObjectStore>),
    /// A directory, such as a network mount; it may come and go, or hang.
    Directory {
        path: PathBuf,
        /// All calls on it are made there: those that hang leave no more threads behind.
        pool: BlockingPool,
    },
}

impl Backend {
    /// Builds the store's client; nothing is connected yet.
    ///
    /// # Errors
    /// [`TargetError::Credentials`], [`TargetError::Certificates`], [`TargetError::Settings`].
    pub(super) fn build(
        address: &TargetAddress,
        credentials: &Credentials,
        redact: &Redactor,
    ) -> Result<Self, TargetError> {
        // The client finds its cryptography by this process-wide choice; another one is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = format!("{}://{}/", scheme_of(address.scheme), address.bucket);
        let connector = Connector::new(trusted(address, credentials)?);
        let options = client_options(address, credentials);
        let fault = |error: object_store::Error| {
            let what = redact.explain(&error);
            let what = if what.contains(NO_ROOTS) { NO_ROOTS_ADVICE.to_owned() } else { what };
            TargetError::Settings { target: address.name.clone(), what }
        };
        let store: Arc<dyn ObjectStore> = match address.scheme {
            Scheme::Directory => {
                let pool = BlockingPool::new(DIRECTORY_THREADS).map_err(|error| {
                    TargetError::Settings { target: address.name.clone(), what: error.to_string() }
                })?;
                return Ok(Self::Directory { path: address.directory.clone(), pool });
            }
            Scheme::S3 => {
                let builder = AmazonS3Builder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                // One object is deleted at a time, which more servers understand than a list.
                let builder = builder.with_config(AmazonS3ConfigKey::DisableBulkDelete, "true");
                Arc::new(configured(builder, address, credentials)?.build().map_err(fault)?)
            }
            Scheme::Google => {
                let builder = GoogleCloudStorageBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                Arc::new(configured(builder, address, credentials)?.build().map_err(fault)?)
            }
            Scheme::Azure => {
                let builder = MicrosoftAzureBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                Arc::new(configured(builder, address, credentials)?.build().map_err(fault)?)
            }
        };
        Ok(Self::Remote(store))
    }
}

/// Opens a directory that is there as a store that syncs what it writes.
///
/// # Errors
/// It is no directory, or cannot be resolved.
pub(super) fn open_directory(path: &Path) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)))
}

fn scheme_of(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::S3 => "s3",
        Scheme::Google => "gs",
        Scheme::Azure => "az",
        Scheme::Directory => "file",
    }
}

/// A large file has no total limit: each request has one for its answer to begin, each read one for
/// its bytes.
fn client_options(address: &TargetAddress, credentials: &Credentials) -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(STEP)
        .with_no_system_certificates(is_plain(address, credentials))
}

/// Whom the client trusts where a file says so.
fn trusted(
    address: &TargetAddress,
    credentials: &Credentials,
) -> Result<Option<rustls::ClientConfig>, TargetError> {
    let Some(path) = &address.ca_file else { return Ok(None) };
    let fault = |what: String| TargetError::Certificates { path: path.to_owned(), what };
    let roots = trust::read_certificates(path).map_err(fault)?;
    let ignored = |name: &str| {
        // Each kind of store takes the client's settings with its own name before them, too.
        let starts = ["aws_", "azure_", "google_"];
        let name = starts.iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name);
        name.parse::<ClientConfigKey>().is_ok_and(|key| !connector::honours_with_own_tls(key))
    };
    if let Some((.., line)) = credentials.settings.iter().find(|(name, ..)| ignored(name)) {
        return Err(TargetError::Credentials {
            path: credentials.path.clone().unwrap_or_default(),
            what: format!("line {line} sets what has no effect beside ca_file="),
        });
    }
    let builder = rustls::ClientConfig::builder_with_provider(trust::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?;
    let verifier = trust::verifier(Trust::Signed { roots, by_name: true });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    Ok(Some(builder.with_no_client_auth()))
}

/// Whether no call will need TLS: a server without it, and keys that are at hand. Then the system
/// need not have root certificates.
fn is_plain(address: &TargetAddress, credentials: &Credentials) -> bool {
    let mut settings = address.settings.iter();
    let is_http = settings.any(|(name, value)| is_endpoint(name) && value.starts_with("http://"));
    let has_keys = credentials.settings.iter().any(|(name, ..)| name.ends_with("access_key_id"));
    is_http && has_keys && address.scheme == Scheme::S3
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: RETRY_WAIT_FIRST,
            max_backoff: RETRY_WAIT_LONGEST,
            ..BackoffConfig::default()
        },
        max_retries: RETRIES,
        retry_timeout: RETRY_WITHIN,
    }
}

/// A builder that takes settings by name.
trait Configure: Sized {
    /// Sets what `name` stands for; none when the store has no such setting.
    fn set(self, name: &str, value: &str) -> Option<Self>;
    /// The endpoint that has been set.
    fn endpoint(&self) -> Option<String>;
    fn allow_http(self) -> Self;
}

macro_rules! configure {
    ($builder:ty, $key:ident, $($endpoint:ident),+) => {
        impl Configure for $builder {
            fn set(self, name: &str, value: &str) -> Option<Self> {
                Some(self.with_config(name.parse::<$key>().ok()?, value))
            }
            fn endpoint(&self) -> Option<String> {
                let keys = [$($key::$endpoint),+];
                keys.iter().find_map(|key| self.get_config_value(key))
            }
            fn allow_http(self) -> Self {
                self.with_config($key::Client(ClientConfigKey::AllowHttp), "true")
            }
        }
    };
}

configure!(AmazonS3Builder, AmazonS3ConfigKey, S3Endpoint, Endpoint);
configure!(GoogleCloudStorageBuilder, GoogleConfigKey, BaseUrl);
configure!(MicrosoftAzureBuilder, AzureConfigKey, Endpoint);

/// Applies the file of the secrets, then the address, which wins.
fn configured<B: Configure>(
    mut builder: B,
    address: &TargetAddress,
    credentials: &Credentials,
) -> Result<B, TargetError> {
    for (name, value, line) in &credentials.settings {
        builder = builder.set(name, value).ok_or_else(|| TargetError::Credentials {
            path: credentials.path.clone().unwrap_or_default(),
            what: format!("line {line} sets what this kind of target does not support"),
        })?;
    }
    let says_http = address.settings.iter().any(|(name, _)| *name == "allow_http");
    for (name, value) in &address.settings {
        builder = builder.set(name, value).ok_or_else(|| TargetError::Settings {
            target: address.name.clone(),
            what: format!("{name} is not a setting of this kind of target"),
        })?;
    }
    // An endpoint that says http means it.
    let is_http = builder.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://"));
    Ok(if is_http && !says_http { builder.allow_http() } else { builder })
}
