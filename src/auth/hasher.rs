//! argon2id, away from the threads that serve requests and bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq as _;
use tracing::error;

use super::error::AuthError;
use super::hash_places::{Asker, HashPlaces};
use super::password::Password;
use super::secret::random;
use crate::util::{BlockingLimit, Hidden, run_at_low_priority};

/// Passwords that are hashed at a time: each takes [`PasswordCost::memory_kib`], and a core.
const RUNNING_MAX: usize = 2;
/// RFC 9106 section 3.1 recommends 16 bytes of salt, and 32 of the hash are beyond any search.
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// No hash that this program makes needs as much; a record that asks for it is damaged.
const MEMORY_KIB_MAX: u32 = 1 << 20;

/// How much work one guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl PasswordCost {
    /// 100 to 300 ms on one core of 2020 to 2025 (docs/PERFORMANCE.md). More memory than the 19 MiB of OWASP's
    /// password storage cheat sheet, and half of the second recommendation of RFC 9106 section 4, so that two logins
    /// at a time fit into a small machine.
    pub(super) const STANDARD: Self = Self { memory_kib: 32 << 10, passes: 4 };

    #[cfg(test)]
    pub(super) const TEST: Self = Self { memory_kib: 8, passes: 1 };

    #[cfg(test)]
    pub(super) const fn doubled(self) -> Self {
        Self { passes: 2 * self.passes, ..self }
    }
}

/// What a password is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredHash {
    cost: PasswordCost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// How a password compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Right,
    /// Right, and it should be hashed again: at another cost than at present.
    RightOutdated,
}

/// Hashes passwords; clones share the bounds.
#[derive(Clone)]
pub(super) struct PasswordHasher {
    cost: PasswordCost,
    /// For those that run or wait.
    places: HashPlaces,
    running: BlockingLimit,
    /// How many were hashed since the start.
    count: Arc<AtomicU64>,
}

impl PasswordHasher {
    pub(super) fn new(cost: PasswordCost) -> Self {
        Self {
            cost,
            places: HashPlaces::default(),
            running: BlockingLimit::new(RUNNING_MAX),
            count: Arc::default(),
        }
    }

    /// Returns how many passwords were hashed since the start, for whatever reason.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the hash of a new password, which was checked.
    ///
    /// # Errors
    /// [`AuthError::Busy`].
    pub(super) async fn hash(&self, password: &Password) -> Result<Hidden<String>, AuthError> {
        let salt = random::<SALT_BYTES>().to_vec();
        let normal = password.normalised().unwrap_or_default();
        // Only somebody who is known sets a password.
        let hash = self.run(Asker::Known, normal, self.cost, salt.clone()).await?;
        Ok(Hidden(StoredHash { cost: self.cost, salt, hash }.phc()))
    }

    /// Compares a password with what is stored. It takes the same work when nothing is stored, or nothing that can be
    /// read: who asks cannot tell whether there is such a user.
    ///
    /// # Errors
    /// [`AuthError::Busy`].
    pub(super) async fn verify(
        &self,
        asker: Asker,
        stored: Option<&Hidden<String>>,
        password: &Password,
    ) -> Result<Verdict, AuthError> {
        let parsed = stored.and_then(|phc| {
            let parsed = StoredHash::parse(&phc.0);
            if parsed.is_none() {
                error!("The hash of a user's password cannot be read: set a new password");
            }
            parsed
        });
        let normal = password.normalised();
        let is_known = parsed.is_some() && normal.is_some();
        let nothing =
            || StoredHash { cost: self.cost, salt: vec![0; SALT_BYTES], hash: vec![0; HASH_BYTES] };
        let StoredHash { cost, salt, hash } = parsed.unwrap_or_else(nothing);
        let found = self.run(asker, normal.unwrap_or_default(), cost, salt).await?;
        let is_equal = bool::from(found.ct_eq(&hash));
        Ok(match is_known && is_equal {
            false => Verdict::Wrong,
            true if cost == self.cost => Verdict::Right,
            true => Verdict::RightOutdated,
        })
    }

    /// The memory goes back when the thread ends; below the threads that serve requests, guesses slow nobody down.
    async fn run(
        &self,
        asker: Asker,
        password: String,
        cost: PasswordCost,
        salt: Vec<u8>,
    ) -> Result<Vec<u8>, AuthError> {
        let _place = self.places.take(asker).ok_or(AuthError::Busy)?;
        self.count.fetch_add(1, Ordering::Relaxed);
        let hash = move || run_at_low_priority(|| hash(password.as_bytes(), cost, &salt));
        self.running.run(hash).await.map_err(|_| AuthError::Busy)
    }
}

