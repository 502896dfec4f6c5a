//! Images: an entity before and after a command, in the bytes of an audit row.
//!
//! The personal data of a device can be erased later, and the hashes of the chain must stay right. An image
//! therefore has the record without personal data and, beside it, the whole record with a random salt. The
//! chain covers the hash of the latter two. An erasure leaves that hash: without the salt, it does not tell
//! what was erased, however few values it may have had.

use std::borrow::Cow;
use std::ops::Deref;

use bincode::{BorrowDecode, Encode};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::audit_chain::AuditHash;
use super::codec::RecordSource;
use super::error::StoreError;
use super::records::StoredEntity;
use super::tables::kind_code;
use crate::domain::{Change, Device, EntityKey, EntityKind, Interface, Link};

/// One changed entity before and after.
#[derive(Clone, Debug, PartialEq)]
pub enum AuditImage {
    Device { id: u64, before: Option<Box<Device>>, after: Option<Box<Device>> },
    Interface { id: u64, before: Option<Box<Interface>>, after: Option<Box<Interface>> },
    Link { id: u64, before: Option<Box<Link>>, after: Option<Box<Link>> },
}

const DEVICE: u8 = kind_code(EntityKind::Device);
const INTERFACE: u8 = kind_code(EntityKind::Interface);
const LINK: u8 = kind_code(EntityKind::Link);

/// In rows of versions 1 and 2. `before` and `after` hold the entity's own versioned record.
#[derive(Encode, BorrowDecode)]
pub(super) struct ImageV1<'a> {
    pub(super) kind: u8,
    pub(super) id: u64,
    pub(super) before: Option<Cow<'a, [u8]>>,
    pub(super) after: Option<Cow<'a, [u8]>>,
}

impl ImageV1<'_> {
    pub(super) fn decode(&self, source: RecordSource<'_>) -> Result<AuditImage, StoreError> {
        decode((self.kind, self.id), self.before.as_deref(), self.after.as_deref(), source)
    }

    pub(super) fn is_of_device(&self, devices: &[u64]) -> bool {
        self.kind == DEVICE && devices.binary_search(&self.id).is_ok()
    }

    /// Removes personal data; returns whether there was any.
    pub(super) fn erase(&mut self) -> Result<bool, StoreError> {
        let mut is_changed = false;
        for side in [&mut self.before, &mut self.after] {
            let Some(bytes) = side else { continue };
            if let Some(erased) = without_personal_data(&Device::decode(self.id, bytes)?) {
                *bytes = Cow::Owned(record_of(&erased));
                is_changed = true;
            }
        }
        Ok(is_changed)
    }
}

/// In rows of version 3.
#[derive(Encode, BorrowDecode)]
pub(super) struct ImageV2<'a> {
    kind: u8,
    id: u64,
    before: Option<SideV1<'a>>,
    after: Option<SideV1<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct SideV1<'a> {
    /// The entity's own versioned record, without personal data.
    public: Cow<'a, [u8]>,
    /// Where the entity had personal data.
    personal: Option<PersonalV1<'a>>,
}

#[derive(Encode, BorrowDecode)]
enum PersonalV1<'a> {
    /// `record` is the whole one.
    Kept {
        salt: [u8; SALT_BYTES],
        record: Cow<'a, [u8]>,
    },
    Erased {
        commitment: AuditHash,
    },
}

/// As RFC 9106, section 3.1 recommends for salts.
const SALT_BYTES: usize = 16;

/// Random salts, drawn from one seed that is not kept.
#[derive(Default)]
pub(super) struct Salts {
    seed: Option<[u8; 32]>,
    drawn: u64,
}

impl Salts {
    fn draw(&mut self) -> [u8; SALT_BYTES] {
        let seed = self.seed.get_or_insert_with(|| {
            // Two version 4 UUIDs have 244 random bits.
            let mut seed = [0; 32];
            seed[..16].copy_from_slice(Uuid::new_v4().as_bytes());
            seed[16..].copy_from_slice(Uuid::new_v4().as_bytes());
            seed
        });
        self.drawn += 1;
        let mut hasher = Sha256::new_with_prefix(*seed);
        hasher.update(self.drawn.to_le_bytes());
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&hasher.finalize()[..SALT_BYTES]);
        salt
    }
}

