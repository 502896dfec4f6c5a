//! Updating a link, its override included.

use std::sync::Arc;

use super::Link;
use crate::domain::command::{Command, CommandKind};
use crate::domain::status::set_overrides::check_end;
use crate::domain::transaction::Transaction;
use crate::domain::{Lifecycle, LinkId, Medium, Override, Refusal, World};

/// Sets the given values of a link and keeps the others.
#[derive(Clone, Debug)]
pub struct UpdateLink {
    pub id: LinkId,
    pub patch: LinkPatch,
}

/// New values for a link; `None` keeps the old one, `Some(None)` removes it.
#[derive(Clone, Debug, Default)]
pub struct LinkPatch {
    pub length_km: Option<Option<f64>>,
    pub medium: Option<Option<Medium>>,
    pub lifecycle: Option<Lifecycle>,
    pub status_override: Option<Option<Override>>,
}

impl Command for UpdateLink {
    type Reply = Arc<Link>;
    type Output = LinkId;

    fn kind(&self) -> CommandKind {
        CommandKind::UpdateLink
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<LinkId, Refusal> {
        let Self { id, patch } = self;
        transaction.world().link(id).ok_or(Refusal::LinkNotFound)?;
        if let Some(Some(set)) = &patch.status_override {
            check_end(set, transaction.now())?;
        }
        transaction.update::<Link>(id, |link| {
            link.length_km = patch.length_km.unwrap_or(link.length_km);
            link.medium = patch.medium.unwrap_or(link.medium);
            link.lifecycle = patch.lifecycle.unwrap_or(link.lifecycle);
            if let Some(status_override) = patch.status_override {
                link.status_override = status_override.map(Box::new);
            }
        });
        Ok(id)
    }

    fn reply(world: &World, id: LinkId) -> Arc<Link> {
        world.existing_link(id)
    }
}
