//! The grammar of the command line. The table of keys in `config` adds the flags of the settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgGroup, Args, Command, CommandFactory, FromArgMatches, Parser};
use clap_complete::Shell;

use super::account_args::{SessionsAction, TokenAction, UserAction};
use super::arg_values::{
    encoding, log_level, report_kind, separator, setting, table_kind, time_span,
};
use super::audit_args::AuditAction;
use super::backup_args::{BackupAction, RestoreArgs};
use super::log_start::LogStart;
use super::service::{self, InstalledService};
use super::tls_args::TlsAction;
use super::upgrade_args::{RollbackArgs, UpgradeArgs};
use crate::config::{self, Config, ConfigErrors, DEFAULT_FILE, Key, Sources};
use crate::store::ReportKind;
use crate::wire::{Encoding, Separator, TableKind};

/// A parsed command line.
pub(super) struct Cli {
    pub(super) subcommand: Subcommand,
    /// Print JSON instead of text.
    pub(super) json: bool,
    config_file: Option<PathBuf>,
    /// The settings given as flags, by key.
    flags: BTreeMap<&'static str, String>,
}

#[derive(Parser)]
#[command(
    name = "unoc",
    version,
    about = "A fibre network operations centre in one program",
    after_help = "Without a subcommand, unoc runs the appliance. Every command takes the settings as \
                  flags. To list them: unoc serve --help. To print their values: unoc config show."
)]
struct ParsedArgs {
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
    /// Print JSON for scripts
    #[arg(long, global = true)]
    json: bool,
    /// Read this configuration file instead of /etc/unoc/unoc.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Run the appliance (the default)
    Serve,
    /// Have the service read its configuration again; systemctl reload unoc runs this
    #[command(hide = true)]
    Reload,
    /// Leave a report of how the service ended; the units of systemd run this
    #[command(hide = true)]
    ReportFailure,
    /// Load the demo network, or a generated one of any size
    Seed(SeedArgs),
    /// Write the whole site as JSON Lines, or one of its tables as CSV
    Export(ExportArgs),
    /// Import devices, links or cross-connects from CSV; or, while the service is stopped, load a
    /// site that `unoc export` wrote, or move in from UNOC v2
    Import(ImportArgs),
    /// Show and control the mirror in PostgreSQL
    #[command(subcommand)]
    Sync(SyncAction),
    /// Show the scheduled jobs, run or change one
    Jobs {
        #[command(subcommand)]
        action: Option<JobsAction>,
    },
    /// Show what can be changed while the server runs: how fast events are sent, and which features are on
    Settings {
        #[command(subcommand)]
        action: Option<SettingsAction>,
    },
    /// Run every check now, on the running server or without one, and show what is wrong and what to do;
    /// exit with 1 if something is wrong
    Doctor,
    /// Ask the running server whether it is ready, as orchestrators of containers do; exit with 1 if not
    Healthcheck,
    /// Write one file with what helps to find a fault: logs, checks, incidents, configuration and host,
    /// without secrets; also when the server does not start
    SupportBundle {
        /// File to write; `-` is standard output. By default unoc-support-HOST-TIME.tar.gz
        file: Option<PathBuf>,
    },
    /// Make, list and change the users who may log in
    #[command(subcommand)]
    User(UserAction),
    /// Make, list and revoke the tokens of programs that use the API
    #[command(subcommand)]
    Token(TokenAction),
    /// Show who is logged in, or end sessions
    Sessions {
        #[command(subcommand)]
        action: Option<SessionsAction>,
    },
    /// Show the duties that keep the site running, and whether they are done; exit with 1 if one is not
    /// as it should be
    Runbook {
        #[command(subcommand)]
        action: Option<RunbookAction>,
    },
    /// Show, verify or export the audit trail
    #[command(subcommand)]
    Audit(AuditAction),
    /// Show what the jobs of the runbook found: all reports, or one
    Reports(ReportsArgs),
    /// Show the log of the running server: its last 100,000 lines
    Logs(LogsArgs),
    /// Send test notices to the contacts
    #[command(subcommand)]
    Notify(NotifyAction),
    /// Make, list, verify and read backups
    #[command(subcommand)]
    Backup(BackupAction),
    /// Restore the site from a backup, after showing what would change
    Restore(RestoreArgs),
    /// Replace the installed program by a newer one, watch it, and go back if it does not work
    Upgrade(UpgradeArgs),
    /// Go back to the version before the last upgrade
    Rollback(RollbackArgs),
    #[command(hide = true)]
    UpgradeStore { directory: PathBuf },
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigAction),
    /// Make a certificate for HTTPS
    #[command(subcommand)]
    Tls(TlsAction),
    /// Install UNOC as a service of this host, or a new version of it, and start it
    Install(InstallArgs),
    /// Stop the service and remove what install made, except for data and configuration
    Uninstall(UninstallArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions { shell: Shell },
    /// Print the manual page (unoc man | man -l -), or write those of all commands into a directory
    Man { directory: Option<PathBuf> },
    /// Print the version
    Version,
}

