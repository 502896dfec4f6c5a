//! The checksum and the signature of a new program.

use std::path::Path;

use minisign_verify::{PublicKey, Signature};

/// The digits of a SHA-256 (FIPS 180-4: 256 bits).
const SHA256_DIGITS: usize = 64;

/// Returns the SHA-256 that a text names for a file, in lower case: the digits alone, or a line as
/// `sha256sum` writes it, of which one names the file.
pub(super) fn sha256_of(text: &str, file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let digits = lines.filter_map(|line| {
        let (digits, named) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        // A star marks binary mode (sha256sum(1)).
        let named = named.trim().trim_start_matches('*');
        let named = named.rsplit('/').next().unwrap_or(named);
        (named.is_empty() || named == name).then(|| digits.to_ascii_lowercase())
    });
    let is_sha256 = |digits: &String| {
        digits.len() == SHA256_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    digits.into_iter().find(is_sha256)
}

/// Verifies a minisign signature. Returns its trusted comment, which the signature covers.
///
/// # Errors
/// What is wrong, as a text.
pub(super) fn verify(bytes: &[u8], signature: &str, public_key: &str) -> Result<String, String> {
    let key = PublicKey::from_base64(public_key)
        .map_err(|error| format!("upgrade_public_key is no minisign key ({error})"))?;
    let signature = Signature::decode(signature)
        .map_err(|error| format!("the file is no minisign signature ({error})"))?;
    // Only prehashed signatures, which minisign makes since 0.6: others need the key to be trusted with
    // any content.
    key.verify(bytes, &signature, false)
        .map_err(|error| format!("it does not verify with upgrade_public_key ({error})"))?;
    Ok(signature.trusted_comment().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by minisign 0.11: `minisign -S -m file -t 'unoc 0.2.0'` for a file with the text `program`.
    const PUBLIC_KEY: &str = include_str!("../../tests/fixtures/minisign/key.pub");
    const SIGNATURE: &str = include_str!("../../tests/fixtures/minisign/program.minisig");

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_only() {
        let key = PUBLIC_KEY.lines().nth(1).unwrap();
        assert_eq!(verify(b"program", SIGNATURE, key), Ok("unoc 0.2.0".to_owned()));
        let check = |bytes: &[u8], signature: &str, key: &str, words: &str| {
            let said = verify(bytes, signature, key).unwrap_err();
            assert!(said.contains(words), "{said}");
        };
        check(b"Program", SIGNATURE, key, "does not verify");
        check(b"program", &SIGNATURE.replace("0.2.0", "0.3.0"), key, "does not verify");
        check(b"program", "no signature", key, "no minisign signature");
        check(b"program", SIGNATURE, "RWQ", "no minisign key");
    }

    #[test]
    fn a_checksum_is_that_of_the_named_file() {
        let (one, two) = ("A".repeat(64), "b".repeat(64));
        let file = Path::new("/root/unoc");
        let lower = "a".repeat(64);
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(sha256_of(text, file).as_deref(), expected, "{text}");
        };
        check(&one, Some(&lower));
        check(&format!("{two}  other\n{one} *dist/unoc\n"), Some(&lower));
        check(&format!("{two}  other\n"), None);
        check("0123", None);
        check(&"g".repeat(64), None);
    }
}
