//! The grammar of `unoc tls`.

use crate::tls::SELF_SIGNED_DAYS_MAX;

#[derive(clap::Subcommand)]
pub(super) enum TlsAction {
    /// Write a certificate that is signed by itself, and its key: into the files of tls_cert and tls_key, or
    /// into the data directory
    Selfsigned {
        /// A further name or address that it is for, beside those of this host, allowed_hosts and public_url
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
        /// How long it is valid, in days
        #[arg(long, default_value_t = SELF_SIGNED_DAYS_MAX, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
        /// Replace a certificate that is there
        #[arg(long)]
        force: bool,
    },
}
