//! The command line: one file for each subcommand.

#[macro_use]
mod output;

mod account_args;
mod accounts;
mod act_as_owner;
mod arg_values;
mod args;
mod audit;
mod audit_args;
mod backup;
mod backup_args;
mod backup_print;
mod client;
mod config;
mod data_dir;
mod destination;
mod doctor;
mod exit;
mod export;
mod handover;
mod healthcheck;
mod host_names;
mod import;
mod import_csv;
mod import_v2;
mod import_v2_report;
mod input;
mod install;
mod invoker;
mod jobs;
mod log_start;
mod logs;
mod man;
mod notify;
mod offline;
mod progress;
mod reload;
mod report_failure;
mod reports;
mod restore;
mod rollback;
mod runbook;
mod seed;
mod serve;
mod service;
mod service_unit;
mod settings;
mod support_bundle;
mod sync;
mod table;
mod time_span;
mod tls;
mod tls_args;
mod upgrade;
mod upgrade_args;
mod upgrade_host;
mod upgrade_print;
mod upgrade_run;
mod upgrade_store;
mod upgrade_watch;
mod user_groups;

use std::process::ExitCode;

use args::{Cli, Subcommand};
use exit::CommandError;

use crate::store::SCHEMA_VERSION;
use crate::util::{Priority, with_priority};

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = match Cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap reports an error, or prints the requested help.
            if error.use_stderr() && is_journal() {
                report(error.render().to_string().trim_end());
                return exit::USAGE.into();
            }
            let printed = error.print();
            if error.use_stderr() {
                return exit::USAGE.into();
            }
            return ended(printed.map_err(output::stdout_error));
        }
    };
    let done = act_as_owner::act_as_owner(&cli).and_then(|()| dispatch(&cli));
    handover::forget_handover();
    ended(done.and_then(|()| output::finish()))
}

fn ended(done: Result<(), CommandError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_reader_gone() {
                report(&format!("unoc: {}", exit::one_line(&error.cause)));
            }
            error.code()
        }
    }
}

/// Prints why the process ends; the journal records each line as an error.
fn report(text: &str) {
    match is_journal() {
        true => eprint_line!("{}", with_priority(Priority::Error, text)),
        false => eprint_line!("{text}"),
    }
}

fn is_journal() -> bool {
    crate::util::is_journal(crate::config::environment().get("JOURNAL_STREAM").map(String::as_str))
}

fn dispatch(cli: &Cli) -> Result<(), CommandError> {
    match &cli.subcommand {
        Subcommand::Serve => serve::run(cli),
        Subcommand::Reload => reload::run(cli),
        Subcommand::ReportFailure => report_failure::run(cli),
        Subcommand::Seed(args) => seed::run(cli, args),
        Subcommand::Export(args) => export::run(cli, args),
        Subcommand::Import(args) => import::run(cli, args),
        Subcommand::Sync(action) => sync::run(cli, *action),
        Subcommand::Jobs { action } => jobs::run(cli, action.as_ref()),
        Subcommand::Settings { action } => settings::run(cli, action.as_ref()),
        Subcommand::Doctor => doctor::run(cli),
        Subcommand::Healthcheck => healthcheck::run(cli),
        Subcommand::SupportBundle { file } => support_bundle::run(cli, file.as_ref()),
        Subcommand::User(action) => accounts::run_user(cli, action),
        Subcommand::Token(action) => accounts::run_token(cli, action),
        Subcommand::Sessions { action } => accounts::run_sessions(cli, action.as_ref()),
        Subcommand::Runbook { action } => runbook::run(cli, action.as_ref()),
        Subcommand::Audit(action) => audit::run(cli, action),
        Subcommand::Reports(args) => reports::run(cli, args),
        Subcommand::Logs(args) => logs::run(cli, args),
        Subcommand::Notify(action) => notify::run(cli, action),
        Subcommand::Backup(action) => backup::run(cli, action),
        Subcommand::Restore(args) => restore::run(cli, args),
        Subcommand::Upgrade(args) => upgrade::run(cli, args),
        Subcommand::Rollback(args) => rollback::run(cli, args),
        Subcommand::UpgradeStore { directory } => upgrade_store::run(directory),
        Subcommand::Tls(action) => tls::run(cli, action),
        Subcommand::Config(action) => config::run(cli, *action),
        Subcommand::Install(args) => install::install(cli, args),
        Subcommand::Uninstall(args) => install::uninstall(cli, args),
        Subcommand::Openapi => {
            output::print(format_args!("{}", crate::api::document()));
            Ok(())
        }
        Subcommand::Completions { shell } => {
            let script = args::completions(*shell);
            output::print_with(|out| out.write_all(&script));
            Ok(())
        }
        Subcommand::Man { directory } => man::run(directory.as_deref()),
        Subcommand::Version => {
            let version = env!("CARGO_PKG_VERSION");
            if cli.json {
                let about = serde_json::json!({"name": "unoc", "store_schema": SCHEMA_VERSION, "version": version});
                print_line!("{about}");
            } else {
                print_line!("unoc {version}");
            }
            Ok(())
        }
    }
}