/// Kind, id, the lengths of both sides, and a salt.
const IMAGE_FRAME_BYTES: usize = 24 + SALT_BYTES;

impl ImageV2<'_> {
    /// The image of a changed entity.
    pub(super) fn of_change(change: &Change, salts: &mut Salts) -> Self {
        match change {
            Change::Device(edit) => {
                Self::of_device(change.key().id, &edit.before, &edit.after, salts)
            }
            Change::Interface(edit) => Self::of_sides(change.key(), &edit.before, &edit.after),
            Change::Link(edit) => Self::of_sides(change.key(), &edit.before, &edit.after),
        }
    }

    /// The image as it was decoded, for a row that is copied.
    pub(super) fn of_image(image: &AuditImage, salts: &mut Salts) -> Self {
        let key = |kind, id| EntityKey { kind, id };
        match image {
            AuditImage::Device { id, before, after } => Self::of_device(*id, before, after, salts),
            AuditImage::Interface { id, before, after } => {
                Self::of_sides(key(EntityKind::Interface, *id), before, after)
            }
            AuditImage::Link { id, before, after } => {
                Self::of_sides(key(EntityKind::Link, *id), before, after)
            }
        }
    }

    fn of_device<P: Deref<Target = Device>>(
        id: u64,
        before: &Option<P>,
        after: &Option<P>,
        salts: &mut Salts,
    ) -> Self {
        let mut side = |device: &Device| match without_personal_data(device) {
            None => SideV1 { public: Cow::Owned(record_of(device)), personal: None },
            Some(public) => SideV1 {
                public: Cow::Owned(record_of(&public)),
                personal: Some(PersonalV1::Kept {
                    salt: salts.draw(),
                    record: Cow::Owned(record_of(device)),
                }),
            },
        };
        let before = before.as_deref().map(&mut side);
        Self { kind: DEVICE, id, before, after: after.as_deref().map(side) }
    }

    fn of_sides<T: StoredEntity, P: Deref<Target = T>>(
        key: EntityKey,
        before: &Option<P>,
        after: &Option<P>,
    ) -> Self {
        let side = |entity: &T| SideV1 { public: Cow::Owned(record_of(entity)), personal: None };
        Self {
            kind: kind_code(key.kind),
            id: key.id,
            before: before.as_deref().map(side),
            after: after.as_deref().map(side),
        }
    }

    /// Its size in a row, within a few bytes.
    pub(super) fn byte_count(&self) -> usize {
        let sides = [&self.before, &self.after].into_iter().flatten();
        let bytes = sides.map(|side| match &side.personal {
            Some(PersonalV1::Kept { record, .. }) => side.public.len() + record.len(),
            _ => side.public.len(),
        });
        IMAGE_FRAME_BYTES + bytes.sum::<usize>()
    }

    pub(super) fn decode(&self, source: RecordSource<'_>) -> Result<AuditImage, StoreError> {
        let [before, after] = [&self.before, &self.after].map(|side| {
            side.as_ref().map(|side| match &side.personal {
                Some(PersonalV1::Kept { record, .. }) => record.as_ref(),
                _ => side.public.as_ref(),
            })
        });
        decode((self.kind, self.id), before, after, source)
    }

    pub(super) fn is_of_device(&self, devices: &[u64]) -> bool {
        self.kind == DEVICE && devices.binary_search(&self.id).is_ok()
    }

    /// Removes personal data; returns whether there was any. What the chain covers stays the same.
    pub(super) fn erase(&mut self) -> bool {
        let mut is_changed = false;
        for side in [&mut self.before, &mut self.after].into_iter().flatten() {
            if let Some(personal @ PersonalV1::Kept { .. }) = &mut side.personal {
                *personal = PersonalV1::Erased { commitment: personal.commitment() };
                is_changed = true;
            }
        }
        is_changed
    }

    /// How many sides lost their personal data.
    pub(super) fn erased_count(&self) -> u64 {
        let sides = [&self.before, &self.after].into_iter().flatten();
        let is_erased =
            |side: &&SideV1<'_>| matches!(side.personal, Some(PersonalV1::Erased { .. }));
        sides.filter(is_erased).count() as u64
    }

    /// Adds to the hash of a row's changes what an erasure leaves as it is.
    pub(super) fn hash_into(&self, hasher: &mut Sha256) {
        hasher.update([self.kind]);
        hasher.update(self.id.to_le_bytes());
        for side in [&self.before, &self.after] {
            let Some(side) = side else {
                hasher.update([0]);
                continue;
            };
            hasher.update([1]);
            hasher.update((side.public.len() as u64).to_le_bytes());
            hasher.update(&side.public);
            match &side.personal {
                None => hasher.update([0]),
                Some(personal) => {
                    hasher.update([1]);
                    hasher.update(personal.commitment().0);
                }
            }
        }
    }
}