#[derive(Args)]
pub(super) struct SeedArgs {
    /// Generate an FTTH network with this many leaves instead of the demo network
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) size: Option<u32>,
    /// Replace the existing site
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// File to write; `-`, or none, is standard output
    pub(super) file: Option<PathBuf>,
    /// Write `devices`, `links` or `cross-connects` as CSV instead of the site
    #[arg(long, value_name = "KIND", value_parser = table_kind)]
    pub(super) csv: Option<TableKind>,
    /// Cell separator: comma, semicolon or tab
    #[arg(long, value_name = "NAME", requires = "csv", value_parser = separator)]
    pub(super) separator: Option<Separator>,
}

#[derive(Args)]
#[command(group(ArgGroup::new("source").required(true)))]
pub(super) struct ImportArgs {
    /// What to load: a site, or a CSV table of devices, links or cross-connects; `-` is standard input
    #[arg(group = "source")]
    pub(super) file: Option<PathBuf>,
    /// Read the database of UNOC v2. Without URL, use the setting database_url, which keeps the
    /// password off the command line
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", group = "source")]
    pub(super) from_postgres: Option<String>,
    /// Read a pg_dump of UNOC v2's database; `-` is standard input
    #[arg(long, value_name = "FILE", group = "source")]
    pub(super) from_dump: Option<PathBuf>,
    /// Schema that holds v2's tables, if several schemas have tables of these names
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(super) schema: Option<String>,
    /// Name of v2's database in a dump of several databases (pg_dumpall)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "from_postgres"])]
    pub(super) database: Option<String>,
    /// Replace the existing site
    #[arg(long)]
    pub(super) replace: bool,
    /// Show what would be imported, or every error, and change nothing; works while the service
    /// runs
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Keep links that are DOWN or DEGRADED in v2 in that status, by an override. By default their
    /// status is computed, because v2 creates every link as DOWN and never computes its status
    #[arg(long, conflicts_with = "file")]
    pub(super) keep_link_status: bool,
    /// Text encoding of a CSV table: utf-8 (the default) or windows-1252
    #[arg(long, value_name = "NAME", requires = "file", value_parser = encoding)]
    pub(super) encoding: Option<Encoding>,
    /// Import the new devices and links of a CSV table as planned: they alarm nobody until they are put
    /// into service
    #[arg(long, requires = "file")]
    pub(super) planned: bool,
    /// Move v2's tables into the schema unoc_v2 after they were imported, without importing them
    /// again. With --replace: import them first
    #[arg(long, conflicts_with_all = ["file", "from_dump"])]
    pub(super) archive_legacy: bool,
}

#[derive(Clone, Copy, clap::Subcommand)]
pub(super) enum SyncAction {
    /// Show the state of the mirror and what it waits for
    Status,
    /// Send all changes and wait until PostgreSQL has committed them
    Now,
    /// Compare every row on both sides and repair PostgreSQL
    Reconcile,
    /// Compare every row on both sides; exit with 3 if they differ
    Check,
    /// Resolve a conflict: this appliance writes the site from now on, and its state wins
    Takeover,
    /// Resolve a conflict: PostgreSQL's state wins, and the local store is kept in quarantine/
    Adopt,
}

#[derive(clap::Subcommand)]
pub(super) enum JobsAction {
    /// Run a job now, wait until it ends and show its log; exit with 1 if it failed
    Run { name: String },
    /// Enable the schedule of a job
    Enable { name: String },
    /// Disable the schedule of a job; it runs only on request
    Disable { name: String },
    /// Set when a job runs: '15 2 * * *' is every day at 02:15 in the time zone of the service
    #[command(group(ArgGroup::new("when").required(true)))]
    Schedule {
        name: String,
        /// Minute, hour, day of month, month, day of week, in quotes; or @daily, @weekly, …
        #[arg(group = "when")]
        cron: Option<String>,
        /// Restore the default schedule
        #[arg(long, group = "when")]
        default: bool,
    },
}

