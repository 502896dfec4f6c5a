//! The configuration file and the environment, and every address, list and schedule in them.

use std::cell::RefCell;
use std::path::PathBuf;

use tempfile::TempDir;
use unoc::backup::targets::BackupTarget;
use unoc::config::{self, Sources};
use unoc::jobs::Schedule;
use unoc::pg::PgConfig;

/// Between the file and the variables.
const SEPARATOR: u8 = 0xff;

thread_local! {
    static FILE: RefCell<Option<(TempDir, PathBuf)>> = const { RefCell::new(None) };
}

pub(crate) fn run(data: &[u8]) {
    let (file, variables) = match data.iter().position(|byte| *byte == SEPARATOR) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[][..]),
    };
    let variables = String::from_utf8_lossy(variables);
    let pairs = variables.lines().filter_map(|line| line.split_once('='));
    let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sources = Sources {
        environment: environment.chain([("HOME".to_owned(), "/nonexistent".to_owned())]).collect(),
        config_file: Some(write(file)),
        ..Sources::default()
    };
    match config::load(&sources) {
        Ok(config) => {
            let shown = config.show();
            assert!(!shown.is_empty());
            for secret in config.secret_values().iter().filter(|secret| secret.len() > 8) {
                let text = format!("{config:?}");
                assert!(!text.contains(&format!("\"{secret}\"")), "a secret is shown");
            }
            if let Some(url) = &config.database_url {
                PgConfig::parse(url.expose()).ok();
            }
            BackupTarget::parse_all(&config.backup_targets, None).ok();
        }
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
    if let Ok(text) = std::str::from_utf8(data) {
        Schedule::parse(text).ok();
        PgConfig::parse(text).ok();
        BackupTarget::parse(text, None).ok();
    }
}

/// Writes the file where the last one was.
fn write(text: &[u8]) -> PathBuf {
    FILE.with_borrow_mut(|file| {
        let (_, path) = file.get_or_insert_with(|| {
            let directory = tempfile::tempdir().expect("a directory for temporary files");
            let path = directory.path().join("unoc.toml");
            (directory, path)
        });
        std::fs::write(&*path, text).expect("our own directory");
        path.clone()
    })
}
