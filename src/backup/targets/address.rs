//! The address of a target, as the operator writes it: no secret is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use object_store::path::Path as ObjectPath;
use reqwest::Url;

use super::error::TargetError;

/// Longest name of a target; it is part of a credential's name.
const NAME_CHARS_MAX: usize = 64;

/// Parameters that are ours, for every scheme but `file`.
const REMOTE_PARAMETERS: [&str; 3] = ["name", "credentials_file", "ca_file"];

/// Who runs a bucket, or whose protocol its server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    S3,
    Google,
    Azure,
}

/// Where the sites' objects are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetLocation {
    Bucket {
        provider: Provider,
        /// The bucket or container.
        bucket: String,
        /// Where in the bucket the sites' objects are.
        prefix: ObjectPath,
    },
    /// Absolute.
    Directory(PathBuf),
}

/// An address taken apart.
#[derive(Debug)]
pub(super) struct TargetAddress {
    /// Given by `name=`, else made from the rest: `s3-bucket-prefix`, `file-mnt-nfs`.
    pub(super) name: String,
    pub(super) location: TargetLocation,
    pub(super) credentials_file: Option<PathBuf>,
    /// Root certificates (PEM) that are trusted instead of the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// Settings of the store by `object_store`'s own names.
    pub(super) settings: Vec<(&'static str, String)>,
    /// The address for people: the location and the endpoint.
    pub(super) shown: String,
}

impl Provider {
    /// The scheme of its addresses.
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }

    /// The setting of `object_store` that a parameter of the address stands for.
    ///
    /// Any other parameter is refused: it may be a secret, and the credentials file can hold every
    /// setting.
    fn setting(self, parameter: &str) -> Option<&'static str> {
        match (self, parameter) {
            (Self::S3, "endpoint") => Some("aws_endpoint"),
            (Self::S3, "region") => Some("aws_region"),
            (Self::S3, "path_style") => Some("aws_virtual_hosted_style_request"),
            (Self::S3, "server_side_encryption") => Some("aws_server_side_encryption"),
            (Self::S3, "sse_kms_key_id") => Some("aws_sse_kms_key_id"),
            (Self::S3, "checksum_algorithm") => Some("aws_checksum_algorithm"),
            (Self::Google, "endpoint") => Some("google_base_url"),
            (Self::Azure, "endpoint") => Some("azure_endpoint"),
            (Self::Azure, "account") => Some("azure_storage_account_name"),
            (Self::S3 | Self::Google | Self::Azure, "allow_http") => Some("allow_http"),
            _ => None,
        }
    }
}

impl TargetLocation {
    fn parse(url: &Url) -> Result<Self, TargetError> {
        let provider = match url.scheme() {
            "s3" => Some(Provider::S3),
            "gs" => Some(Provider::Google),
            "az" => Some(Provider::Azure),
            "file" => None,
            _ => return Err(invalid("the scheme is not s3, file, gs or az")),
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("put the user and the password into a credentials_file"));
        }
        let prefix =
            ObjectPath::from_url_path(url.path()).map_err(|_| invalid("it has no valid path"))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        match (provider, host, url.port()) {
            (Some(provider), Some(bucket), None) => {
                Ok(Self::Bucket { provider, bucket: bucket.to_owned(), prefix })
            }
            (None, None, None) => Ok(Self::Directory(directory(url)?)),
            _ => Err(invalid("write s3://bucket/prefix or file:///directory")),
        }
    }

    const fn provider(&self) -> Option<Provider> {
        match self {
            Self::Bucket { provider, .. } => Some(*provider),
            Self::Directory(_) => None,
        }
    }
}

impl TargetAddress {
    /// Takes an address apart.
    ///
    /// # Errors
    /// [`TargetError::Address`], which quotes nothing but the names of parameters that are known.
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        let location = TargetLocation::parse(&url)?;
        let provider = location.provider();
        let mut own = BTreeMap::new();
        let mut settings = Vec::new();
        for (key, value) in url.query_pairs() {
            let is_own =
                key == "name" || (provider.is_some() && REMOTE_PARAMETERS.contains(&&*key));
            if is_own {
                own.insert(key.into_owned(), value.into_owned());
            } else if let Some(setting) = provider.and_then(|provider| provider.setting(&key)) {
                settings.push((setting, setting_value(setting, &value)?));
            } else {
                return Err(invalid(
                    "it has a parameter that this scheme does not take; secrets and other settings \
                     of the store belong in the credentials_file",
                ));
            }
        }
        let mut file = |key: &str| own.remove(key).map(|path| absolute(key, path)).transpose();
        let (credentials_file, ca_file) = (file("credentials_file")?, file("ca_file")?);
        let name = match own.remove("name") {
            Some(name) if is_name(&name) => name,
            Some(_) => return Err(invalid("its name is not 1-64 of a-z 0-9 - _")),
            None => derived_name(&location),
        };
        let shown = shown(&url, &settings);
        Ok(Self { name, location, credentials_file, ca_file, settings, shown })
    }
}

fn invalid(what: &str) -> TargetError {
    TargetError::Address(what.to_owned())
}

