//! One order: the authority sees that this host answers for the names, and issues the certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::super::error::{AuthorityFault, TlsError};
use super::super::identity::ServerIdentity;
use super::super::self_signed::PemPair;
use super::super::slot::CertificateSlot;
use super::account::authority_error;
use super::settings::{AcmeChallenge, AcmeSettings};
use crate::domain::Timestamp;
use crate::util::trust;

/// How long the authority may take to validate, and then to issue; it takes seconds when nothing is wrong.
const POLL_WAIT: Duration = Duration::from_secs(120);
const POLL_PAUSE: Duration = Duration::from_millis(500);
/// Of an order in all.
const ORDER_WAIT: Duration = Duration::from_secs(600);

/// Orders a certificate for all names. Returns it with its new key, after both were looked at.
///
/// # Errors
/// [`TlsError`] says which step failed and what the authority said.
pub(super) async fn order(
    account: &Account,
    settings: &AcmeSettings,
    slot: &CertificateSlot,
    now: Timestamp,
) -> Result<(PemPair, ServerIdentity), TlsError> {
    let ordered = async {
        let _answered = AnsweredChallenges(slot);
        let names: Vec<_> = settings.names.iter().cloned().map(Identifier::Dns).collect();
        let order = account.new_order(&NewOrder::new(&names)).await;
        let mut order = order.map_err(|error| authority_error("the order".to_owned(), &error))?;
        answer_challenges(&mut order, settings.challenge, slot).await?;
        wait_until_validated(&mut order).await?;
        issue(&mut order, settings).await
    };
    let ordered = tokio::time::timeout(ORDER_WAIT, ordered).await;
    let pair = ordered.unwrap_or_else(|_| Err(fault("the order", "it took too long")))?;
    let identity = ServerIdentity::from_pem(pair.chain.as_bytes(), pair.key.as_bytes());
    let identity = identity.map_err(|fault| TlsError::Issued(format!("{fault:?}")))?;
    check(&identity, settings, now)?;
    Ok((pair, identity))
}

/// While this lives, challenges are answered.
struct AnsweredChallenges<'a>(&'a CertificateSlot);

impl Drop for AnsweredChallenges<'_> {
    fn drop(&mut self) {
        self.0.forget_challenges();
    }
}

async fn answer_challenges(
    order: &mut Order,
    challenge: AcmeChallenge,
    slot: &CertificateSlot,
) -> Result<(), TlsError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization =
            authorization.map_err(|error| authority_error("the order".to_owned(), &error))?;
        match authorization.status {
            // The authority remembers the last validation.
            AuthorizationStatus::Valid => {}
            AuthorizationStatus::Pending => answer(authorization, challenge, slot).await?,
            other => return Err(fault(&name_of(&authorization), format!("it is {other:?}"))),
        }
    }
    Ok(())
}

async fn answer(
    mut authorization: AuthorizationHandle<'_>,
    challenge: AcmeChallenge,
    slot: &CertificateSlot,
) -> Result<(), TlsError> {
    let name = name_of(&authorization);
    let kind = match challenge {
        AcmeChallenge::Http01 => ChallengeType::Http01,
        AcmeChallenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let Some(mut offered) = authorization.challenge(kind) else {
        let what =
            "the authority does not offer this challenge; choose another with acme_challenge";
        return Err(fault(&name, what));
    };
    let key_authorization = offered.key_authorization();
    match challenge {
        AcmeChallenge::Http01 => {
            let answer = key_authorization.as_str().to_owned();
            slot.answer_by_http(offered.token.clone(), answer);
        }
        AcmeChallenge::TlsAlpn01 => {
            let digest = key_authorization.digest();
            slot.answer_by_tls(name.clone(), challenge_certificate(&name, digest.as_ref())?);
        }
    }
    offered.set_ready().await.map_err(|error| authority_error(name, &error))
}

/// Makes the certificate that a validating authority looks for (RFC 8737, section 3).
fn challenge_certificate(name: &str, digest: &[u8]) -> Result<CertifiedKey, TlsError> {
    let make_error = |error: &dyn std::fmt::Display| TlsError::Make(error.to_string());
    let mut params =
        CertificateParams::new([name.to_owned()]).map_err(|error| make_error(&error))?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(|error| make_error(&error))?;
    let certificate = params.self_signed(&key).map_err(|error| make_error(&error))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = trust::provider().key_provider.load_private_key(key);
    let key = key.map_err(|error| make_error(&error))?;
    Ok(CertifiedKey::new(vec![certificate.into()], key))
}

async fn wait_until_validated(order: &mut Order) -> Result<(), TlsError> {
    let policy = RetryPolicy::new().initial_delay(POLL_PAUSE).timeout(POLL_WAIT);
    match order.poll_ready(&policy).await {
        // One whose order already tells a problem does not tell for which name.
        Ok(OrderStatus::Invalid) | Err(Error::Api(_)) => Err(why_invalid(order).await),
        Ok(_) => Ok(()),
        Err(error) => Err(authority_error("the validation".to_owned(), &error)),
    }
}

/// Asks what the authority found instead of what it looked for: it says so at the challenge of a name.
async fn why_invalid(order: &mut Order) -> TlsError {
    let of_order = order.state().error.as_ref().map(ToString::to_string);
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = name_of(&authorization);
        let Ok(state) = authorization.refresh().await else { continue };
        let problem = state.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = problem {
            let detail = problem.detail.clone().unwrap_or_else(|| problem.to_string());
            return fault(&name, format!("the authority could not validate it: {detail}"));
        }
    }
    let what = "the authority calls the order invalid and does not say why".to_owned();
    fault("the validation", of_order.unwrap_or(what))
}

async fn issue(order: &mut Order, settings: &AcmeSettings) -> Result<PemPair, TlsError> {
    let make_error = |error: rcgen::Error| TlsError::Make(error.to_string());
    let mut params = CertificateParams::new(settings.names.clone()).map_err(make_error)?;
    params.distinguished_name = DistinguishedName::new();
    let key = KeyPair::generate().map_err(make_error)?;
    let request = params.serialize_request(&key).map_err(make_error)?;
    let during = || "the certificate".to_owned();
    let finalized = order.finalize_csr(request.der()).await;
    finalized.map_err(|error| authority_error(during(), &error))?;
    let policy = RetryPolicy::new().initial_delay(POLL_PAUSE).timeout(POLL_WAIT);
    let chain = order.poll_certificate(&policy).await;
    let chain = chain.map_err(|error| authority_error(during(), &error))?;
    Ok(PemPair { chain, key: key.serialize_pem() })
}

/// What is shown to every client is looked at before.
fn check(
    identity: &ServerIdentity,
    settings: &AcmeSettings,
    now: Timestamp,
) -> Result<(), TlsError> {
    if let Some(missing) = settings.names.iter().find(|name| !identity.covers(name)) {
        return Err(TlsError::Issued(format!("it is not for {missing}")));
    }
    match identity.validity().remaining(now).is_zero() {
        true => Err(TlsError::Issued("it has expired by the clock of this host".to_owned())),
        false => Ok(()),
    }
}

fn name_of(authorization: &AuthorizationHandle<'_>) -> String {
    authorization.identifier().to_string()
}

fn fault(during: &str, what: impl Into<String>) -> TlsError {
    let (during, what) = (during.to_owned(), what.into());
    TlsError::Authority { during, what, kind: AuthorityFault::Other }
}
