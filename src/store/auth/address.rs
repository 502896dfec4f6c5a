//! Addresses in records, as text.

use std::net::IpAddr;

use crate::store::codec::RecordSource;
use crate::store::error::StoreError;

pub(super) fn parse(
    text: Option<&str>,
    source: RecordSource<'_>,
) -> Result<Option<IpAddr>, StoreError> {
    let parse =
        |text: &str| text.parse().map_err(|_| source.damaged(format!("{text} is no address")));
    text.map(parse).transpose()
}
