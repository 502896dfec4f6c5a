//! The command line: one file per subcommand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod args;
mod backup;
mod backup_print;
mod config;
mod exit;
mod export;
mod import;
mod jobs;
mod legacy;
mod legacy_report;
mod offline;
mod progress;
mod remote;
mod restore;
mod seed;
mod serve;
mod sync;

use std::process::ExitCode;

use args::{Cli, Subcommand};
use exit::Failure;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = match Cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap says what is wrong, or prints the help that was asked for.
            error.print().ok();
            return if error.use_stderr() { exit::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("unoc: {}", exit::explain(&failure.error));
            failure.code()
        }
    }
}

fn dispatch(cli: &Cli) -> Result<(), Failure> {
    match &cli.subcommand {
        Subcommand::Serve => serve::run(cli),
        Subcommand::Seed(args) => seed::run(cli, args),
        Subcommand::Export(args) => export::run(cli, args),
        Subcommand::Import(args) => import::run(cli, args),
        Subcommand::Sync(action) => sync::run(cli, *action),
        Subcommand::Jobs { action } => jobs::run(cli, action.as_ref()),
        Subcommand::Backup(action) => backup::run(cli, action),
        Subcommand::Restore(args) => restore::run(cli, args),
        Subcommand::Config(action) => config::run(cli, *action),
        Subcommand::Openapi => {
            print!("{}", crate::api::document());
            Ok(())
        }
        Subcommand::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "unoc", &mut std::io::stdout());
            Ok(())
        }
        Subcommand::Version => {
            let version = env!("CARGO_PKG_VERSION");
            if cli.json {
                println!("{}", serde_json::json!({"name": "unoc", "version": version}));
            } else {
                println!("unoc {version}");
            }
            Ok(())
        }
    }
}
