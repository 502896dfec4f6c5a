//! What the provider publishes of itself, kept for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openidconnect::IssuerUrl;
use openidconnect::core::CoreProviderMetadata;
use tracing::{info, warn};

use super::error::OidcError;
use super::http::ProviderHttp;
use super::options::{OidcOptions, is_private};
use crate::domain::Timestamp;
use crate::util::error_chain;

const SECOND_US: i64 = 1_000_000;
/// How long addresses and keys are used before they are asked for again.
const METADATA_AGE_MAX_US: i64 = 3600 * SECOND_US;
/// How long they may be used when the provider does not tell them again.
const METADATA_AGE_LIMIT_US: i64 = 24 * 3600 * SECOND_US;
/// How long after a failure nobody waits for the provider again.
const FAILURE_PAUSE_US: i64 = 5 * SECOND_US;
/// How young keys are not asked for again when a signature has an unknown one, or anybody could make this
/// service ask all the time.
const KEYS_AGE_MIN_US: i64 = 10 * SECOND_US;

/// The provider. Its metadata are asked for when somebody signs in, never at the start: a provider that is away
/// stops nothing else.
pub(super) struct OidcProvider {
    issuer: IssuerUrl,
    pub(super) http: ProviderHttp,
    /// Held for moments.
    known: Mutex<KnownProvider>,
}

#[derive(Default)]
struct KnownProvider {
    metadata: Option<FetchedMetadata>,
    /// When the provider was last away, and why.
    failure: Option<(Timestamp, OidcError)>,
}

/// Addresses and keys of the provider.
#[derive(Clone)]
pub(super) struct FetchedMetadata {
    pub(super) content: Arc<CoreProviderMetadata>,
    fetched_at: Timestamp,
}

impl FetchedMetadata {
    /// The age in microseconds; a clock that was set back makes it too old.
    fn age_us(&self, now: Timestamp) -> i64 {
        let age_us = now.0.saturating_sub(self.fetched_at.0);
        if age_us < 0 { i64::MAX } else { age_us }
    }
}

impl OidcProvider {
    /// # Errors
    /// [`OidcError::Options`]
    pub(super) fn new(options: &OidcOptions) -> Result<Self, OidcError> {
        let issuer = IssuerUrl::new(options.issuer.clone())
            .map_err(|error| OidcError::Options(format!("oidc_issuer: {error}")))?;
        if !is_private(issuer.url()) {
            return Err(OidcError::Options(format!("oidc_issuer {} is not https", options.issuer)));
        }
        let http = ProviderHttp::new(options.roots.as_deref())?;
        Ok(Self { issuer, http, known: Mutex::default() })
    }

    /// Returns the metadata, asking for them if those that are known are old.
    ///
    /// # Errors
    /// [`OidcError::Unavailable`]: there are none that are younger than a day.
    pub(super) async fn metadata(
        &self,
        options: &OidcOptions,
        now: Timestamp,
    ) -> Result<FetchedMetadata, OidcError> {
        let (known, failure) = {
            let known = self.known();
            (known.metadata.clone(), known.failure.clone())
        };
        if let Some(known) = known.as_ref().filter(|it| it.age_us(now) <= METADATA_AGE_MAX_US) {
            return Ok(known.clone());
        }
        let failure =
            failure.filter(|(at, _)| (0..FAILURE_PAUSE_US).contains(&now.0.saturating_sub(at.0)));
        let fetched = match failure {
            Some((_, error)) => Err(error),
            None => self.fetch(options, now).await,
        };
        let usable = known.filter(|it| it.age_us(now) <= METADATA_AGE_LIMIT_US);
        fetched.or_else(|error| usable.ok_or(error))
    }

    /// Returns newer metadata than `old`, whose keys did not verify a signature; `None` if those are so young
    /// that newer ones would be the same.
    ///
    /// # Errors
    /// [`OidcError::Unavailable`]
    pub(super) async fn newer_metadata(
        &self,
        options: &OidcOptions,
        old: &FetchedMetadata,
        now: Timestamp,
    ) -> Result<Option<FetchedMetadata>, OidcError> {
        let known = self.known().metadata.clone();
        if let Some(newer) = known.filter(|known| !Arc::ptr_eq(&known.content, &old.content)) {
            return Ok(Some(newer));
        }
        if old.age_us(now) < KEYS_AGE_MIN_US {
            return Ok(None);
        }
        info!("A token has an unknown signature; the keys of the sign-in provider are read again");
        self.fetch(options, now).await.map(Some)
    }

    async fn fetch(
        &self,
        options: &OidcOptions,
        now: Timestamp,
    ) -> Result<FetchedMetadata, OidcError> {
        let issuer = self.issuer.clone();
        let fetched = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let fetched = fetched
            .map_err(|error| OidcError::Unavailable(error_chain(&error)))
            .and_then(|metadata| check(&metadata).map(|()| metadata));
        let mut known = self.known();
        match fetched {
            Ok(metadata) => {
                let fetched = FetchedMetadata { content: Arc::new(metadata), fetched_at: now };
                known.failure = None;
                known.metadata = Some(fetched.clone());
                Ok(fetched)
            }
            Err(error) => {
                warn!(issuer = options.issuer, "{error}");
                known.failure = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, KnownProvider> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that the provider has what a sign-in needs, at addresses that keep it secret.
fn check(metadata: &CoreProviderMetadata) -> Result<(), OidcError> {
    let Some(token) = metadata.token_endpoint() else {
        return Err(OidcError::Unavailable("it names no token endpoint".to_owned()));
    };
    let mut urls = vec![
        ("its authorization endpoint", metadata.authorization_endpoint().url()),
        ("its token endpoint", token.url()),
        ("the address of its keys", metadata.jwks_uri().url()),
    ];
    urls.extend(metadata.userinfo_endpoint().map(|url| ("its userinfo endpoint", url.url())));
    match urls.into_iter().find(|(_, url)| !is_private(url)) {
        Some((what, url)) => Err(OidcError::Unavailable(format!("{what} {url} is not https"))),
        None => Ok(()),
    }
}
