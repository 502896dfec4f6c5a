//! Turns the settings of notices into who is told, and how.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{ChannelSettings, Config, ConfigError, ConfigErrors, ContactSettings};
use crate::domain::Severity;
use crate::engine::EngineHandle;
use crate::notices::{
    self, Channel, Contact, EscalationStep, Heartbeat, MailServer, NoticeOptions, NoticePolicy,
    NoticeSender, QuietHours, SiteFacts, Webhook, WebhookForm,
};
use crate::store::ReportKind;
use crate::util::Zone;

const SECOND_US: i64 = 1_000_000;

/// What the settings say of notices.
pub(super) struct NoticeSettings {
    policy: Arc<NoticePolicy>,
    mail: Option<MailServer>,
    heartbeat: Option<Heartbeat>,
    site_name: String,
    public_url: Option<String>,
}

impl NoticeSettings {
    /// # Errors
    /// Every address that cannot be used. Nothing of it is quoted.
    pub(super) fn of(config: &Config) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let contacts: Vec<Contact> = config
            .contacts
            .iter()
            .filter_map(|settings| {
                contact(config, settings).map_err(|error| errors.push(error)).ok()
            })
            .collect();
        let mail = mail(config).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let heartbeat = heartbeat(config).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        let steps = config.escalation.iter().map(|step| EscalationStep {
            after_us: i64::try_from(step.after_s).unwrap_or(i64::MAX).saturating_mul(SECOND_US),
            contacts: step.contacts.clone(),
        });
        let mut steps: Vec<EscalationStep> = steps.collect();
        if steps.is_empty() {
            let contacts = contacts.iter().map(|contact| contact.name.clone()).collect();
            steps.push(EscalationStep { after_us: 0, contacts });
        }
        let policy = Arc::new(NoticePolicy { contacts, steps, zone: Zone::host().clone() });
        let (site_name, public_url) = (config.site_name.clone(), config.public_url.clone());
        Ok(Self { policy, mail, heartbeat, site_name, public_url })
    }

    /// What the delivery of a site's notices needs. `own_url` is the address of the page if no other is set, without a
    /// slash at its end.
    pub(super) fn for_site(
        self,
        config: &Config,
        engine: &EngineHandle,
        own_url: String,
    ) -> NoticeOptions {
        let Self { policy, mail, heartbeat, site_name, public_url } = self;
        let site = SiteFacts {
            name: site_name,
            id: engine.site_id().to_string(),
            page_url: public_url.unwrap_or_else(|| named_url(config).unwrap_or(own_url)),
            zone: Zone::host().clone(),
        };
        NoticeOptions { sender: NoticeSender::new(policy, site, mail), heartbeat }
    }
}

/// The address of the page by the name that its certificate is for.
fn named_url(config: &Config) -> Option<String> {
    let name = config.acme_domains.first()?;
    let port = match config.port {
        // Any port, which is known once it is bound.
        0 => return None,
        443 => String::new(),
        port => format!(":{port}"),
    };
    Some(format!("https://{name}{port}{}", config.base_path))
}

fn contact(config: &Config, settings: &ContactSettings) -> Result<Contact, ConfigError> {
    let channel = match &settings.channel {
        ChannelSettings::Email(address) => Channel::Email { address: address.clone() },
        ChannelSettings::Webhook { url, form, key } => {
            let form = WebhookForm::parse(form).unwrap_or(WebhookForm::Generic);
            let key = key.as_ref().map(|key| key.expose().to_owned());
            Channel::Webhook(Webhook::parse(url.expose(), form, key).map_err(|error| {
                let why = format!("{}: {error}", settings.name);
                config.error("contacts", settings.name.clone(), why)
            })?)
        }
    };
    let quiet_hours = settings.quiet_hours.map(|(start_min, end_min)| {
        let severities = severities(&settings.quiet_severities);
        QuietHours { start_min, end_min, severities }
    });
    let severities = severities(&settings.severities);
    let reports = settings.reports.iter().filter_map(|word| ReportKind::parse(word)).collect();
    Ok(Contact { name: settings.name.clone(), channel, severities, quiet_hours, reports })
}

fn severities(words: &[&'static str]) -> Vec<Severity> {
    let is_meant = |severity: &Severity| words.contains(&severity.as_str());
    Severity::ALL.into_iter().filter(is_meant).collect()
}

fn mail(config: &Config) -> Result<Option<MailServer>, ConfigError> {
    let Some(url) = &config.smtp_url else { return Ok(None) };
    let host = rustix::system::uname();
    let host_name = host.nodename().to_string_lossy().into_owned();
    let sender = config.mail_from.clone().unwrap_or_else(|| format!("unoc@{host_name}"));
    let ca_file = config.smtp_ca_file.as_deref();
    let server = MailServer::parse(url.expose(), &sender, ca_file, &host_name);
    let shown = || config.shown_smtp_url();
    server.map(Some).map_err(|error| config.error("smtp_url", shown(), error.to_string()))
}

fn heartbeat(config: &Config) -> Result<Option<Heartbeat>, ConfigError> {
    let Some(url) = &config.heartbeat_url else { return Ok(None) };
    let interval = Duration::from_secs(u64::from(config.heartbeat_interval_s));
    let heartbeat = Heartbeat::parse(url.expose(), interval);
    let error = |error: notices::DeliveryError| {
        config.error("heartbeat_url", url.to_string(), error.to_string())
    };
    heartbeat.map(Some).map_err(error)
}
