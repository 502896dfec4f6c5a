//! The store of a target, built from its address and secrets.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::address::{Provider, TargetAddress, TargetLocation, is_endpoint};
use super::connector::{self, Connector};
use super::credentials::{CredentialSetting, CredentialsFile};
use super::deadlines::{CONNECT, STEP};
use super::error::TargetError;
use super::redact::Redactor;
use crate::util::BlockingPool;
use crate::util::trust::{self, Trust};

/// Tries of one request within the store, for a dropped connection or a server that restarts. The
/// long waits are outside: [`super::next_attempt`].
const RETRIES: usize = 2;
const RETRY_WAIT_FIRST: Duration = Duration::from_millis(200);
const RETRY_WAIT_LONGEST: Duration = Duration::from_secs(2);
/// After this no further try begins; far below the validity of a signature (15 minutes for S3).
const RETRY_WITHIN: Duration = Duration::from_secs(60);

/// Threads that wait for a directory: two parts of a copy are written at a time, and meanwhile
/// others list or fetch.
const DIRECTORY_THREADS: usize = 4;

/// The client's error on a system without root certificates, and ours in its place.
const NO_ROOTS: &str = "No CA certificates";
const NO_ROOTS_ADVICE: &str = "this system has no root certificates: install ca-certificates or \
                               name a file with ca_file=";

/// The store of a target.
#[derive(Clone)]
pub(super) enum Backend {
    Remote(Arc<dyn ObjectStore>),
    /// A directory, such as a network mount, which may come and go, or hang.
    Directory {
        path: PathBuf,
        /// Runs all calls on it, so that calls that hang block no more threads than these.
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
        credentials: Option<&CredentialsFile>,
        redactor: &Redactor,
    ) -> Result<Self, TargetError> {
        let settings_error =
            |what: String| TargetError::Settings { target: address.name.clone(), what };
        match &address.location {
            TargetLocation::Bucket { provider, bucket, .. } => {
                let settings = settings(credentials);
                let is_plain = *provider == Provider::S3 && is_plain(address, settings);
                let connector = Connector::new(trusted(address, credentials)?);
                let url = format!("{}://{bucket}/", provider.scheme());
                let client = Client { url, options: client_options(is_plain), connector };
                let store = client.store(*provider, address, credentials)?;
                Ok(Self::Remote(store.map_err(|error| {
                    let what = redactor.explain(&error);
                    let has_no_roots = what.contains(NO_ROOTS);
                    settings_error(if has_no_roots { NO_ROOTS_ADVICE.to_owned() } else { what })
                })?))
            }
            TargetLocation::Directory(path) => {
                let pool = BlockingPool::new(DIRECTORY_THREADS);
                let pool = pool.map_err(|error| settings_error(error.to_string()))?;
                Ok(Self::Directory { path: path.clone(), pool })
            }
        }
    }
}

/// How a bucket is reached.
struct Client {
    url: String,
    options: ClientOptions,
    connector: Connector,
}

impl Client {
    /// Builds the store. The outer error is of the settings, the inner one the store's own.
    fn store(
        self,
        provider: Provider,
        address: &TargetAddress,
        credentials: Option<&CredentialsFile>,
    ) -> Result<object_store::Result<Arc<dyn ObjectStore>>, TargetError> {
        // The client finds its cryptography by this process-wide choice; another one is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let Self { url, options, connector } = self;
        Ok(match provider {
            Provider::S3 => {
                let builder = AmazonS3Builder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                // One object is deleted at a time, which more servers understand than a list.
                let builder = builder.with_config(AmazonS3ConfigKey::DisableBulkDelete, "true");
                let built = configured(builder, address, credentials)?.build();
                built.map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
            }
            Provider::Google => {
                let builder = GoogleCloudStorageBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                let built = configured(builder, address, credentials)?.build();
                built.map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
            }
            Provider::Azure => {
                let builder = MicrosoftAzureBuilder::new().with_url(url).with_retry(retry());
                let builder = builder.with_client_options(options).with_http_connector(connector);
                let built = configured(builder, address, credentials)?.build();
                built.map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
            }
        })
    }
}

/// Opens a directory that is there as a store that syncs what it writes.
///
/// # Errors
/// It is no directory, or cannot be resolved.
pub(super) fn open_directory(path: &Path) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)))
}

fn settings(credentials: Option<&CredentialsFile>) -> &[CredentialSetting] {
    credentials.map_or(&[], |file| &file.settings)
}

/// A large file has no total limit: each request has one for its answer to begin, each read one for
/// its bytes.
fn client_options(is_plain: bool) -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(STEP)
        .with_no_system_certificates(is_plain)
}

/// Whom the client trusts where a file says so.
fn trusted(
    address: &TargetAddress,
    credentials: Option<&CredentialsFile>,
) -> Result<Option<rustls::ClientConfig>, TargetError> {
    let Some(path) = &address.ca_file else { return Ok(None) };
    let invalid = |what: String| TargetError::Certificates { path: path.to_owned(), what };
    let roots = trust::read_certificates(path).map_err(invalid)?;
    let is_ignored = |setting: &&CredentialSetting| {
        // Each kind of store takes the client's settings with its own name before them, too.
        let starts = ["aws_", "azure_", "google_"];
        let stripped = starts.iter().find_map(|start| setting.name.strip_prefix(start));
        let name = stripped.unwrap_or(&setting.name);
        name.parse::<ClientConfigKey>().is_ok_and(|key| !connector::honours_with_own_tls(key))
    };
    if let Some(file) = credentials
        && let Some(CredentialSetting { line, .. }) = file.settings.iter().find(is_ignored)
    {
        return Err(file.error(format!("line {line} sets what has no effect beside ca_file=")));
    }
    let builder = rustls::ClientConfig::builder_with_provider(trust::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(error.to_string()))?;
    let verifier = trust::verifier(Trust::Signed { roots, by_name: true });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    Ok(Some(builder.with_no_client_auth()))
}

/// Whether no call to a bucket of S3 will need TLS: a server without it, and keys that are at hand.
/// Then the system need not have root certificates.
fn is_plain(address: &TargetAddress, credentials: &[CredentialSetting]) -> bool {
    let mut settings = address.settings.iter();
    let is_http = settings.any(|(name, value)| is_endpoint(name) && value.starts_with("http://"));
    is_http && credentials.iter().any(|setting| setting.name.ends_with("access_key_id"))
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
    /// Sets the setting `name`; returns `None` if the store has no such setting.
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
    credentials: Option<&CredentialsFile>,
) -> Result<B, TargetError> {
    if let Some(file) = credentials {
        for CredentialSetting { name, value, line } in &file.settings {
            builder = builder.set(name, value).ok_or_else(|| {
                file.error(format!("line {line} sets what this kind of target does not support"))
            })?;
        }
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
