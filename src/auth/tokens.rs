//! API tokens.

use super::error::AuthError;
use super::handle::AuthHandle;
use super::secret;
use crate::domain::Timestamp;
use crate::store::{ApiToken, AuditOrigin, AuthBatch, TokenId, TokenScope, UserId};
use crate::util::Hidden;

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
    /// After this a token is made anew.
    pub const DAYS_DEFAULT: u32 = 90;
    /// No token lives longer.
    pub const DAYS_MAX: u32 = 366;
}

/// A token that has just been made. It is shown once.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub secret: Hidden<String>,
    pub token: ApiToken,
}

impl AuthHandle {
    /// Returns the tokens of a user, or all, the newest first.
    pub fn tokens(&self, of: Option<UserId>) -> Vec<ApiToken> {
        self.read(|book| {
            book.tokens
                .values()
                .filter(|token| of.is_none_or(|of| token.owner == of))
                .cloned()
                .collect()
        })
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
        let now = self.now();
        let (text, hash) = secret::new_token();
        let days = i64::from(new.expires_in_days.unwrap_or(NewToken::DAYS_DEFAULT));
        let token = ApiToken {
            id: TokenId(self.read(|book| book.tokens.keys().next_back().map_or(0, |id| id.0) + 1)),
            secret_hash: Hidden(hash),
            prefix: secret::prefix_of(&text).to_owned(),
            name: new.name,
            scope: new.scope,
            owner: new.owner,
            created_at: now,
            expires_at: Timestamp(now.0 + days * 86_400_000_000),
            last_used_at: None,
        };
        self.change(AuthBatch { tokens: vec![token.clone()], ..AuthBatch::default() }, origin)
            .await?;
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
        if !self.tokens(of).iter().any(|token| token.id == id) {
            return Err(AuthError::NotFound("token"));
        }
        self.change(AuthBatch { removed_tokens: vec![id], ..AuthBatch::default() }, origin).await
    }
}
