//! Users, sessions and tokens of the whole appliance: what a kill leaves, and where no secret is.

mod kill9;
mod secrets;
