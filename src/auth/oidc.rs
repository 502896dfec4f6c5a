//! Logging in through a provider of OpenID Connect, which has said who it is.

use serde_json::json;

use super::book::AuthBook;
use super::error::{AuthError, LoginError};
use super::handle::AuthHandle;
use super::login::{LoginClient, LoginProof, NewSession};
use super::name::checked_user_name;
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{AuditEvent, AuditOrigin, AuthBatch, Role, User};

/// Longest subject with its issuer that is kept: OpenID Connect Core 1.0, section 2, has 255 characters of a subject.
const SUBJECT_BYTES_MAX: usize = 1024;

/// A login that an OIDC provider has vouched for.
#[derive(Clone, Debug)]
pub struct OidcLogin {
    /// The issuer and the subject, which never change.
    pub subject: String,
    /// The name of a user who is made at the first login.
    pub name: String,
    /// By the provider's claim.
    pub role: Role,
}

impl AuthHandle {
    /// Logs somebody in whom an OIDC provider has vouched for: the user of this issuer and subject, or a new one. A name
    /// links nobody, since people choose theirs at many providers. The role follows the provider's claim, except that
    /// the last admin with a password stays one.
    ///
    /// # Errors
    /// [`LoginError::Refused`] when the name of a new user is another user's, when the user is disabled, and while there
    /// are no users: the first one is made on this host.
    pub async fn log_in_oidc(
        &self,
        login: OidcLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        let made_by = origin.clone();
        let decide = move |book: &AuthBook, now: Timestamp| decide_user(book, &login, made_by, now);
        let user = self.change(decide).await?;
        let proof = LoginProof { user, code: None, rehashed: None };
        self.begin_session(proof, client, origin).await
    }
}

/// Finds or makes the user, and gives it the role of the claim.
fn decide_user(
    book: &AuthBook,
    login: &OidcLogin,
    origin: AuditOrigin,
    now: Timestamp,
) -> Result<(AuthWrite, User), AuthError> {
    if login.subject.len() > SUBJECT_BYTES_MAX {
        return Err(AuthError::Refused("the provider's subject is too long".to_owned()));
    }
    let before = book.user_of_subject(&login.subject);
    let mut user = match before {
        Some(user) if user.is_disabled => {
            return Err(AuthError::Refused(format!("the user {} is disabled", user.name)));
        }
        Some(user) => user.clone(),
        None => new_user(book, &login.name, login.role, now)?,
    };
    user.oidc_subject = Some(login.subject.clone());
    user.role = login.role;
    if before.is_some() && book.check_user(&user).is_err() {
        // The last admin with a password.
        user.role = before.map_or(user.role, |before| before.role);
    }
    book.check_user(&user)?;
    if before == Some(&user) {
        return Ok((AuthWrite::default(), user));
    }
    let has_other_role = before.is_some_and(|before| before.role != user.role);
    let ended = book.sessions(Some(user.id)).filter(|_| has_other_role);
    let batch = AuthBatch {
        users: vec![user.clone()],
        removed_sessions: ended.map(|session| session.id).collect(),
        ..AuthBatch::default()
    };
    let action = if before.is_some() { "change user" } else { "add user" };
    let details = json!({
        "user": user.name,
        "role": {"before": before.map(|before| before.role.as_str()), "after": user.role.as_str()},
        "by": "oidc",
    });
    Ok((AuthWrite { batch, event: Some(AuditEvent::done(origin, action, details)) }, user))
}

fn new_user(book: &AuthBook, name: &str, role: Role, now: Timestamp) -> Result<User, AuthError> {
    if book.is_empty() {
        return Err(AuthError::Refused(
            "there is no user yet; the first one is made on the host: unoc user add NAME --role admin"
                .to_owned(),
        ));
    }
    if let Some(User { name, .. }) = book.user_named(name) {
        return Err(AuthError::Refused(format!(
            "there is a user {name} here already, who is not linked to this account of the provider. If it is the same \
             person, an administrator removes that user (unoc user remove {name}), and the next sign-in makes one that \
             is linked; otherwise one of the two needs another name"
        )));
    }
    Ok(User {
        id: book.next_user(),
        name: checked_user_name(name)?,
        role,
        password_hash: None,
        totp: None,
        is_disabled: false,
        created_at: now,
        password_changed_at: None,
        last_login: None,
        oidc_subject: None,
    })
}
