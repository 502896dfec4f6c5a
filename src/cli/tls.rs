//! `unoc tls`

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::args::Cli;
use super::exit::CommandError;
use super::host_names::host_names;
use super::tls_args::TlsAction;
use crate::config::{Config, DEFAULT_FILE};
use crate::engine::Clock;
use crate::tls::{CertificateFiles, self_signed};
use crate::util::files::{PRIVATE_MODE, write_durably};

/// Where the pair is, inside the data directory, unless the configuration says otherwise.
const DIRECTORY: &str = "tls";
const CERTIFICATE_FILE: &str = "cert.pem";
const KEY_FILE: &str = "key.pem";
const DIRECTORY_MODE: u32 = 0o750;
/// A certificate is public.
const CERTIFICATE_MODE: u32 = 0o644;

pub(super) fn run(cli: &Cli, action: &TlsAction) -> Result<(), CommandError> {
    let TlsAction::Selfsigned { names, days, force } = action;
    let config = cli.load_config()?;
    let files = files(&config)?;
    if !force {
        let there = [&files.certificate, &files.key].into_iter().find(|path| path.exists());
        if let Some(path) = there {
            let path = path.display();
            return Err(CommandError::refused(format!("{path} exists; --force replaces it")));
        }
    }
    let names = certificate_names(&config, names);
    let pair = self_signed(&names, Clock::system().now(), *days).context("nothing was written")?;
    for path in [&files.certificate, &files.key] {
        make_directory(path)?;
    }
    let write = |path: &Path, text: &str, mode| {
        let written = write_durably(path, text.as_bytes(), mode);
        written.with_context(|| format!("cannot write {}", path.display()))
    };
    write(&files.key, &pair.key, PRIVATE_MODE)?;
    write(&files.certificate, &pair.chain, CERTIFICATE_MODE)?;
    tell(cli, &config, &files, &names, *days)
}

/// The files of the configuration; without them, those in the data directory.
fn files(config: &Config) -> Result<CertificateFiles, CommandError> {
    match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            Ok(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
        }
        (None, None) => {
            let directory = config.data_dir.join(DIRECTORY);
            let file = |name| directory.join(name);
            Ok(CertificateFiles { certificate: file(CERTIFICATE_FILE), key: file(KEY_FILE) })
        }
        _ => Err(CommandError::refused("set tls_cert and tls_key, or neither of them")),
    }
}

/// The first one is the common name: what the operator names, else what people type, else the host's own name.
fn certificate_names(config: &Config, named: &[String]) -> Vec<String> {
    let page = config.public_url.as_deref().and_then(host_of);
    let allowed = config.allowed_hosts.iter().filter(|name| *name != "*").cloned();
    let all = named.iter().cloned().chain(page).chain(allowed).chain(host_names());
    let mut names: Vec<String> = Vec::new();
    for name in all.map(|name| name.to_ascii_lowercase()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The host of an address such as `https://noc.example.org:8443/unoc`.
fn host_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.host().map(|host| host.trim_matches(['[', ']']).to_owned())
}

fn make_directory(file: &Path) -> Result<(), CommandError> {
    let directory = file.parent().map(PathBuf::from).unwrap_or_default();
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&directory);
    Ok(made.with_context(|| format!("cannot make {}", directory.display()))?)
}

fn tell(
    cli: &Cli,
    config: &Config,
    files: &CertificateFiles,
    names: &[String],
    days: u16,
) -> Result<(), CommandError> {
    // Read as the service does, which refuses what others can read.
    let identity = files.read().context("the pair was written, but cannot be used")?;
    let fingerprint = identity.fingerprint().to_string();
    let CertificateFiles { certificate, key } = files;
    if cli.json {
        let document = json!({
            "certificate": certificate, "key": key, "names": names, "days": days,
            "sha256": fingerprint,
        });
        print_line!("{document:#}");
        return Ok(());
    }
    let (certificate, key) = (certificate.display(), key.display());
    print_line!("Wrote {certificate} and {key}, valid for {days} days.");
    print_line!("Names: {}", names.join(", "));
    print_line!("SHA-256 fingerprint: {fingerprint}");
    if config.tls_cert.is_some() {
        print_line!(
            "A running service uses it within 10 s; systemctl reload unoc has it use it at once."
        );
        return Ok(());
    }
    let file = config.file().map_or_else(|| DEFAULT_FILE.into(), |file| file.display().to_string());
    print_line!("Add these lines to {file}, then: systemctl restart unoc");
    print_line!("tls_cert = \"{certificate}\"\ntls_key = \"{key}\"");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_comes_before_the_names_of_the_host() {
        let mut config = Config::for_data_dir("/nonexistent");
        config.public_url = Some("https://NOC.example.org:8443/unoc".to_owned());
        config.allowed_hosts =
            ["*", "*.example.org", "noc.example.org"].map(str::to_owned).to_vec();
        let names = certificate_names(&config, &["192.0.2.7".to_owned()]);
        assert_eq!(names[..3], ["192.0.2.7", "noc.example.org", "*.example.org"]);
        assert!(names.iter().any(|name| name == "localhost"));
        assert_eq!(names.iter().filter(|name| *name == "noc.example.org").count(), 1);
        assert_eq!(host_of("https://[2001:db8::7]:1/").as_deref(), Some("2001:db8::7"));
    }
}