impl PersonalV1<'_> {
    fn commitment(&self) -> AuditHash {
        match self {
            Self::Erased { commitment } => *commitment,
            Self::Kept { salt, record } => {
                let hasher = Sha256::new_with_prefix(salt).chain_update(record);
                AuditHash(hasher.finalize().into())
            }
        }
    }
}

fn record_of(entity: &impl StoredEntity) -> Vec<u8> {
    let mut buffer = Vec::new();
    entity.encode_into(&mut buffer);
    buffer
}

/// The device without personal data; `None` when it has none.
fn without_personal_data(device: &Device) -> Option<Device> {
    let may_have = device.details.is_some() || device.status_override.is_some();
    // Most devices have neither, and are not cloned.
    let mut device = may_have.then(|| device.clone())?;
    device.erase_personal_data().then_some(device)
}

fn decode(
    (kind, id): (u8, u64),
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    source: RecordSource<'_>,
) -> Result<AuditImage, StoreError> {
    Ok(match kind {
        DEVICE => {
            let [before, after] = sides(id, [before, after])?;
            AuditImage::Device { id, before, after }
        }
        INTERFACE => {
            let [before, after] = sides(id, [before, after])?;
            AuditImage::Interface { id, before, after }
        }
        LINK => {
            let [before, after] = sides(id, [before, after])?;
            AuditImage::Link { id, before, after }
        }
        other => return Err(source.damaged(format!("unknown kind {other}"))),
    })
}

