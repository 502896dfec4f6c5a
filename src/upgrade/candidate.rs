//! A file that shall become the program, and what is wrong with it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::error::{UpgradeError, cannot};
use super::journal::{ProgramFacts, UNKNOWN_SCHEMA};
use super::program::run_within;
use super::signature;
use crate::util::{error_chain, hex};

/// A program takes milliseconds to print its version.
const ASK_WAIT: Duration = Duration::from_secs(10);
/// A debug build has 150 MiB.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// The beginning of an executable: class and byte order, then type and machine (ELF specification 1.2,
/// "ELF Header").
const ELF_HEAD_BYTES: usize = 20;
const ELF_MAGIC: &[u8] = b"\x7fELF";
/// `ET_EXEC` and `ET_DYN`; position-independent executables are of the latter type.
const ELF_EXECUTABLE_TYPES: [u16; 2] = [2, 3];
/// `e_machine` (System V ABI, processor supplements).
const MACHINES: &[(u16, &str)] =
    &[(3, "x86"), (40, "32-bit ARM"), (62, "x86-64"), (183, "ARM64"), (243, "RISC-V")];

/// What is to be examined.
#[derive(Debug)]
pub struct CandidateRequest<'a> {
    pub file: &'a Path,
    /// The SHA-256 that it must have; without it, that of the file of the same name with `.sha256`, if
    /// there is one.
    pub sha256: Option<&'a str>,
    /// The minisign key that the file of the same name with `.minisig` must verify with.
    pub public_key: Option<&'a str>,
}

/// A file that can become the program. What was examined is what will be installed: the bytes are read
/// once.
#[derive(Debug)]
pub struct Candidate {
    pub bytes: Vec<u8>,
    pub facts: ProgramFacts,
    /// Where the checksum that it has been compared with comes from.
    pub checksum_source: Option<String>,
    /// The trusted comment of its signature, if it has been verified.
    pub signed_comment: Option<String>,
}

impl Candidate {
    /// Reads and examines a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each as a sentence. It is only run if its checksum and signature
    /// are right.
    pub fn examine(request: &CandidateRequest<'_>) -> Result<Self, Vec<String>> {
        let name = request.file.display();
        let bytes = read(request.file).map_err(|error| vec![error])?;
        let sha256 = hex(Sha256::digest(&bytes));
        let mut obstacles = Vec::new();
        let checksum_source = check_sha256(request, &sha256)
            .unwrap_or_else(|obstacle| refused(&mut obstacles, obstacle));
        let signed_comment = check_signature(request, &bytes)
            .unwrap_or_else(|obstacle| refused(&mut obstacles, obstacle));
        if let Err(obstacle) = check_architecture(&bytes) {
            obstacles.push(format!("{name} {obstacle}"));
        }
        if !obstacles.is_empty() {
            return Err(obstacles);
        }
        let facts = ask_bytes(&bytes, &name.to_string(), sha256)
            .map_err(|error| vec![error_chain(&error)])?;
        if facts.store_schema == UNKNOWN_SCHEMA {
            return Err(vec![format!(
                "{name} is a build of version {} that does not say which stores it opens; use a released one",
                facts.version
            )]);
        }
        Ok(Self { bytes, facts, checksum_source, signed_comment })
    }
}

impl ProgramFacts {
    /// Asks the program at `path`, whose SHA-256 is known.
    ///
    /// # Errors
    /// [`UpgradeError`] if it does not answer as UNOC does.
    pub fn ask(path: &Path, sha256: String) -> Result<Self, UpgradeError> {
        ask(path, &path.display().to_string(), sha256)
    }
}

fn refused(obstacles: &mut Vec<String>, obstacle: String) -> Option<String> {
    obstacles.push(obstacle);
    None
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("{} is not a regular file", path.display()));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("{} is larger than {} MiB", path.display(), FILE_BYTES_MAX >> 20));
    }
    Ok(bytes)
}

/// Returns where the checksum comes from; `None` if there is none to compare with.
fn check_sha256(request: &CandidateRequest<'_>, found: &str) -> Result<Option<String>, String> {
    let path = with_suffix(request.file, ".sha256");
    let (text, source) = match (request.sha256, read_beside(&path)?) {
        (Some(given), _) => (given.to_owned(), "--sha256".to_owned()),
        (None, Some(text)) => (text, path.display().to_string()),
        (None, None) => return Ok(None),
    };
    let wanted = signature::sha256_of(&text, request.file).ok_or_else(|| {
        format!("{source} has no SHA-256 of {}: 64 hexadecimal digits", request.file.display())
    })?;
    if wanted != found {
        return Err(format!(
            "{} has the SHA-256 {found}, but {source} says {wanted}; download it again",
            request.file.display()
        ));
    }
    Ok(Some(source))
}

