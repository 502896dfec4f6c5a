//! The keys that backups are encrypted with, and those that open them here.
//!
//! Recipients are public keys that the operator configures; their secret halves are kept
//! elsewhere. The appliance adds a key of its own, so that it can restore its own backups into
//! scratch stores, unattended. That key reveals nothing that is not in the store beside it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use sha2::{Digest as _, Sha256};

use super::error::{BackupError, io};
use super::files;
use crate::util::hex;

/// The appliance's own secret key, inside the data directory.
const OWN_KEY_FILE: &str = "backup_identity.txt";
/// Bytes of a public key's hash that name the key: two keys do not share them by chance.
const KEY_ID_BYTES: usize = 8;
/// Largest file of secret keys: hundreds of keys with comments.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The public keys that backups are encrypted for, and the secret keys that open them.
pub struct Keyring {
    /// As configured, in that order.
    recipients: Vec<String>,
    identities: Vec<Identity>,
    own: Option<Identity>,
}

/// A new pair of keys.
pub struct KeyPair {
    /// `AGE-SECRET-KEY-1…`
    pub secret: String,
    /// `age1…`
    pub recipient: String,
    pub key_id: String,
}

impl KeyPair {
    /// Generates a pair of keys from the system's randomness.
    pub fn generate() -> Self {
        let identity = Identity::generate();
        let recipient = identity.to_public().to_string();
        Self {
            secret: identity.to_string().expose_secret().to_owned(),
            key_id: key_id(&recipient),
            recipient,
        }
    }
}

/// The name of a key in manifests: 16 hexadecimal digits of the hash of its public half.
pub fn key_id(recipient: &str) -> String {
    hex(&Sha256::digest(recipient)[..KEY_ID_BYTES])
}

impl Keyring {
    /// Reads the keys. With recipients, the appliance's own key is read, or created if there is
    /// none.
    ///
    /// # Errors
    /// [`BackupError::Key`] naming the recipient or the file that cannot be used; it repeats no
    /// secret.
    pub fn load(
        recipients: &[String],
        identity_files: &[PathBuf],
        data_dir: &Path,
    ) -> Result<Self, BackupError> {
        let identities = read_named(recipients, identity_files)?;
        let own = match read_own(data_dir)? {
            None if !recipients.is_empty() => Some(make_own(data_dir)?),
            own => own,
        };
        Ok(Self { recipients: recipients.to_vec(), identities, own })
    }

    /// Reads the secret keys in these files alone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of_files<P: AsRef<Path>>(identity_files: &[P]) -> Result<Self, BackupError> {
        let identities = read_named(&[], identity_files)?;
        Ok(Self { recipients: Vec::new(), identities, own: None })
    }

    /// Checks the keys and creates none. It is no error if the caller may not read the data
    /// directory, which is the service's.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn check<P: AsRef<Path>>(
        recipients: &[String],
        identity_files: &[P],
        data_dir: &Path,
    ) -> Result<(), BackupError> {
        read_named(recipients, identity_files)?;
        match read_own(data_dir) {
            Err(BackupError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
                Ok(())
            }
            own => own.map(drop),
        }
    }

    /// Whether new backups are encrypted.
    pub fn is_on(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// The recipients that were configured.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// The names of all keys that open a new backup.
    pub fn key_ids(&self) -> Vec<String> {
        if !self.is_on() {
            return Vec::new();
        }
        let own = self.own.as_ref().map(|own| own.to_public().to_string());
        self.recipients.iter().chain(own.as_ref()).map(|text| key_id(text)).collect()
    }

    /// The names of the secret keys that are available here.
    pub fn identity_ids(&self) -> Vec<String> {
        let all = self.identities.iter().chain(&self.own);
        all.map(|identity| key_id(&identity.to_public().to_string())).collect()
    }

    /// The public keys that a new backup is encrypted for; empty if it is not encrypted.
    pub(super) fn readers(&self) -> Result<Vec<Recipient>, BackupError> {
        if !self.is_on() {
            return Ok(Vec::new());
        }
        let mut readers = Vec::new();
        for text in &self.recipients {
            readers.push(parse_recipient(text)?);
        }
        readers.extend(self.own.as_ref().map(Identity::to_public));
        Ok(readers)
    }

    /// Every secret key that is available here.
    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.identities.iter().chain(&self.own).map(|identity| identity as &dyn age::Identity)
    }
}

/// Reads the keys that the configuration and the command line name.
fn read_named<P: AsRef<Path>>(
    recipients: &[String],
    identity_files: &[P],
) -> Result<Vec<Identity>, BackupError> {
    for text in recipients {
        parse_recipient(text)?;
    }
    let mut identities = Vec::new();
    for file in identity_files {
        // The person who named the file has to act: trying again does not help.
        identities.extend(read_identities(file.as_ref()).map_err(|error| match error {
            BackupError::Io { .. } => BackupError::Key(error.to_string()),
            other => other,
        })?);
    }
    Ok(identities)
}

/// The appliance's own key, where it has one.
fn read_own(data_dir: &Path) -> Result<Option<Identity>, BackupError> {
    let file = data_dir.join(OWN_KEY_FILE);
    match file.try_exists().map_err(io("look at", &file))? {
        true => Ok(read_identities(&file)?.into_iter().next()),
        false => Ok(None),
    }
}

fn parse_recipient(text: &str) -> Result<Recipient, BackupError> {
    Recipient::from_str(text).map_err(|what| {
        let shown: String = text.chars().take(12).collect();
        BackupError::Key(format!(
            "the recipient {shown}… in backup_recipients is not an age public key ({what}); unoc \
             backup keygen prints one"
        ))
    })
}

/// The secret keys in a file, one per line; blank lines and comments are ignored.
fn read_identities(path: &Path) -> Result<Vec<Identity>, BackupError> {
    let unusable = |what: &str| BackupError::Key(format!("the key file {} {what}", path.display()));
    let length = fs::metadata(path).map_err(io("look at", path))?.len();
    if length > KEY_FILE_BYTES_MAX {
        return Err(unusable("is too large to be one"));
    }
    let text = fs::read_to_string(path).map_err(io("read", path))?;
    // Editors of other systems begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut identities = Vec::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let identity = Identity::from_str(line);
        identities.push(identity.map_err(|_| {
            unusable("has a line that is not an age secret key (AGE-SECRET-KEY-1…)")
        })?);
    }
    if identities.is_empty() {
        return Err(unusable("holds no secret key"));
    }
    Ok(identities)
}

fn make_own(data_dir: &Path) -> Result<Identity, BackupError> {
    files::make_directory(data_dir)?;
    let identity = Identity::generate();
    let mut text = Vec::new();
    writeln!(
        text,
        "# The key by which this appliance reads its own backups to verify them.\n\
         # public key: {}\n{}",
        identity.to_public(),
        identity.to_string().expose_secret()
    )
    .expect("writing into a Vec does not fail");
    files::write(data_dir, OWN_KEY_FILE, &text)?;
    Ok(identity)
}