fn sides<T: StoredEntity>(
    id: u64,
    [before, after]: [Option<&[u8]>; 2],
) -> Result<[Option<Box<T>>; 2], StoreError> {
    let side = |bytes: Option<&[u8]>| bytes.map(|bytes| T::decode(id, bytes).map(Box::new));
    Ok([side(before).transpose()?, side(after).transpose()?])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        DeviceDetails, DeviceId, DeviceType, Edit, Lifecycle, Name, Optics, Position, Reasons,
        Status, Timestamp, Uplink,
    };
    use crate::store::codec::{RecordReader, VersionedRecord, encode};
    use crate::util::hex;

    /// An image in a record of its own.
    #[derive(Encode)]
    struct ImageRecord<'a>(ImageV2<'a>);

    impl VersionedRecord for ImageRecord<'_> {
        const VERSION: u8 = 2;
    }

    /// As it was first shipped, before and after an erasure. These bytes never change.
    const IMAGE_V2: &str = "020105013f02054f4e542035050000000000000000000000000000000000000000000101010c414c\
        434c303030303030303500000000000000000000000000000000000000013f02054f4e5420350500\
        00000000000000000000000000000000000000000101010c414c434c303030303030303500000000\
        00000000000000000000000000000100aec6c4d3f45ed9fb525bbca6c8dd10bb4c02054f4e542035\
        050000000000000000000000000000000000000000000101010c414c434c30303030303030350000\
        010c2b3439203232382031323334000000000000000000000000000000";
    const ERASED_IMAGE_V2: &str = "020105013f02054f4e542035050000000000000000000000000000000000000000000101010c414c\
        434c303030303030303500000000000000000000000000000000000000013f02054f4e5420350500\
        00000000000000000000000000000000000000000101010c414c434c303030303030303500000000\
        0000000000000000000000000000010113e8617443df02fae0195803edba99e81f792fa4ec969827\
        bd79477c4f9d6be5";

    fn ont(phone: Option<&str>) -> Arc<Device> {
        Arc::new(Device {
            id: DeviceId(5),
            name: Name::new("ONT 5").unwrap(),
            device_type: DeviceType::Ont,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: DeviceDetails {
                serial: Some("ALCL00000005".into()),
                phone: phone.map(Into::into),
                ..DeviceDetails::NONE
            }
            .boxed(),
            parent: None,
            status: Status::Up,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            served_by: None,
            through_loss_db: None,
            status_since: Timestamp(0),
            status_override: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        })
    }

    fn image(phone: &str) -> ImageV2<'static> {
        let change =
            Change::Device(Edit { before: Some(ont(None)), after: Some(ont(Some(phone))) });
        ImageV2::of_change(&change, &mut Salts { seed: Some([7; 32]), drawn: 0 })
    }

    fn hash(image: &ImageV2<'_>) -> AuditHash {
        let mut hasher = Sha256::new();
        image.hash_into(&mut hasher);
        AuditHash(hasher.finalize().into())
    }

    fn decoded(image: &ImageV2<'_>) -> AuditImage {
        image.decode(RecordSource { table: "audit", key: &5 }).unwrap()
    }

    #[test]
    fn personal_data_is_erased_and_the_hash_stays() {
        let mut image = image("+49 228 1234");
        let device = |phone| Some(Box::new(Device::clone(&ont(phone))));
        let whole =
            AuditImage::Device { id: 5, before: device(None), after: device(Some("+49 228 1234")) };
        assert_eq!(decoded(&image), whole);
        let before = hash(&image);
        let bytes = encode(&ImageRecord(image));
        assert_eq!(hex(&bytes), IMAGE_V2);
        let mut parts = RecordReader::of_payload(&bytes[1..], RecordSource { table: "", key: &5 });
        image = parts.next().unwrap();
        assert!(image.is_of_device(&[4, 5]) && !image.is_of_device(&[4, 6]));
        assert_eq!(image.erased_count(), 0);
        assert!(image.erase());
        assert_eq!((hash(&image), image.erased_count()), (before, 1));
        let erased = AuditImage::Device { id: 5, before: device(None), after: device(None) };
        assert_eq!(decoded(&image), erased, "the serial stays");
        assert!(!image.erase(), "there is nothing left");
        let bytes = encode(&ImageRecord(image));
        assert_eq!(hex(&bytes), ERASED_IMAGE_V2);
        assert!(!bytes.windows(4).any(|window| window == b"1234"));
    }

    #[test]
    fn the_hash_covers_personal_data_and_what_an_erasure_leaves() {
        let hash_of = |phone| hash(&image(phone));
        assert_ne!(hash_of("1"), hash_of("2"));
        let change = Change::Device(Edit { before: None, after: Some(ont(Some("1"))) });
        let salted = || hash(&ImageV2::of_change(&change, &mut Salts::default()));
        assert_ne!(salted(), salted(), "each image has a salt of its own");
        let mut erased = image("1");
        erased.erase();
        let AuditImage::Device { after: Some(device), .. } = decoded(&erased) else { panic!() };
        let forged = Device { status: Status::Down, ..*device };
        let Some(side) = &mut erased.after else { panic!() };
        side.public = Cow::Owned(record_of(&forged));
        assert_ne!(hash(&erased), hash_of("1"));
    }
}