/// Returns the trusted comment of the signature; `None` if no key is configured.
fn check_signature(request: &CandidateRequest<'_>, bytes: &[u8]) -> Result<Option<String>, String> {
    let Some(key) = request.public_key else { return Ok(None) };
    let path = with_suffix(request.file, ".minisig");
    let Some(text) = read_beside(&path)? else {
        return Err(format!(
            "{} is missing, and upgrade_public_key allows signed files only",
            path.display()
        ));
    };
    let verified = signature::verify(bytes, &text, key);
    verified.map(Some).map_err(|what| format!("{}: {what}", path.display()))
}

fn check_architecture(bytes: &[u8]) -> Result<(), String> {
    let mut own = [0; ELF_HEAD_BYTES];
    let read = File::open("/proc/self/exe").and_then(|mut file| file.read_exact(&mut own));
    read.map_err(|error| format!("cannot be compared with this program: {error}"))?;
    if !bytes.starts_with(ELF_MAGIC) || bytes.len() < ELF_HEAD_BYTES {
        return Err("is not an ELF executable".to_owned());
    }
    if bytes[4..6] != own[4..6] || bytes[18..20] != own[18..20] {
        return Err(format!(
            "is for {}, but this host runs programs for {}",
            machine(bytes),
            machine(&own)
        ));
    }
    if !ELF_EXECUTABLE_TYPES.contains(&half(bytes, 16)) {
        return Err("is an ELF file, but no executable".to_owned());
    }
    Ok(())
}

fn machine(head: &[u8]) -> String {
    let number = half(head, 18);
    let known = MACHINES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("machine {number}"), |(_, name)| (*name).to_owned())
}

/// The number of two bytes at an offset of an ELF header, in the byte order that it names.
fn half(head: &[u8], offset: usize) -> u16 {
    let bytes = [head[offset], head[offset + 1]];
    if head[5] == 1 { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
}

/// Runs the bytes from memory: the file itself may be on a volume that allows no programs, lack the mode of
/// one, or change meanwhile.
fn ask_bytes(bytes: &[u8], name: &str, sha256: String) -> Result<ProgramFacts, UpgradeError> {
    let failed = |source| UpgradeError::NotStarted { program: name.to_owned(), source };
    let make = || {
        let mut writable = File::from(memfd_create("unoc", MemfdFlags::CLOEXEC)?);
        writable.write_all(bytes)?;
        // A file that is open for writing cannot be executed (execve(2), ETXTBSY).
        File::open(format!("/proc/self/fd/{}", writable.as_raw_fd()))
    };
    let file = make().map_err(failed)?;
    ask(&PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())), name, sha256)
}

fn ask(path: &Path, name: &str, sha256: String) -> Result<ProgramFacts, UpgradeError> {
    #[derive(Deserialize)]
    struct Answer {
        name: String,
        version: String,
        store_schema: Option<u32>,
    }
    let mut command = Command::new(path);
    let output = run_within(command.env_clear().args(["version", "--json"]), ASK_WAIT);
    let output = output.map_err(|error| match error {
        UpgradeError::NotStarted { source, .. } => {
            UpgradeError::NotStarted { program: name.to_owned(), source }
        }
        UpgradeError::TimedOut { limit, .. } => {
            UpgradeError::TimedOut { program: format!("{name} version --json"), limit }
        }
        other => other,
    })?;
    let not_unoc = |what: String| UpgradeError::NotUnoc { program: name.to_owned(), what };
    let answer: Answer = serde_json::from_str(&output.stdout).map_err(|error| {
        let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
        let said = said.lines().next().unwrap_or_default();
        not_unoc(format!("to version --json it answers {said:?} ({error})"))
    })?;
    if answer.name != env!("CARGO_PKG_NAME") || !output.is_success {
        return Err(not_unoc(format!("it calls itself {:?}", answer.name)));
    }
    let store_schema = answer.store_schema.unwrap_or(UNKNOWN_SCHEMA);
    Ok(ProgramFacts { version: answer.version, store_schema, sha256 })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn read_beside(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path)(error).to_string()),
    }
}