fn hash(password: &[u8], cost: PasswordCost, salt: &[u8]) -> Vec<u8> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES));
    let params = params.expect("a cost is checked before it is used");
    let mut out = vec![0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut out)
        .expect("passwords, salts and hashes have lengths that argon2 takes");
    out
}

impl StoredHash {
    /// The PHC string format: <https://github.com/P-H-C/phc-string-format>.
    fn phc(&self) -> String {
        let PasswordCost { memory_kib, passes } = self.cost;
        let (salt, hash) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}")
    }

    fn parse(phc: &str) -> Option<Self> {
        let rest = phc.strip_prefix("$argon2id$v=19$m=")?;
        let (costs, rest) = rest.split_once(",p=1$")?;
        let (memory_kib, passes) = costs.split_once(",t=")?;
        let (salt, hash) = rest.split_once('$')?;
        let cost =
            PasswordCost { memory_kib: memory_kib.parse().ok()?, passes: passes.parse().ok()? };
        let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok()?;
        let hash = BASE64_NOPAD.decode(hash.as_bytes()).ok()?;
        let is_valid = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).is_ok()
            && cost.memory_kib <= MEMORY_KIB_MAX
            && salt.len() == SALT_BYTES
            && hash.len() == HASH_BYTES;
        is_valid.then_some(Self { cost, salt, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(PasswordCost::TEST)
    }

    #[tokio::test]
    async fn a_password_is_right_in_any_normal_form_and_nothing_else_is() {
        let hasher = hasher();
        let stored = hasher.hash(&Password::new("gr\u{fc}ne Wiese")).await.unwrap();
        assert!(stored.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", stored.0);
        let verify = async |password: &str| {
            hasher.verify(Asker::Known, Some(&stored), &Password::new(password)).await.unwrap()
        };
        assert_eq!(verify("gru\u{308}ne Wiese").await, Verdict::Right);
        assert_eq!(verify("gr\u{fc}ne Wiesen").await, Verdict::Wrong);
        assert_eq!(verify("").await, Verdict::Wrong);
        assert_eq!(verify(&"a".repeat(5000)).await, Verdict::Wrong);
        let again = hasher.hash(&Password::new("gr\u{fc}ne Wiese")).await.unwrap();
        assert_ne!(again, stored, "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn nothing_stored_is_the_same_work() {
        let hasher = hasher();
        let stored = hasher.hash(&Password::new("a")).await.unwrap();
        let damaged = Hidden(stored.0.replace("m=8", "m=4000000000"));
        for stored in [Some(&stored), Some(&damaged), None] {
            let before = hasher.count();
            let verdict = hasher.verify(Asker::Known, stored, &Password::new("b")).await.unwrap();
            assert_eq!((verdict, hasher.count()), (Verdict::Wrong, before + 1));
        }
        // An empty password is not that of nobody.
        assert_eq!(
            hasher.verify(Asker::Known, None, &Password::new("")).await.unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn another_cost_is_noticed() {
        let cheap = hasher();
        let stored = cheap.hash(&Password::new("password")).await.unwrap();
        let dear = PasswordHasher::new(PasswordCost { memory_kib: 16, passes: 2 });
        let verdict =
            dear.verify(Asker::Known, Some(&stored), &Password::new("password")).await.unwrap();
        assert_eq!(verdict, Verdict::RightOutdated);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let hasher = hasher();
        let mut held: Vec<_> = std::iter::from_fn(|| hasher.places.take(Asker::Known)).collect();
        drop(held.pop());
        hasher.verify(Asker::Known, None, &Password::new("a")).await.unwrap();
        let last = hasher.places.take(Asker::Known).unwrap();
        let refused = hasher.verify(Asker::Known, None, &Password::new("a")).await;
        assert!(matches!(refused, Err(AuthError::Busy)), "{refused:?}");
        drop((held, last));
        hasher.verify(Asker::Known, None, &Password::new("a")).await.unwrap();
    }

    /// The test vector of RFC 9106, appendix A, needs a secret; this one is of the reference program:
    /// `echo -n password | argon2 somesaltsomesalt -id -t 4 -k 32768 -p 1 -l 32 -e`.
    #[test]
    fn it_is_the_standard_argon2id() {
        let of = |password: &[u8]| hash(password, PasswordCost::STANDARD, b"somesaltsomesalt");
        let stored = StoredHash {
            cost: PasswordCost::STANDARD,
            salt: b"somesaltsomesalt".to_vec(),
            hash: of(b"password"),
        };
        assert_eq!(
            stored.phc(),
            "$argon2id$v=19$m=32768,t=4,p=1$c29tZXNhbHRzb21lc2FsdA$R5BbHMxJEx7pG1WGvS55GR7eEWF3pTf0sNpyZoYOBZs"
        );
        assert_eq!(StoredHash::parse(&stored.phc()), Some(stored));
    }
}
