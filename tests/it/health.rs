//! Health checks: each is made to fail, becomes an incident, and recovers; probes that hang or panic.

mod causes;
mod certificate_causes;
mod coverage;
mod history;
mod host_causes;
mod probes;
mod settings_causes;
mod store_causes;
mod watched;