#[derive(clap::Subcommand)]
pub(super) enum SettingsAction {
    /// Change settings, all or none; they are in force at once and after a restart
    Set {
        /// Such as event_interval_ms=1000 or exports=off
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// Set them back by themselves after a span such as 15m, 1h or 2d; a week at most
        #[arg(long = "for", value_name = "SPAN", value_parser = time_span)]
        wait: Option<Duration>,
    },
    /// Set settings back to their defaults
    Reset {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(clap::Subcommand)]
pub(super) enum RunbookAction {
    /// Record that a person did a duty now
    Record {
        /// The duty, such as contacts; unoc runbook lists them
        duty: String,
        /// Who did it
        #[arg(long)]
        name: String,
        /// What there is to say to the next shift
        #[arg(long)]
        note: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct ReportsArgs {
    /// Number of a report; without it the newest 50 are listed
    pub(super) id: Option<u64>,
    /// List only reports of this kind, such as daily_review
    #[arg(long, value_name = "KIND", value_parser = report_kind, conflicts_with = "id")]
    pub(super) kind: Option<ReportKind>,
}

#[derive(clap::Subcommand)]
pub(super) enum NotifyAction {
    /// Send a test message and wait for the receivers; exit with 1 if one does not accept it
    Test {
        /// Name of a contact; all contacts, if absent
        contact: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct LogsArgs {
    /// Show the last 10 lines, then new ones as they come
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Only this level and more severe ones: trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL", value_parser = log_level)]
    pub(super) level: Option<String>,
    /// Only this module and those inside it, such as unoc::sync
    #[arg(long, value_name = "MODULE")]
    pub(super) target: Option<String>,
    /// Only lines with this text in their message or fields, in any case
    #[arg(long, value_name = "TEXT")]
    pub(super) text: Option<String>,
    /// Only lines about the request with this X-Request-Id
    #[arg(long, value_name = "ID")]
    pub(super) request_id: Option<String>,
    /// Only lines from the last 15m, 1h or 2d, or from a time such as 2026-11-29T04:00:00Z
    #[arg(long, value_name = "SPAN", value_parser = LogStart::parse)]
    pub(super) since: Option<LogStart>,
}

#[derive(Args)]
pub(super) struct InstallArgs {
    /// Install into this directory, the root of an image: nothing is started, and the user is made when the
    /// image boots
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Neither start nor restart the service
    #[arg(long)]
    pub(super) no_start: bool,
}

#[derive(Args)]
pub(super) struct UninstallArgs {
    /// Uninstall from this directory, the root of an image
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Delete the data, the backups on this host, the configuration and the user as well
    #[arg(long)]
    pub(super) purge: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Clone, Copy, clap::Subcommand)]
pub(super) enum ConfigAction {
    /// Check the configuration and list every error
    Check,
    /// Show each setting, its value and where it comes from
    Show,
}

impl Cli {
    /// Reads the process's arguments.
    pub(super) fn parse() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let ParsedArgs { subcommand, json, config } = ParsedArgs::from_arg_matches(&matches)?;
        let flags = config::keys()
            .iter()
            .filter(|key| key.flag.is_some())
            .filter_map(|key| Some((key.name, matches.get_one::<String>(key.name)?.clone())))
            .collect();
        Ok(Self {
            subcommand: subcommand.unwrap_or(Subcommand::Serve),
            json,
            config_file: config,
            flags,
        })
    }

    /// Returns the grammar, with a flag for each key that has one. Every command accepts all of
    /// these flags; only the help of `serve` lists them.
    pub(super) fn command() -> Command {
        ParsedArgs::command()
            .args(settings(|key| ALWAYS_SHOWN.contains(&key.name)))
            .mut_subcommand("serve", |serve| serve.args(settings(|_| true)))
    }

    /// Loads the configuration from the file, the environment and the flags. A command beside the
    /// installed service has the settings of its unit as well.
    pub(super) fn load_config(&self) -> Result<Config, ConfigErrors> {
        config::load(&self.sources()).map_err(|mut errors| {
            let remedy = service::remedy_if_denied(Path::new(DEFAULT_FILE));
            let of_file = errors.0.iter_mut().filter(|error| error.value == DEFAULT_FILE);
            of_file.for_each(|error| error.hint = remedy.clone().or(error.hint.take()));
            errors
        })
    }

    /// Returns where the configuration comes from.
    pub(super) fn sources(&self) -> Sources {
        let own = config::environment();
        let environment = match self.service() {
            Some(service) => service.environment_of_command(own),
            None => own,
        };
        Sources { flags: self.flags.clone(), config_file: self.config_file.clone(), environment }
    }

    /// Returns the installed service, if the command is about it.
    pub(super) fn service(&self) -> Option<InstalledService> {
        let is_elsewhere = self.config_file.is_some() || self.flags.contains_key("data_dir");
        match self.subcommand {
            Subcommand::Serve => None,
            _ if is_elsewhere => None,
            _ => InstalledService::find(&config::environment()),
        }
    }
}

/// Returns the completions for a shell.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "unoc", &mut script);
    script
}

/// The settings that the help of every command lists.
const ALWAYS_SHOWN: [&str; 1] = ["data_dir"];

/// The switches that their flag alone switches on.
const PLAIN_SWITCHES: [&str; 1] = ["insecure_no_auth"];

/// Returns the flags of the settings. The help lists those for which `is_shown` is true.
fn settings(is_shown: impl Fn(&Key) -> bool) -> impl Iterator<Item = Arg> {
    config::keys().iter().filter_map(move |key| {
        let long = key.flag?.trim_start_matches('-');
        let help = format!("{} [{}]", key.help, key.allowed);
        let mut flag = Arg::new(key.name).long(long).global(true).help(help);
        if PLAIN_SWITCHES.contains(&key.name) {
            flag = flag.num_args(0..=1).require_equals(true).default_missing_value("1");
        }
        Some(flag.help_heading("Settings").hide(!is_shown(key)))
    })
}
