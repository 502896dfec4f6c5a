//! Logging in.

use std::net::IpAddr;

use serde_json::json;

use super::book::AuthBook;
use super::device::{DeviceId, DeviceSigner};
use super::error::{AuthError, LoginError};
use super::failures::FailedAccount;
use super::handle::AuthHandle;
use super::hash_places::{Asker, SourceSite};
use super::hasher::Verdict;
use super::name::{checked_user_name, folded};
use super::password::Password;
use super::secret::{new_session_secret, random};
use super::throttle::{Attempt, SourceNetwork, ThrottleKey};
use super::totp::{self, CodeUse};
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuditOrigin, AuthBatch, LastLogin, LoginSession, User};
use crate::util::Hidden;

/// What a browser says of itself is cut off here: to recognise a session, its beginning is enough.
const USER_AGENT_BYTES_MAX: usize = 256;

/// From where somebody logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginClient {
    /// `None` over the Unix socket.
    pub address: Option<IpAddr>,
    /// What the browser says of itself; may be empty, and is cut off when it is long.
    pub user_agent: String,
    /// What the browser shows of an earlier login: see [`NewSession::device_cookie`].
    pub device_cookie: Option<Hidden<String>>,
}

/// A login with a password.
#[derive(Clone, Debug)]
pub struct PasswordLogin {
    pub name: String,
    pub password: Password,
    /// A code of the authenticator, or a recovery code.
    pub code: Option<Hidden<String>>,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the browser keeps in its cookie, and nobody else.
    pub secret: Hidden<String>,
    pub session: LoginSession,
    /// As after the login.
    pub user: User,
    /// The login before this one.
    pub previous_login: Option<LastLogin>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// What the browser keeps and shows at later logins, so that failures elsewhere do not slow it; `None` for a user
    /// without a password.
    pub device_cookie: Option<Hidden<String>>,
}

/// From where a login is tried.
struct LoginSource {
    address: Option<IpAddr>,
    /// The account has logged in from this network, or in this browser.
    is_known: bool,
    /// The browser, if the account has logged in there.
    device: Option<DeviceId>,
}

/// How a login was proved.
pub(super) struct LoginProof {
    /// As it was when the proof was checked.
    pub(super) user: User,
    pub(super) code: Option<CodeUse>,
    /// The password, hashed again at the present cost.
    pub(super) rehashed: Option<Hidden<String>>,
}

impl AuthHandle {
    /// Logs somebody in with a password, and a code where the user has a second factor. The session is durable
    /// afterwards.
    ///
    /// # Errors
    /// [`LoginError`]. The same one, after the same work, for an unknown name and a wrong password.
    pub async fn log_in(
        &self,
        login: PasswordLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let user = checked_user_name(&login.name).ok().and_then(|name| self.user_named(&name));
        let source = self.source_of(&client, user.as_ref());
        let mut attempt = match self.begin_attempt(&login, &source) {
            Ok(attempt) => attempt,
            Err(error) => {
                self.count_failure(user.as_ref(), origin);
                return Err(error);
            }
        };
        let proved = self.prove(&login, user.as_ref(), &source, &mut attempt).await;
        let begun = match proved {
            Ok(proof) => self.begin_session(proof, client, origin.clone()).await,
            Err(error) => Err(error),
        };
        match &begun {
            Ok(_) => self.0.throttle.succeed(attempt),
            // It stays counted.
            Err(LoginError::Wrong) => self.count_failure(user.as_ref(), origin),
            Err(_) => self.0.throttle.take_back(attempt),
        }
        begun
    }

    fn begin_attempt(
        &self,
        login: &PasswordLogin,
        source: &LoginSource,
    ) -> Result<Attempt, LoginError> {
        if let Some(device) = source.device {
            return self.begin_keys(vec![ThrottleKey::Device(device)]);
        }
        let network = SourceNetwork::of(source.address);
        // All texts that are no name are one account.
        let name = checked_user_name(&login.name).map(|name| folded(&name)).unwrap_or_default();
        let mut keys = vec![ThrottleKey::Account(name, network)];
        if !source.is_known {
            keys.push(ThrottleKey::Address(network));
        }
        self.begin_keys(keys)
    }

    fn source_of(&self, client: &LoginClient, user: Option<&User>) -> LoginSource {
        let device = user.zip(client.device_cookie.as_ref()).and_then(|(user, cookie)| {
            self.read(|book| DeviceSigner(book.device_key()?).device(&cookie.0, user, self.now()))
        });
        let network = SourceNetwork::of(client.address);
        let is_own = user.is_some_and(|user| self.has_logged_in_from(user, network));
        LoginSource { address: client.address, is_known: device.is_some() || is_own, device }
    }

    /// Counts a code of a user whose password was right: only one who knows that makes the user wait for others.
    fn begin_code_attempt(&self, user: &User, source: &LoginSource) -> Result<Attempt, LoginError> {
        self.begin_keys(if source.is_known { Vec::new() } else { vec![ThrottleKey::Code(user.id)] })
    }

    fn begin_keys(&self, keys: Vec<ThrottleKey>) -> Result<Attempt, LoginError> {
        let begun = self.0.throttle.begin(keys, self.now());
        begun.map_err(|retry_after| LoginError::Throttled { retry_after })
    }

