//! What the settings say of the certificate.

use crate::config::{AcmeChallengeType, Config, ConfigErrors};
use crate::tls::acme::{AcmeChallenge, AcmeSettings, kept_certificate};
use crate::tls::{CertificateFiles, ServerIdentity, TlsError};

/// Where account and certificate of an authority are kept, inside the data directory.
const ACME_DIRECTORY: &str = "acme";

/// Where the certificate comes from.
pub(super) enum CertificateSettings {
    Files(CertificateFiles),
    Authority(AcmeSettings),
}

/// Returns where the certificate comes from; `None` for plain HTTP.
///
/// # Errors
/// Each contradiction of the settings. No file is read.
pub(super) fn certificate_settings(
    config: &Config,
) -> Result<Option<CertificateSettings>, ConfigErrors> {
    let errors = contradictions(config);
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    if let (Some(certificate), Some(key)) = (&config.tls_cert, &config.tls_key) {
        let files = CertificateFiles { certificate: certificate.clone(), key: key.clone() };
        return Ok(Some(CertificateSettings::Files(files)));
    }
    if config.acme_domains.is_empty() {
        return Ok(None);
    }
    Ok(Some(CertificateSettings::Authority(AcmeSettings {
        names: config.acme_domains.clone(),
        directory_url: config.acme_directory.clone(),
        contact: config.acme_contact.clone(),
        challenge: match config.acme_challenge {
            AcmeChallengeType::TlsAlpn01 => AcmeChallenge::TlsAlpn01,
            AcmeChallengeType::Http01 => AcmeChallenge::Http01,
        },
        ca_file: config.acme_ca_file.clone(),
        state_dir: config.data_dir.join(ACME_DIRECTORY),
    })))
}

fn contradictions(config: &Config) -> Vec<crate::config::ConfigError> {
    let mut errors = Vec::new();
    let mut error = |key: &str, value: String, why: &str| {
        errors.push(config.error(key, value, why.to_owned()));
    };
    let path = |path: &Option<std::path::PathBuf>| {
        path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    };
    match (&config.tls_cert, &config.tls_key) {
        (Some(_), None) => {
            error("tls_key", String::new(), "tls_cert is set: name the file of its key")
        }
        (None, Some(_)) => {
            error("tls_cert", String::new(), "tls_key is set: name the file of its certificate");
        }
        _ => {}
    }
    let domains = config.acme_domains.join(", ");
    if config.tls_cert.is_some() && !domains.is_empty() {
        let why = "a certificate is ordered for acme_domains: set only one of both";
        error("tls_cert", path(&config.tls_cert), why);
    }
    let has_tls = config.tls_cert.is_some() || !domains.is_empty();
    match config.http_redirect_port {
        Some(port) if !has_tls => {
            let why = "there is no HTTPS to redirect to: set tls_cert and tls_key, or acme_domains";
            error("http_redirect_port", port.to_string(), why);
        }
        Some(port) if port != 0 && port == config.port => {
            error("http_redirect_port", port.to_string(), "port is the same: choose another one");
        }
        None if !domains.is_empty() && config.acme_challenge == AcmeChallengeType::Http01 => {
            let why = "http_redirect_port is not set: the authority asks at port 80, which must lead there";
            error("acme_challenge", config.acme_challenge.to_string(), why);
        }
        _ => {}
    }
    errors
}

/// Reads the files as the service does. This blocks.
///
/// # Errors
/// What is wrong with one of them, with the key that names it.
pub(super) fn read(
    config: &Config,
    files: &CertificateFiles,
) -> Result<ServerIdentity, ConfigErrors> {
    files.read().map_err(|error| {
        let of_key = match &error {
            TlsError::File { path, .. } | TlsError::ExposedKey { path, .. } => *path == files.key,
            TlsError::Mismatch { .. } => true,
            _ => false,
        };
        let (key, path) = match of_key {
            true => ("tls_key", &files.key),
            false => ("tls_cert", &files.certificate),
        };
        let why = error.to_string();
        ConfigErrors(vec![config.error(key, path.display().to_string(), why)])
    })
}

/// Checks the settings and the files that they name. This blocks; nothing is created and no connection is made.
///
/// # Errors
/// Each error that was found.
pub(crate) fn check_certificate(config: &Config) -> Result<(), ConfigErrors> {
    match certificate_settings(config)? {
        None => Ok(()),
        Some(CertificateSettings::Files(files)) => read(config, &files).map(drop),
        Some(CertificateSettings::Authority(settings)) => match &settings.ca_file {
            Some(path) => crate::util::trust::read_certificates(path).map(drop).map_err(|why| {
                ConfigErrors(vec![config.error("acme_ca_file", path.display().to_string(), why)])
            }),
            None => Ok(()),
        },
    }
}

/// Returns the certificate that a server would show; `None` without one. This blocks.
pub(crate) fn kept_identity(config: &Config) -> Option<ServerIdentity> {
    match certificate_settings(config).ok()?? {
        CertificateSettings::Files(files) => files.read().ok(),
        CertificateSettings::Authority(settings) => kept_certificate(&settings).ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let check = |change: fn(&mut Config), expected: &[&str]| {
            let mut config = Config::for_data_dir("/nonexistent");
            config.port = 8443;
            change(&mut config);
            let found = contradictions(&config);
            let keys: Vec<&str> = found.iter().map(|error| error.key.as_str()).collect();
            assert_eq!(keys, expected, "{found:?}");
        };
        let pair = |config: &mut Config| {
            config.tls_cert = Some("/c".into());
            config.tls_key = Some("/k".into());
        };
        fn acme(config: &mut Config) {
            config.acme_domains = vec!["noc.example.org".to_owned()];
        }
        check(|_| {}, &[]);
        let mut config = Config::for_data_dir("/nonexistent");
        pair(&mut config);
        assert!(matches!(certificate_settings(&config), Ok(Some(CertificateSettings::Files(_)))));
        check(|config| config.tls_cert = Some("/c".into()), &["tls_key"]);
        check(|config| config.tls_key = Some("/k".into()), &["tls_cert"]);
        check(acme, &[]);
        check(
            |config| {
                acme(config);
                config.tls_cert = Some("/c".into());
                config.tls_key = Some("/k".into());
            },
            &["tls_cert"],
        );
        check(|config| config.http_redirect_port = Some(80), &["http_redirect_port"]);
        check(
            |config| {
                acme(config);
                config.http_redirect_port = Some(8443);
            },
            &["http_redirect_port"],
        );
        check(
            |config| {
                acme(config);
                config.acme_challenge = AcmeChallengeType::Http01;
            },
            &["acme_challenge"],
        );
        check(
            |config| {
                acme(config);
                config.acme_challenge = AcmeChallengeType::Http01;
                config.http_redirect_port = Some(8080);
            },
            &[],
        );
    }
}
