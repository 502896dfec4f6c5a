//! The account at the certificate authority.

use instant_acme::{Account, AccountCredentials, Error, NewAccount};
use serde::{Deserialize, Serialize};
use tracing::info;

use super::super::error::{AuthorityFault, TlsError};
use super::directory::AcmeDirectory;
use super::http_client::AcmeHttp;
use super::settings::AcmeSettings;
use crate::util::run_blocking;

/// Type of the problem document that says that an authority was asked too often (RFC 8555, section 6.7).
const RATE_LIMITED: &str = "urn:ietf:params:acme:error:rateLimited";
/// And that it does not know the account (the same section).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// What is kept of an account.
#[derive(Serialize, Deserialize)]
struct KeptAccount {
    /// The authority that has it.
    directory_url: String,
    contact: Option<String>,
    credentials: AccountCredentials,
}

/// Returns the account at the authority that was kept, or a new one.
///
/// # Errors
/// [`TlsError`]: the authority is not reached, or refuses.
pub(super) async fn account(
    settings: &AcmeSettings,
    directory: &AcmeDirectory,
) -> Result<Account, TlsError> {
    let reading = directory.clone();
    let kept = blocking(move || reading.account::<KeptAccount>()).await?;
    let kept = kept.filter(|kept| kept.directory_url == settings.directory_url);
    let Some(kept) = kept.filter(|kept| kept.contact == settings.contact) else {
        // Also for another contact: authorities limit accounts of an address only at hundreds in hours.
        return new_account(settings, directory).await;
    };
    let builder = Account::builder_with_http(Box::new(http_client(settings).await?));
    let account = builder.from_credentials(kept.credentials).await;
    account.map_err(|error| authority_error(during(settings), &error))
}

/// Makes an account and keeps it, which accepts the authority's terms of service.
///
/// # Errors
/// As for [`account`].
pub(super) async fn new_account(
    settings: &AcmeSettings,
    directory: &AcmeDirectory,
) -> Result<Account, TlsError> {
    let contacts = settings.contact.iter().map(|address| format!("mailto:{address}"));
    let contacts: Vec<String> = contacts.collect();
    let contacts: Vec<&str> = contacts.iter().map(String::as_str).collect();
    let asked = NewAccount {
        contact: &contacts,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let builder = Account::builder_with_http(Box::new(http_client(settings).await?));
    let made = builder.create(&asked, settings.directory_url.clone(), None).await;
    let (account, credentials) = made.map_err(|error| authority_error(during(settings), &error))?;
    let kept = KeptAccount {
        directory_url: settings.directory_url.clone(),
        contact: settings.contact.clone(),
        credentials,
    };
    let writing = directory.clone();
    blocking(move || writing.keep_account(&kept)).await?;
    info!("Made an account at {}, whose terms of service it accepts", settings.directory_url);
    Ok(account)
}

async fn http_client(settings: &AcmeSettings) -> Result<AcmeHttp, TlsError> {
    let (url, ca_file) = (settings.directory_url.clone(), settings.ca_file.clone());
    blocking(move || AcmeHttp::new(&url, ca_file.as_deref())).await
}

fn during(settings: &AcmeSettings) -> String {
    format!("the account at {}", settings.directory_url)
}

/// Turns an error of an exchange with the authority into ours.
pub(super) fn authority_error(during: String, error: &Error) -> TlsError {
    let problem = match error {
        Error::Api(problem) => problem.r#type.as_deref(),
        _ => None,
    };
    let kind = match problem {
        Some(RATE_LIMITED) => AuthorityFault::RateLimited,
        Some(NO_ACCOUNT) => AuthorityFault::UnknownAccount,
        _ => AuthorityFault::Other,
    };
    TlsError::Authority { during, what: error.to_string(), kind }
}

/// Runs a call that reads or writes files.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, TlsError> + Send + 'static,
) -> Result<T, TlsError> {
    run_blocking(call).await.unwrap_or_else(|error| Err(TlsError::Make(error.to_string())))
}
