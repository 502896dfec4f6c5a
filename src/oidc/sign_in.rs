//! The authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthenticationFlow, AuthorizationCode,
    ClaimsVerificationError, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RequestTokenError, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
};

use super::attempt::{AttemptSigner, RANDOM_BYTES, SignInAttempt};
use super::claims::{self, OtherClaims};
use super::error::OidcError;
use super::limits::SignInLimits;
use super::options::OidcOptions;
use super::provider::{FetchedMetadata, OidcProvider};
use super::return_path::return_path;
use crate::auth::{Role, SourceNetwork};
use crate::domain::Timestamp;
use crate::util::error_chain;

const SECOND_US: i64 = 1_000_000;
/// How far the clocks of the provider and of this host may differ.
const CLOCK_SKEW_MAX_US: i64 = 60 * SECOND_US;
/// How long a person waits for the provider: for three slow answers.
const WAIT: Duration = Duration::from_secs(15);
/// Longest part of what a provider says of a refusal that is shown.
const EXPLANATION_CHARS_MAX: usize = 200;
/// Longest name that is taken from a claim.
const NAME_CHARS_MAX: usize = 64;

/// Signatures that only the provider can make. With a shared secret or none, others could make them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type TokenFields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<TokenFields, CoreTokenType>;
type VerifiedClaims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type ProviderClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Signs people in with a provider. Clones share one provider.
#[derive(Clone)]
pub struct OidcSignIn(Arc<SignInParts>);

struct SignInParts {
    options: OidcOptions,
    redirect_url: RedirectUrl,
    provider: OidcProvider,
    signer: AttemptSigner,
    limits: SignInLimits,
}

/// The beginning of a sign-in.
#[derive(Debug)]
pub struct SignInStart {
    /// Where the browser goes.
    pub authorization_url: String,
    /// The value of the cookie that it keeps for [`super::ATTEMPT_MAX_S`]; it needs no quotes.
    pub cookie: String,
}

/// What the provider sends back through the browser (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Clone, Debug, Default)]
pub struct AuthorizationAnswer {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub issuer: Option<String>,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcIdentity {
    /// The issuer and the subject: the pair that names a person for ever (OpenID Connect Core 1.0, section 5.7).
    pub subject: String,
    /// What the person is called at the provider, as a name of a user. It is not unique, and may change.
    pub name: String,
    pub role: Role,
    /// The path of the page to go to.
    pub return_to: String,
}

impl OidcSignIn {
    /// Prepares sign-ins; nothing is asked of the provider yet.
    ///
    /// # Errors
    /// [`OidcError::Options`]
    pub fn new(options: OidcOptions) -> Result<Self, OidcError> {
        let redirect_url = RedirectUrl::new(options.redirect_url.clone())
            .map_err(|error| OidcError::Options(format!("public_url: {error}")))?;
        let (provider, signer) = (OidcProvider::new(&options)?, AttemptSigner::new()?);
        let limits = SignInLimits::default();
        Ok(Self(Arc::new(SignInParts { options, redirect_url, provider, signer, limits })))
    }

    /// Returns what people know the provider as.
    pub fn provider_name(&self) -> &str {
        &self.0.options.name
    }

    /// Returns where the provider sends people back to.
    pub fn redirect_url(&self) -> &str {
        &self.0.options.redirect_url
    }

    /// Begins a sign-in from `network` that returns to the path `return_to` of the page.
    ///
    /// # Errors
    /// [`OidcError::Unavailable`], [`OidcError::Busy`], [`OidcError::Throttled`]
    pub async fn begin(
        &self,
        return_to: Option<&str>,
        network: SourceNetwork,
        now: Timestamp,
    ) -> Result<SignInStart, OidcError> {
        let parts = &self.0;
        parts.limits.begin(network, now)?;
        let _permit = parts.limits.call(network)?;
        let metadata = within(parts.provider.metadata(&parts.options, now)).await?;
        let client = parts.client(&metadata.content);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new_random_len(RANDOM_BYTES),
                || Nonce::new_random_len(RANDOM_BYTES),
            )
            .add_scopes(parts.options.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let base_path = &parts.options.base_path;
        let return_to = return_to.and_then(|path| return_path(path, base_path));
        let return_to = return_to.map_or_else(|| format!("{base_path}/"), str::to_owned);
        let attempt = SignInAttempt { state, nonce, verifier, return_to, begun_at: now };
        Ok(SignInStart { authorization_url: url.into(), cookie: parts.signer.sign(&attempt) })
    }

