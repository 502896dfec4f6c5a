//! `unoc import --from-postgres` and `--from-dump`: moving in from UNOC v2.

use anyhow::{Context, anyhow};

use super::args::{Cli, ImportArgs};
use super::exit::CommandError;
use super::import_v2_report::{print_archived, print_report};
use super::progress::Progress;
use super::{input, offline, output};
use crate::config::Config;
use crate::domain::ReplaceSite;
use crate::engine::Clock;
use crate::pg::Target;
use crate::v2_import::{
    Choice, LegacyError, LinkStatus, Mended, Report, STAMP_FILE, Stamp, Tables, archive, mend,
    read_database, read_dump,
};

pub(super) fn run(cli: &Cli, args: &ImportArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if args.archive_legacy && !args.replace {
        return run_archive(cli, &config, args);
    }
    let (report, stamp) =
        if args.dry_run { dry_run(&config, args)? } else { import_site(&config, args)? };
    let archived = if args.archive_legacy {
        let target = target(&config, args.from_postgres.as_deref())?;
        archive(&target, &choice(args), Some(&stamp), args.dry_run).map(Some)
    } else {
        Ok(None)
    };
    let moved = archived.as_ref().ok().and_then(Option::as_ref);
    print_report(&report, moved, cli.json, args.dry_run).map_err(output::stdout_error)?;
    let missing = "v2's tables stay where they are, although the site could be loaded";
    archived.map_err(|error| CommandError::from(error).context(missing.to_owned()))?;
    Ok(())
}

fn dry_run(config: &Config, args: &ImportArgs) -> Result<(Report, Stamp), CommandError> {
    let tables = read(config, args)?;
    let stamp = Stamp::of(&tables);
    let now = Clock::system().now();
    let report = mend(tables, link_status(args), now).rehearse(now);
    Ok((report.map_err(|refusal| CommandError::refused(refusal.to_string()))?, stamp))
}

fn import_site(config: &Config, args: &ImportArgs) -> Result<(Report, Stamp), CommandError> {
    let (store, site, (report, stamp)) = offline::read_and_open(config, args.replace, || {
        let tables = read(config, args)?;
        let stamp = Stamp::of(&tables);
        let Mended { site, report } = mend(tables, link_status(args), Clock::system().now());
        Ok((site, (report, stamp)))
    })?;
    let progress = Progress::waiting("Loading the site");
    offline::execute(config, store, ReplaceSite(site))?;
    drop(progress);
    stamp.write(&config.data_dir).with_context(|| {
        format!(
            "the site is imported, but {STAMP_FILE} could not be written into {}; without it \
             --archive-legacy will refuse",
            config.data_dir.display()
        )
    })?;
    Ok((report, stamp))
}

fn choice(args: &ImportArgs) -> Choice {
    Choice { database: args.database.clone(), schema: args.schema.clone() }
}

fn link_status(args: &ImportArgs) -> LinkStatus {
    if args.keep_link_status { LinkStatus::Held } else { LinkStatus::Computed }
}

fn run_archive(cli: &Cli, config: &Config, args: &ImportArgs) -> Result<(), CommandError> {
    let target = target(config, args.from_postgres.as_deref())?;
    let stamp = Stamp::read(&config.data_dir)?;
    let archived = archive(&target, &choice(args), stamp.as_ref(), args.dry_run)?;
    print_archived(&archived, cli.json, args.dry_run).map_err(output::stdout_error)?;
    Ok(())
}

fn read(config: &Config, args: &ImportArgs) -> Result<Tables, CommandError> {
    if let Some(path) = &args.from_dump {
        input::refuse_directory(path)?;
        let input = input::open(path)?;
        let _progress = Progress::waiting("Reading the dump of v2");
        return read_dump(input, &choice(args)).map_err(|error| {
            CommandError::from(error).context(format!("{} cannot be imported", path.display()))
        });
    }
    let target = target(config, args.from_postgres.as_deref())?;
    let _progress = Progress::waiting("Reading the tables of v2");
    Ok(read_database(&target, &choice(args))?)
}

/// The database that was named, or else the one that is configured.
fn target(config: &Config, url: Option<&str>) -> Result<Target, CommandError> {
    let configured = config.database_url.as_ref().map(|url| url.expose());
    let url = url.filter(|url| !url.is_empty()).or(configured).ok_or_else(|| {
        anyhow!(
            "--from-postgres needs the address of v2's database: as its value, or as the setting \
             database_url (DATABASE_URL, or a file: see unoc config show)"
        )
    })?;
    let target = Target::parse(url).map_err(LegacyError::from)?;
    Ok(target.with_passfile(config.passfile.clone()))
}
