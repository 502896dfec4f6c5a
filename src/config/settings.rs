//! The typed configuration.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use uuid::Uuid;

use super::contacts::{ContactSettings, EscalationSettings};
use super::database_url;
use super::log::{LogFormat, LogLevel};
use super::notices;
use super::oidc::OidcSettings;
use super::rules::{self, ValueError};
use super::secret::Secret;
use super::tls::AcmeChallengeType;

/// The source of a default value.
pub(super) const DEFAULT_SOURCE: &str = "default";

/// Directory of the backups inside the data directory.
const BACKUP_DIR: &str = "backups";

/// The settings; every field is valid by the rule of its row in [`super::keys()`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Address the server listens on.
    pub host: IpAddr,
    /// TCP port the server listens on; 0 = any free one.
    pub port: u16,
    /// Directory that holds the store, an absolute path; it need not exist yet.
    pub data_dir: PathBuf,
    /// Address of a PostgreSQL database, with a scheme that v2 accepts.
    pub database_url: Option<Secret>,
    /// Path under which a reverse proxy serves UNOC: empty, or `/a/b` without a slash at its end.
    pub base_path: String,
    /// Names under which the server answers besides addresses and its own: `noc.example.org`,
    /// `*.example.org` or `*`, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages that may use the server, such as `https://tools.example.org:8443`.
    pub allowed_origins: Vec<String>,
    /// Networks of the reverse proxies that are believed who and how a client has connected.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether everybody may do everything as long as there is no user.
    pub insecure_no_auth: bool,
    /// How long a login lasts without a request and without an open page.
    pub session_idle_hours: u32,
    /// How long a login lasts at most.
    pub session_max_days: u32,
    /// Lowest severity that is logged.
    pub log_level: LogLevel,
    /// Format of a log line.
    pub log_format: LogFormat,
    /// Whether the demo network is seeded into an empty store, and v2's Vite page is allowed.
    pub dev_features: bool,
    /// Token that a shutdown request must carry; without one every request is refused.
    pub shutdown_token: Option<Secret>,
    /// Whether v2's switch for its Go traffic engine is set; it only causes a log line.
    pub use_go_traffic: bool,
    /// Memory for the pages of the store.
    pub cache_bytes: usize,
    /// Free space on the volume of `data_dir` below which the store is read-only.
    pub min_free_bytes: u64,
    /// Client connections served at a time.
    pub max_connections: usize,
    /// And from one address, unless it is this host or a trusted proxy.
    pub max_connections_per_address: usize,
    /// The certificate that the server shows, with its chain, and its private key (PEM).
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Names for which a certificate is ordered, in lower case.
    pub acme_domains: Vec<String>,
    /// The address of the certificate authority's directory.
    pub acme_directory: String,
    /// The e-mail address that the authority may write to.
    pub acme_contact: Option<String>,
    /// How the authority sees that this host answers for a name.
    pub acme_challenge: AcmeChallengeType,
    /// Root certificates (PEM) that the authority's own server is trusted by, instead of the system's.
    pub acme_ca_file: Option<PathBuf>,
    /// TCP port that redirects plain HTTP to HTTPS; 0 = any free one.
    pub http_redirect_port: Option<u16>,
    /// How long browsers that came by HTTPS use nothing else.
    pub hsts_days: u32,
    /// Name of the installation, 1 to 64 characters.
    pub site_name: String,
    /// Identity of the site; a new store generates one if it is not set.
    pub site_id: Option<Uuid>,
    /// Directory of the backups; if not set, `backups` in `data_dir`: see [`Config::backup_dir`].
    pub backup_dir: Option<PathBuf>,
    /// Public age X25519 keys that backups are encrypted to; if empty, backups are not encrypted.
    pub backup_recipients: Vec<String>,
    /// File with the secret age keys that decrypt backups of other hosts.
    pub backup_identity_file: Option<PathBuf>,
    /// Addresses that each backup is copied to, without a secret.
    pub backup_targets: Vec<String>,
    /// The newest backups that are kept, at least one.
    pub backup_keep_last: usize,
    /// Days, weeks and months of which the newest backup is kept.
    pub backup_keep_daily: usize,
    pub backup_keep_weekly: usize,
    pub backup_keep_monthly: usize,
    /// Age of the newest verified backup, in hours, at which health becomes degraded.
    pub backup_stale_hours: u32,
    /// Public minisign key, in base64, that a new version must be signed with.
    pub upgrade_public_key: Option<String>,
    /// The address under which people open the page, without a slash at its end.
    pub public_url: Option<String>,
    /// Who is told of incidents.
    pub contacts: Vec<ContactSettings>,
    /// In which order; if empty, all at once.
    pub escalation: Vec<EscalationSettings>,
    /// Address of the mail server, with user and password.
    pub smtp_url: Option<Secret>,
    /// Root certificates (PEM) that the mail server is trusted by, instead of the system's.
    pub smtp_ca_file: Option<PathBuf>,
    /// The sender of e-mails; if not set, `unoc` at the name of this host.
    pub mail_from: Option<String>,
    /// Address that is called as long as the service works.
    pub heartbeat_url: Option<Secret>,
    /// How often it is called.
    pub heartbeat_interval_s: u32,
    /// The provider that people may sign in with.
    pub oidc: OidcSettings,
    /// Directory of the service's systemd credentials (systemd.exec(5)).
    pub credentials_dir: Option<PathBuf>,
    /// Directory for what the service needs only while it runs (`RuntimeDirectory=`, systemd.exec(5)).
    pub runtime_dir: Option<PathBuf>,
    /// File with passwords for PostgreSQL (PostgreSQL documentation, "The Password File"): the file
    /// that `$PGPASSFILE` names, else `.pgpass` in the home directory. It need not exist.
    pub passfile: Option<PathBuf>,
    /// Files that hold secrets, by the name of the secret's key.
    pub(super) secret_files: BTreeMap<&'static str, PathBuf>,
    /// Where each key's value came from, in the form of [`super::ShownKey::source`].
    pub(super) sources: BTreeMap<&'static str, String>,
    /// The configuration file that was read.
    pub(super) file: Option<PathBuf>,
}