    /// Ends the sign-in that `cookie` holds with what the provider answered. An answer to no attempt, or to one that
    /// has come back before, causes no call to the provider. After [`OidcError::Busy`] the same answer still counts.
    ///
    /// # Errors
    /// [`OidcError`]
    pub async fn finish(
        &self,
        answer: AuthorizationAnswer,
        cookie: Option<&str>,
        network: SourceNetwork,
        now: Timestamp,
    ) -> Result<OidcIdentity, OidcError> {
        let parts = &self.0;
        let attempt = cookie.and_then(|cookie| parts.signer.read(cookie, now));
        // Both come from the same browser, so how long the comparison takes tells it nothing.
        let attempt = attempt.filter(|attempt| *attempt.state.secret() == answer.state);
        let attempt = attempt.ok_or(OidcError::Expired)?;
        let _permit = parts.limits.call(network)?;
        parts.limits.use_state(attempt.state.secret(), attempt.begun_at, now)?;
        if answer.issuer.is_some_and(|issuer| issuer != parts.options.issuer) {
            return Err(OidcError::Invalid("it is from another issuer".to_owned()));
        }
        if let Some(error) = answer.error {
            return Err(OidcError::Denied(explanation(
                &error,
                answer.error_description.as_deref(),
            )));
        }
        let code = answer.code.ok_or_else(|| OidcError::Invalid("it has no code".to_owned()))?;
        within(parts.identify(attempt, code, now)).await
    }
}

impl SignInParts {
    fn client(&self, metadata: &CoreProviderMetadata) -> ProviderClient {
        let OidcOptions { client_id, client_secret, .. } = &self.options;
        let secret = client_secret.clone().map(ClientSecret::new);
        let id = ClientId::new(client_id.clone());
        // OpenID Connect Discovery 1.0, section 3: without a list, it is client_secret_basic.
        let methods = metadata.token_endpoint_auth_methods_supported();
        let is_basic = methods
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth_type = if is_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        ProviderClient::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(self.redirect_url.clone())
            .set_auth_type(auth_type)
    }

    async fn identify(
        &self,
        attempt: SignInAttempt,
        code: String,
        now: Timestamp,
    ) -> Result<OidcIdentity, OidcError> {
        let mut metadata = self.provider.metadata(&self.options, now).await?;
        let SignInAttempt { nonce, verifier, return_to, .. } = attempt;
        let tokens = self
            .client(&metadata.content)
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcError::Unavailable(error.to_string()))?
            .set_pkce_verifier(verifier)
            .request_async(&self.provider.http)
            .await
            .map_err(|error| token_error(&error))?;
        let mut verified = self.verify(&metadata, &tokens, &nonce, now);
        if matches!(verified, Err(ClaimsVerificationError::SignatureVerification(_)))
            && let Some(newer) = self.provider.newer_metadata(&self.options, &metadata, now).await?
        {
            metadata = newer;
            verified = self.verify(&metadata, &tokens, &nonce, now);
        }
        let verified = verified.map_err(|error| OidcError::Invalid(error_chain(&error)))?;
        let values = self.role_values(&metadata, &tokens, &verified).await?;
        let name = name(&verified);
        let Some(role) = claims::role(&self.options.role_values, &values) else {
            return Err(OidcError::NoRole { name });
        };
        let subject = format!("{} {}", self.options.issuer, verified.subject().as_str());
        Ok(OidcIdentity { subject, name, role, return_to })
    }

