//! Making the first user in a browser, with the code of the set-up link.

use super::book::AuthBook;
use super::error::{AuthError, LoginError};
use super::handle::AuthHandle;
use super::login::{LoginClient, NewSession};
use super::password::Password;
use super::setup_codes::SetupCode;
use super::users::NewUser;
use crate::store::{AuditOrigin, Role};
use crate::util::Hidden;

/// How to get another code.
const BAD_CODE: &str = "the set-up link is wrong, used, or older than 30 minutes; unoc user setup-link makes a new one";

/// The first user, made with the code of the set-up link.
#[derive(Clone, Debug)]
pub struct SetupLogin {
    pub code: Hidden<String>,
    pub name: String,
    pub password: Password,
}

impl AuthHandle {
    /// Draws a new set-up code; the one before no longer counts. `None` once there is a user.
    pub fn new_setup_code(&self) -> Option<SetupCode> {
        self.read(AuthBook::is_empty).then(|| self.0.setup.draw(self.now()))
    }

    /// Returns whether a set-up code that was drawn can still be used.
    pub fn is_setup_possible(&self) -> bool {
        self.0.setup.is_open(self.now()) && self.read(AuthBook::is_empty)
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
        if !self.0.setup.is_right(&setup.code, self.now()) {
            return Err(AuthError::Refused(BAD_CODE.to_owned()).into());
        }
        let SetupLogin { name, password, .. } = setup;
        let new = NewUser { name, role: Role::Admin, password: Some(password) };
        let proof = self.add_first_user(new, origin.clone()).await?;
        self.0.setup.forget();
        self.begin_session(proof, client, origin).await
    }
}
