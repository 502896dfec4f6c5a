//! What can be typed. The flags of the configuration come from its own table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, Args, Command, CommandFactory, FromArgMatches, Parser};
use clap_complete::Shell;

use crate::config::{self, Config, Faults, Sources};

/// A parsed command line.
pub(super) struct Cli {
    pub(super) subcommand: Subcommand,
    /// Print for scripts instead of people.
    pub(super) json: bool,
    config_file: Option<PathBuf>,
    /// Given flags of the configuration, by key.
    flags: BTreeMap<&'static str, String>,
}

#[derive(Parser)]
#[command(
    name = "unoc",
    version,
    about = "A fibre network operations centre in one program",
    after_help = "Without a subcommand, unoc serves. Settings: unoc config show; docs/DEPLOYMENT.md."
)]
struct Parsed {
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
    /// Load the demo network, or a generated one of any size
    Seed(SeedArgs),
    /// Write the whole site as JSON Lines
    Export(ExportArgs),
    /// Load a site that `unoc export` wrote; only while the service is stopped
    Import(ImportArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigAction),
    /// Print the OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions { shell: Shell },
    /// Print the version
    Version,
}

#[derive(Args)]
pub(super) struct SeedArgs {
    /// Generate an FTTH network with this many leaves instead of the demo network
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) size: Option<u32>,
    /// Replace the site that is there
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// Where to; standard output without it
    pub(super) file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ImportArgs {
    /// What to load; `-` is standard input
    pub(super) file: PathBuf,
    /// Replace the site that is there
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Clone, Copy, clap::Subcommand)]
pub(super) enum ConfigAction {
    /// Check the configuration and list everything that is wrong with it
    Check,
    /// Show each setting, its value and where it comes from
    Show,
}

impl Cli {
    /// Reads the process's arguments.
    pub(super) fn parse() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let Parsed { subcommand, json, config } = Parsed::from_arg_matches(&matches)?;
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

    /// The grammar, with a flag for each key of the configuration that has one.
    pub(super) fn command() -> Command {
        let flags = config::keys().iter().filter_map(|key| {
            let long = key.flag?.trim_start_matches('-');
            let help = format!("{} [{}]", key.help, key.allowed);
            Some(Arg::new(key.name).long(long).global(true).help(help).help_heading("Settings"))
        });
        Parsed::command().args(flags)
    }

    /// The configuration from file, environment and flags.
    pub(super) fn load_config(&self) -> Result<Config, Faults> {
        config::load(&Sources {
            flags: self.flags.clone(),
            config_file: self.config_file.clone(),
            environment: config::environment(),
        })
    }
}