    /// Checks the signature of the ID token, for whom and by whom it is, when it is valid, its nonce, and that
    /// the access token belongs to it.
    fn verify(
        &self,
        metadata: &FetchedMetadata,
        tokens: &Tokens,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<VerifiedClaims, ClaimsVerificationError> {
        let refused = |what: &str| ClaimsVerificationError::Other(what.to_owned());
        let client = self.client(&metadata.content);
        let id_token = tokens.id_token().ok_or_else(|| refused("there is no ID token"))?;
        let supported = metadata.content.id_token_signing_alg_values_supported();
        let allowed = ALGORITHMS.into_iter().filter(|algorithm| supported.contains(algorithm));
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(allowed)
            .set_time_fn(move || time(now.0.saturating_sub(CLOCK_SKEW_MAX_US)))
            .set_issue_time_verifier_fn(move |issued_at| {
                let limit = time(now.0.saturating_add(CLOCK_SKEW_MAX_US));
                let is_past = issued_at <= limit;
                is_past.then_some(()).ok_or_else(|| {
                    format!("the token was issued at {issued_at}, which is in the future here")
                })
            });
        let claims = id_token.claims(&verifier, nonce)?;
        let is_ours = |party: &ClientId| party.as_str() == self.options.client_id;
        if !claims.authorized_party().is_none_or(is_ours) {
            return Err(refused("the token was made for another client"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let key = id_token.signing_key(&verifier);
            let algorithm = id_token.signing_alg();
            let (Ok(key), Ok(algorithm)) = (key, algorithm) else {
                return Err(refused("the key of the signature is unknown"));
            };
            check_access_token(tokens.access_token(), expected, algorithm, key)
                .map_err(|why| refused(&why))?;
        }
        Ok(claims.clone())
    }

    /// Returns the values that give roles. Many providers tell groups only at the userinfo endpoint.
    async fn role_values(
        &self,
        metadata: &FetchedMetadata,
        tokens: &Tokens,
        verified: &VerifiedClaims,
    ) -> Result<Vec<String>, OidcError> {
        if let Some(values) = verified.additional_claims().role_values(&self.options) {
            return Ok(values);
        }
        let client = self.client(&metadata.content);
        let subject = verified.subject().clone();
        let Ok(request) = client.user_info(tokens.access_token().clone(), Some(subject)) else {
            return Ok(Vec::new());
        };
        let claims: UserInfoClaims<OtherClaims, CoreGenderClaim> = request
            .request_async(&self.provider.http)
            .await
            .map_err(|error| OidcError::Unavailable(error_chain(&error)))?;
        Ok(claims.additional_claims().role_values(&self.options).unwrap_or_default())
    }
}

/// Checks that an access token is the one whose hash the ID token has (OpenID Connect Core 1.0, section 3.1.3.6). Without
/// a hash, nothing is checked; one that cannot be computed proves nothing.
fn check_access_token(
    token: &AccessToken,
    expected: &AccessTokenHash,
    algorithm: &CoreJwsSigningAlgorithm,
    key: &CoreJsonWebKey,
) -> Result<(), String> {
    match AccessTokenHash::from_token(token, algorithm, key) {
        Ok(hash) if hash == *expected => Ok(()),
        Ok(_) => Err("the access token does not belong to the ID token".to_owned()),
        Err(error) => Err(format!("whether the access token belongs to it is unknown: {error}")),
    }
}

async fn within<T>(call: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
    let late = |_| OidcError::Unavailable(format!("no answer within {} s", WAIT.as_secs()));
    tokio::time::timeout(WAIT, call).await.map_err(late)?
}

/// A time that the crate compares with. What is beyond its range is long past, so that nothing is valid.
fn time(now_us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(now_us).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns what a person is called here. Users have letters, digits and `.-_@` in their names.
fn name(claims: &VerifiedClaims) -> String {
    let user_name = claims.preferred_username().map(|name| name.as_str());
    let name = user_name.or_else(|| claims.email().map(|email| email.as_str()));
    let name = name.filter(|name| !name.trim().is_empty());
    let name = name.unwrap_or_else(|| claims.subject().as_str());
    let allowed = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
    name.chars().map(|c| if allowed(c) { c } else { '-' }).take(NAME_CHARS_MAX).collect()
}

/// A refusal of the code is the fault of the answer; anything else is the provider's.
fn token_error<E>(
    error: &RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> OidcError
where
    E: std::error::Error + 'static,
{
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let description = answer.error_description().map(String::as_str);
            OidcError::Invalid(explanation(answer.error().as_ref(), description))
        }
        RequestTokenError::Request(_)
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => OidcError::Unavailable(error_chain(&error)),
    }
}

/// Returns what a provider says of a refusal, in one short line.
fn explanation(error: &str, description: Option<&str>) -> String {
    let text = match description {
        Some(description) => format!("{error}: {description}"),
        None => error.to_owned(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXPLANATION_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash is computed with the algorithm of the signature, which some keys have none for.
    #[test]
    fn a_hash_of_the_access_token_that_cannot_be_checked_is_refused() {
        let token = AccessToken::new("access".to_owned());
        let key: CoreJsonWebKey =
            serde_json::from_str(r#"{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}"#)
                .unwrap();
        let signed = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
        let right = AccessTokenHash::from_token(&token, &signed, &key).unwrap();
        let check = |expected: &AccessTokenHash, algorithm: CoreJwsSigningAlgorithm| {
            check_access_token(&token, expected, &algorithm, &key)
        };
        assert_eq!(check(&right, signed.clone()), Ok(()));
        let wrong = check(&AccessTokenHash::new(String::new()), signed).unwrap_err();
        assert!(wrong.contains("does not belong"), "{wrong}");
        for algorithm in [CoreJwsSigningAlgorithm::EdDsa, CoreJwsSigningAlgorithm::None] {
            let unknown = check(&right, algorithm).unwrap_err();
            assert!(unknown.contains("is unknown"), "{unknown}");
        }
    }
}
