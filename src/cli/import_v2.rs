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
use crate::pg::PgConfig;
use crate::v2_import::{
    CorrectedSite, IMPORT_RECORD_FILE, ImportRecord, SiteChoice, V2ImportError, V2ImportReport,
    V2LinkStatus, V2Tables, archive, correct, read_database, read_dump,
};

pub(super) fn run(cli: &Cli, args: &ImportArgs) -> Result<(), CommandError> {
    let config = cli.load_config()?;
    if args.archive_legacy && !args.replace {
        return run_archive(cli, &config, args);
    }
    let (report, record) =
        if args.dry_run { dry_run(&config, args)? } else { import_site(&config, args)? };
    let archived = if args.archive_legacy {
        let pg_config = pg_config(&config, args.from_postgres.as_deref())?;
        archive(&pg_config, &choice(args), Some(&record), args.dry_run).map(Some)
    } else {
        Ok(None)
    };
    let moved = archived.as_ref().ok().and_then(Option::as_ref);
    print_report(&report, moved, cli.json, args.dry_run).map_err(output::stdout_error)?;
    let missing = "the site was loaded, but v2's tables could not be moved";
    archived.map_err(|error| CommandError::from(error).context(missing.to_owned()))?;
    Ok(())
}

fn dry_run(
    config: &Config,
    args: &ImportArgs,
) -> Result<(V2ImportReport, ImportRecord), CommandError> {
    let tables = read(config, args)?;
    let record = ImportRecord::of(&tables);
    let now = Clock::system().now();
    let report = correct(tables, link_status(args), now).dry_run(now);
    Ok((report.map_err(|refusal| CommandError::refused(refusal.to_string()))?, record))
}

fn import_site(
    config: &Config,
    args: &ImportArgs,
) -> Result<(V2ImportReport, ImportRecord), CommandError> {
    let (store, site, (report, record)) = offline::read_and_open(config, args.replace, || {
        let tables = read(config, args)?;
        let record = ImportRecord::of(&tables);
        let CorrectedSite { site, report } =
            correct(tables, link_status(args), Clock::system().now());
        Ok((site, (report, record)))
    })?;
    let progress = Progress::waiting("Loading the site");
    offline::execute(config, store, ReplaceSite(site))?;
    drop(progress);
    record.write(&config.data_dir).with_context(|| {
        format!(
            "the site is imported, but {IMPORT_RECORD_FILE} could not be written to {}; --archive-legacy \
             needs it",
            config.data_dir.display()
        )
    })?;
    Ok((report, record))
}

fn choice(args: &ImportArgs) -> SiteChoice {
    SiteChoice { database: args.database.clone(), schema: args.schema.clone() }
}

fn link_status(args: &ImportArgs) -> V2LinkStatus {
    if args.keep_link_status { V2LinkStatus::Keep } else { V2LinkStatus::Compute }
}

fn run_archive(cli: &Cli, config: &Config, args: &ImportArgs) -> Result<(), CommandError> {
    let pg_config = pg_config(config, args.from_postgres.as_deref())?;
    let record = ImportRecord::read(&config.data_dir)?;
    let archived = archive(&pg_config, &choice(args), record.as_ref(), args.dry_run)?;
    print_archived(&archived, cli.json, args.dry_run).map_err(output::stdout_error)?;
    Ok(())
}

fn read(config: &Config, args: &ImportArgs) -> Result<V2Tables, CommandError> {
    if let Some(path) = &args.from_dump {
        input::refuse_directory(path)?;
        let input = input::open(path)?;
        let _progress = Progress::waiting("Reading the dump of v2");
        return read_dump(input, &choice(args)).map_err(|error| {
            CommandError::from(error).context(format!("{} cannot be imported", path.display()))
        });
    }
    let pg_config = pg_config(config, args.from_postgres.as_deref())?;
    let _progress = Progress::waiting("Reading the tables of v2");
    Ok(read_database(&pg_config, &choice(args))?)
}

/// Returns the database at `url`, or the configured one.
fn pg_config(config: &Config, url: Option<&str>) -> Result<PgConfig, CommandError> {
    let configured = config.database_url.as_ref().map(|url| url.expose());
    let url = url.filter(|url| !url.is_empty()).or(configured).ok_or_else(|| {
        anyhow!(
            "--from-postgres needs the address of v2's database, as its value or in the setting \
             database_url (DATABASE_URL or database_url_file)"
        )
    })?;
    let pg_config = PgConfig::parse(url).map_err(V2ImportError::from)?;
    Ok(pg_config.with_passfile(config.passfile.clone()))
}
