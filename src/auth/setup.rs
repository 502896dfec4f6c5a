//! The code of the set-up link, with which the first user is made in a browser.

use std::sync::PoisonError;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use super::book::after;
use super::error::{AuthError, LoginError};
use super::handle::AuthHandle;
use super::login::{LoginClient, NewSession};
use super::password::Password;
use super::secret::{digest, new_session_secret};
use super::users::NewUser;
use crate::domain::Timestamp;
use crate::store::{AuditOrigin, Role};
use crate::util::Hidden;

/// From the start of the service, or the command that asks for a link, to the browser.
const CODE_AGE_MAX: Duration = Duration::from_secs(30 * 60);
/// How to get another code.
const BAD_CODE: &str = "the set-up link is wrong, used, or older than 30 minutes; unoc user setup-link makes a new one";

/// The first user, made with the code of the set-up link.
#[derive(Clone, Debug)]
pub struct SetupLogin {
    pub code: Hidden<String>,
    pub name: String,
    pub password: Password,
}

/// A code that makes the first user, once.
#[derive(Clone, Debug)]
pub struct SetupCode {
    pub code: Hidden<String>,
    pub expires_at: Timestamp,
}

/// The code that was drawn last.
#[derive(Default)]
pub(super) struct SetupState(Option<DrawnCode>);

struct DrawnCode {
    hash: [u8; 32],
    expires_at: Timestamp,
}

impl AuthHandle {
    /// Draws a new set-up code; the one before no longer counts. `None` once there is a user.
    pub fn new_setup_code(&self) -> Option<SetupCode> {
        if !self.read(super::book::AuthBook::is_empty) {
            return None;
        }
        let (code, hash) = new_session_secret();
        let expires_at = after(self.now(), CODE_AGE_MAX);
        *self.0.setup.lock().unwrap_or_else(PoisonError::into_inner) =
            SetupState(Some(DrawnCode { hash, expires_at }));
        Some(SetupCode { code: Hidden(code), expires_at })
    }

    /// Returns whether a set-up code that was drawn can still be used.
    pub fn is_setup_possible(&self) -> bool {
        let now = self.now();
        let is_drawn = {
            let setup = self.0.setup.lock().unwrap_or_else(PoisonError::into_inner);
            setup.0.as_ref().is_some_and(|drawn| drawn.expires_at > now)
        };
        is_drawn && self.read(super::book::AuthBook::is_empty)
    }

    /// Makes the first user, an admin, with the code of the set-up link, and logs the person in.
    ///
    /// # Errors
    /// [`LoginError::Refused`] with the reason: the code, the name or the password.
    pub async fn set_up(
        &self,
        setup: SetupLogin,
        client: LoginClient,
        origin: AuditOrigin,
    ) -> Result<NewSession, LoginError> {
        self.check_setup_code(&setup.code)?;
        let SetupLogin { name, password, .. } = setup;
        let new = NewUser { name, role: Role::Admin, password: Some(password) };
        let proof = self.add_first_user(new, origin.clone()).await?;
        *self.0.setup.lock().unwrap_or_else(PoisonError::into_inner) = SetupState(None);
        Ok(self.begin_session(proof, client, origin).await?)
    }

    fn check_setup_code(&self, code: &Hidden<String>) -> Result<(), AuthError> {
        let now = self.now();
        let setup = self.0.setup.lock().unwrap_or_else(PoisonError::into_inner);
        let is_right = setup.0.as_ref().is_some_and(|drawn| {
            drawn.expires_at > now && bool::from(drawn.hash.ct_eq(&digest(&code.0)))
        });
        if is_right { Ok(()) } else { Err(AuthError::Refused(BAD_CODE.to_owned())) }
    }
}