    fn has_logged_in_from(&self, user: &User, network: SourceNetwork) -> bool {
        let last = user.last_login.map(|login| login.address);
        let of_sessions = |book: &AuthBook| {
            let addresses = book.sessions(Some(user.id)).map(|session| session.address);
            addresses.chain(last).any(|address| SourceNetwork::of(address) == network)
        };
        self.read(of_sessions)
    }

    /// Checks the password, and then the code. An unknown user, one without a password and one who is disabled cost
    /// the hash of a password as well. What is checked of a code counts in the attempt, too.
    async fn prove(
        &self,
        login: &PasswordLogin,
        user: Option<&User>,
        source: &LoginSource,
        attempt: &mut Attempt,
    ) -> Result<LoginProof, LoginError> {
        let asker = match source.is_known {
            true => Asker::Known,
            false => Asker::Stranger(SourceSite::of(source.address)),
        };
        let user = user.filter(|user| !user.is_disabled);
        let stored = user.and_then(|user| user.password_hash.as_ref());
        let verdict = self.0.hasher.verify(asker, stored, &login.password).await?;
        let (Some(user), Verdict::Right | Verdict::RightOutdated) = (user, verdict) else {
            return Err(LoginError::Wrong);
        };
        let code = match (&user.totp, &login.code) {
            (None, _) => None,
            (Some(_), None) => return Err(LoginError::NeedsCode),
            (Some(state), Some(code)) => {
                attempt.include(self.begin_code_attempt(user, source)?);
                Some(totp::check(state, &code.0, self.now()).ok_or(LoginError::Wrong)?)
            }
        };
        let rehashed = match verdict {
            Verdict::RightOutdated => Some(self.0.hasher.hash(&login.password).await?),
            Verdict::Right | Verdict::Wrong => None,
        };
        Ok(LoginProof { user: user.clone(), code, rehashed })
    }

    /// Begins the session of somebody who has proved who it is, unless the user has changed meanwhile.
    pub(super) async fn begin_session(
        &self,
        proof: LoginProof,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let (secret, hash) = new_session_secret();
        let drawn_key = Hidden(random());
        let decide = move |book: &AuthBook, now: Timestamp| {
            let before = book.user(proof.user.id).filter(|user| !user.is_disabled);
            let before = before.filter(|user| user.password_hash == proof.user.password_hash);
            let before = before.ok_or(AuthError::NotFound("user"))?;
            let mut user = after_login(before, &proof)?;
            user.last_login = Some(LastLogin { at: now, address: client.address });
            let session = LoginSession {
                id: book.next_session(),
                secret_hash: Hidden(hash),
                user: user.id,
                created_at: now,
                last_used_at: now,
                address: client.address,
                user_agent: shortened(client.user_agent),
            };
            let factor = proof.code.map(|code| match code {
                CodeUse::Step(_) => "authenticator",
                CodeUse::Recovery(_) => "recovery code",
            });
            let details =
                json!({"user": user.name, "session": session.id.0, "second_factor": factor});
            let origin = AuditOrigin { actor: format!("user {}", user.name), ..origin };
            let batch = AuthBatch {
                users: vec![user.clone()],
                removed_sessions: book.surplus_sessions(user.id),
                sessions: vec![session.clone()],
                device_key: Some(drawn_key).filter(|_| book.device_key().is_none()),
                ..AuthBatch::default()
            };
            let event = Some(AuditEvent::done(origin, "log in", details));
            Ok((AuthWrite { batch, event }, (session, user, before.last_login)))
        };
        let (session, user, previous_login) = self.change(decide).await?;
        let expires_at = self.session_end(&session);
        let device_cookie = self.read(|book| {
            let key = book.device_key().filter(|_| user.password_hash.is_some())?;
            Some(DeviceSigner(key).cookie(&user, session.created_at))
        });
        let secret = Hidden(secret);
        Ok(NewSession { secret, session, user, previous_login, expires_at, device_cookie })
    }

    fn count_failure(&self, user: Option<&User>, origin: AuditOrigin) {
        let account =
            user.map_or(FailedAccount::Unknown, |user| FailedAccount::Known(user.name.clone()));
        self.0.failures.count(account, origin, self.now());
    }
}

/// Returns the user with what a login changes. [`AuthError::Wrong`] if the code was used meanwhile.
fn after_login(before: &User, proof: &LoginProof) -> Result<User, AuthError> {
    let mut user = before.clone();
    if user.totp.is_some() != proof.user.totp.is_some() {
        return Err(AuthError::NotFound("user"));
    }
    if let (Some(state), Some(code)) = (&before.totp, &proof.code) {
        user.totp = Some(totp::used(state, code).ok_or(AuthError::Wrong("The code was used"))?);
    }
    if let Some(hash) = &proof.rehashed {
        user.password_hash = Some(hash.clone());
    }
    Ok(user)
}

fn shortened(user_agent: String) -> String {
    let mut text = user_agent;
    text.truncate(text.floor_char_boundary(USER_AGENT_BYTES_MAX));
    text.retain(|c| !c.is_control());
    text
}