impl Config {
    /// Returns the address of the database with its secrets masked; empty without one.
    pub fn shown_database_url(&self) -> String {
        let url = self.database_url.as_ref();
        url.map(|url| database_url::masked(url.expose())).unwrap_or_default()
    }

    /// Returns the address of the mail server without its user and password; empty without one.
    pub fn shown_smtp_url(&self) -> String {
        notices::shown_smtp_url(self.smtp_url.as_ref())
    }

    /// Returns the directory of the backups, an absolute path; it need not exist yet.
    pub fn backup_dir(&self) -> PathBuf {
        self.backup_dir.clone().unwrap_or_else(|| self.data_dir.join(BACKUP_DIR))
    }

    /// Returns whether the address is that of a reverse proxy which is believed who has connected to it.
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// Returns the configuration file that was read, if there was one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns a configuration that no layer has been applied to. Its values are
    /// placeholders, which the defaults overwrite.
    pub(super) fn unset() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            data_dir: PathBuf::new(),
            database_url: None,
            base_path: String::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            insecure_no_auth: false,
            session_idle_hours: 0,
            session_max_days: 0,
            log_level: LogLevel::Info,
            log_format: LogFormat::Auto,
            dev_features: false,
            shutdown_token: None,
            use_go_traffic: false,
            cache_bytes: 0,
            min_free_bytes: 0,
            max_connections: 0,
            max_connections_per_address: 0,
            tls_cert: None,
            tls_key: None,
            acme_domains: Vec::new(),
            acme_directory: String::new(),
            acme_contact: None,
            acme_challenge: AcmeChallengeType::TlsAlpn01,
            acme_ca_file: None,
            http_redirect_port: None,
            hsts_days: 0,
            site_name: String::new(),
            site_id: None,
            backup_dir: None,
            backup_recipients: Vec::new(),
            backup_identity_file: None,
            backup_targets: Vec::new(),
            backup_keep_last: 0,
            backup_keep_daily: 0,
            backup_keep_weekly: 0,
            backup_keep_monthly: 0,
            backup_stale_hours: 0,
            upgrade_public_key: None,
            public_url: None,
            contacts: Vec::new(),
            escalation: Vec::new(),
            smtp_url: None,
            smtp_ca_file: None,
            mail_from: None,
            heartbeat_url: None,
            heartbeat_interval_s: 0,
            oidc: OidcSettings::default(),
            credentials_dir: None,
            runtime_dir: None,
            passfile: None,
            secret_files: BTreeMap::new(),
            sources: BTreeMap::new(),
            file: None,
        }
    }

    /// Returns where the value of the key `name` came from.
    pub(super) fn source(&self, name: &str) -> &str {
        self.sources.get(name).map_or(DEFAULT_SOURCE, String::as_str)
    }

    pub(super) fn set_secret_file(
        &mut self,
        secret: &'static str,
        text: &str,
    ) -> Result<(), ValueError> {
        if text.is_empty() {
            self.secret_files.remove(secret);
        } else {
            self.secret_files.insert(secret, rules::absolute_path(text)?);
        }
        Ok(())
    }

    pub(super) fn shown_secret_file(&self, secret: &str) -> String {
        self.secret_files.get(secret).map(|path| path.display().to_string()).unwrap_or_default()
    }
}