/// Returns the value that `object_store` takes. Path style is the opposite of what it calls virtual
/// hosted style; an endpoint is only where a server is, without a user or a query.
fn setting_value(setting: &str, value: &str) -> Result<String, TargetError> {
    if is_endpoint(setting) {
        let url = Url::parse(value).ok().filter(|url| {
            let is_bare = url.username().is_empty() && url.password().is_none();
            matches!(url.scheme(), "http" | "https") && is_bare && url.query().is_none()
        });
        return url
            .map(|_| value.to_owned())
            .ok_or_else(|| invalid("endpoint is not https://host:port or http://host:port"));
    }
    if !matches!(setting, "aws_virtual_hosted_style_request" | "allow_http") {
        return Ok(value.to_owned());
    }
    let is_on: bool = value.parse().map_err(|_| invalid("a switch is neither true nor false"))?;
    Ok((is_on == (setting == "allow_http")).to_string())
}

/// Whether a setting says where the server is.
pub(super) fn is_endpoint(setting: &str) -> bool {
    setting.ends_with("_endpoint") || setting.ends_with("_base_url")
}

fn absolute(key: &str, path: String) -> Result<PathBuf, TargetError> {
    let is_absolute = Path::new(&path).is_absolute();
    is_absolute
        .then(|| path.into())
        .ok_or_else(|| invalid(&format!("{key} is not an absolute path")))
}

fn directory(url: &Url) -> Result<PathBuf, TargetError> {
    let path = url.to_file_path().map_err(|()| invalid("write it as file:///directory"))?;
    if path == Path::new("/") { Err(invalid("name a directory")) } else { Ok(path) }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(allowed)
}

/// Joins the parts of an address by single dashes and drops what a name cannot hold.
fn derived_name(location: &TargetLocation) -> String {
    let text = match location {
        TargetLocation::Bucket { provider, bucket, prefix } => {
            format!("{}-{bucket}-{prefix}", provider.scheme())
        }
        TargetLocation::Directory(path) => format!("file-{}", path.display()),
    };
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    name.chars().take(NAME_CHARS_MAX).collect()
}

fn shown(url: &Url, settings: &[(&str, String)]) -> String {
    let place = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    let endpoint = settings.iter().find(|(key, _)| is_endpoint(key));
    match endpoint {
        Some((_, endpoint)) => format!("{place} at {endpoint}"),
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_parsed_into_a_name_a_location_and_settings() {
        let check = |text: &str, name: &str, shown: &str| {
            let address = TargetAddress::parse(text).unwrap();
            assert_eq!((address.name.as_str(), address.shown.as_str()), (name, shown));
            address
        };
        let address = check(
            "s3://unoc/a/b?endpoint=http://127.0.0.1:9000&path_style=true&region=eu-central-1\
             &name=minio&credentials_file=/etc/unoc/minio.env&ca_file=/ca.pem",
            "minio",
            "s3://unoc/a/b at http://127.0.0.1:9000",
        );
        let prefix = ObjectPath::from("a/b");
        let bucket = "unoc".to_owned();
        let expected = TargetLocation::Bucket { provider: Provider::S3, bucket, prefix };
        assert_eq!(address.location, expected);
        assert_eq!(address.credentials_file, Some("/etc/unoc/minio.env".into()));
        assert_eq!(address.ca_file, Some("/ca.pem".into()));
        let settings = [
            ("aws_endpoint", "http://127.0.0.1:9000"),
            ("aws_virtual_hosted_style_request", "false"),
            ("aws_region", "eu-central-1"),
        ];
        let settings = settings.map(|(key, value)| (key, value.to_owned()));
        assert_eq!(address.settings, settings);

        check("s3://unoc/Site_A/", "s3-unoc-site-a", "s3://unoc/Site_A/");
        check("gs://b", "gs-b", "gs://b");
        check("az://c/p?account=a", "az-c-p", "az://c/p");
        let nfs = check("file:///mnt/my%20nfs", "file-mnt-my-nfs", "file:///mnt/my%20nfs");
        assert_eq!(nfs.location, TargetLocation::Directory("/mnt/my nfs".into()));
    }

    #[test]
    fn an_invalid_address_is_refused_without_quoting_secrets() {
        for text in [
            "s3://b?aws_secret_access_key=pw4711",
            "s3://b?secret_access_key=pw4711",
            "s3://b?token=pw4711",
            "az://c?sas_token=pw4711",
            "gs://b?service_account_key=pw4711",
            "s3://u:pw4711@b/p",
            "s3://pw4711@b/p",
            "s3://b#pw4711",
            "ftp://pw4711/",
            "s3:///pw4711",
            "s3://b:99/pw4711",
            "s3://b?path_style=pw4711",
            "s3://b?endpoint=https://u:pw4711@h",
            "s3://b?endpoint=https://h?sig=pw4711",
            "s3://b?endpoint=pw4711",
            "s3://b?name=PW4711&x=pw4711",
            "s3://b?ca_file=pw4711",
            "file://pw4711/x",
            "file:///",
            "file:///x?ca_file=/pw4711",
            "pw4711",
        ] {
            let error = TargetAddress::parse(text).map(|address| address.name).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("4711"), "{text}: {error}");
        }
    }
}
