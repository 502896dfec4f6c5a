//! API tokens.

use std::time::Duration;

use serde_json::json;

use super::book::{AuthBook, TOKENS_MAX, TOKENS_PER_USER_MAX, after};
use super::error::AuthError;
use super::handle::AuthHandle;
use super::name::checked_token_name;
use super::secret::{new_token, prefix_of};
use crate::domain::Timestamp;
use crate::engine::AuthWrite;
use crate::store::{
    ApiToken, AuditEvent, AuditOrigin, AuthBatch, Role, TokenId, TokenScope, UserId,
};
use crate::util::{Hidden, counted};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A token to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub name: String,
    pub scope: TokenScope,
    pub owner: UserId,
    /// `None`: [`NewToken::DAYS_DEFAULT`].
    pub expires_in_days: Option<u32>,
}

impl NewToken {
    /// A quarter: after it a token is made anew.
    pub const DAYS_DEFAULT: u32 = 90;
    /// No token lives longer than a year, so that one that was forgotten ends.
    pub const DAYS_MAX: u32 = 366;
}

/// A token that has just been made. It is shown once.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub secret: Hidden<String>,
    pub token: ApiToken,
}

impl AuthHandle {
    /// Returns the tokens of a user, or all, the newest first; also those that expired lately.
    pub fn tokens(&self, of: Option<UserId>) -> Vec<ApiToken> {
        self.read(|book| book.tokens(of).collect())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`AuthError::Refused`]: the name, the time, too many tokens, or a scope above the owner's role.
    pub async fn add_token(
        &self,
        new: NewToken,
        origin: AuditOrigin,
    ) -> Result<IssuedToken, AuthError> {
        let name = checked_token_name(&new.name)?;
        let days = new.expires_in_days.unwrap_or(NewToken::DAYS_DEFAULT);
        if !(1..=NewToken::DAYS_MAX).contains(&days) {
            let text = format!("a token expires in 1 to {} days", NewToken::DAYS_MAX);
            return Err(AuthError::Refused(text));
        }
        let (text, hash) = new_token();
        let prefix = prefix_of(&text).to_owned();
        let decide = move |book: &AuthBook, now: Timestamp| {
            check_room(book, &new, &name)?;
            let token = ApiToken {
                id: book.next_token(),
                secret_hash: Hidden(hash),
                prefix,
                name,
                scope: new.scope,
                owner: new.owner,
                created_at: now,
                expires_at: after(now, DAY * days),
                last_used_at: None,
            };
            let event = AuditEvent::done(origin, "add token", details(book, &token));
            let batch = AuthBatch { tokens: vec![token.clone()], ..AuthBatch::default() };
            Ok((AuthWrite { batch, event: Some(event) }, token))
        };
        let token = self.change(decide).await?;
        Ok(IssuedToken { secret: Hidden(text), token })
    }

    /// Revokes a token: it is refused from now on, and its sockets are told. `of`: only if it is this user's.
    ///
    /// # Errors
    /// [`AuthError::NotFound`].
    pub async fn revoke_token(
        &self,
        id: TokenId,
        of: Option<UserId>,
        origin: AuditOrigin,
    ) -> Result<(), AuthError> {
        let decide = move |book: &AuthBook, _: Timestamp| {
            let token = book.token(id).filter(|it| of.is_none_or(|of| it.owner == of));
            let token = token.ok_or(AuthError::NotFound("Token"))?;
            let event = AuditEvent::done(origin, "revoke token", details(book, &token));
            let batch = AuthBatch { removed_tokens: vec![id], ..AuthBatch::default() };
            Ok((AuthWrite { batch, event: Some(event) }, ()))
        };
        self.change(decide).await
    }
}

fn check_room(book: &AuthBook, new: &NewToken, name: &str) -> Result<(), AuthError> {
    let owner = book.user(new.owner).ok_or(AuthError::NotFound("User"))?;
    if new.scope == TokenScope::Operate && owner.role < Role::Operator {
        return Err(AuthError::Refused(format!(
            "{} is a {} and cannot have a token that may more",
            owner.name,
            owner.role.as_str()
        )));
    }
    if book.tokens(Some(new.owner)).any(|token| token.name == name) {
        return Err(AuthError::Refused(format!("{} has a token {name} already", owner.name)));
    }
    if book.tokens(Some(new.owner)).count() >= TOKENS_PER_USER_MAX {
        return Err(AuthError::Refused(format!(
            "{} has {}, the most there may be; revoke one first",
            owner.name,
            counted(TOKENS_PER_USER_MAX, "token")
        )));
    }
    if book.tokens(None).count() >= TOKENS_MAX {
        return Err(AuthError::Refused(format!(
            "there are {}, the most there may be; revoke one first",
            counted(TOKENS_MAX, "token")
        )));
    }
    Ok(())
}

fn details(book: &AuthBook, token: &ApiToken) -> serde_json::Value {
    json!({
        "token": token.name,
        "prefix": token.prefix,
        "scope": token.scope.as_str(),
        "owner": book.user(token.owner).map(|owner| owner.name.as_str()),
    })
}
