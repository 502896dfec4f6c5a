//! Lists of entities, rendered in blocks of ids that are cached while nothing in the block changes.
//!
//! The store keeps the seq of the last change in each block. A rendered block is reused while that
//! seq stays the same, so a list after one change renders one block.

use std::fmt::Display;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::conditional;
use super::error::ApiError;
use super::lease::Lease;
use super::list_cache::ListCache;
use super::state::ApiState;
use super::streaming::{self, Broken, PIECE_BYTES, Pieces};
use super::validation::{Fields, FromFields, parse};
use crate::domain::{Device, EntityKind, Interface, Link};
use crate::store::{BLOCK_SIZE, IdRange, Snapshot, StoreError};
use crate::util::run_blocking;
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// Blocks in one part of a list, about 700 kB of devices.
const BLOCKS_PER_PIECE: usize = 8;
/// Largest page that a client may request: about 3.5 MB of devices.
pub(super) const PAGE_ITEMS_MAX: u64 = 10_000;

/// Entities in ascending order of their ids.
pub(super) type Selected<T> = Box<dyn Iterator<Item = Result<T, StoreError>>>;

/// An entity that can be listed.
pub(super) trait Listable: Sized + Send + 'static {
    const KIND: EntityKind;

    fn read(snapshot: &Snapshot, ids: IdRange) -> Result<Selected<Self>, StoreError>;
    fn id(&self) -> u64;
    fn view(&self) -> impl Serialize;
}

/// The parameters of [`PageQuery`] for the OpenAPI document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `PageQuery` holds the values")]
pub(super) struct PageParams {
    /// At most this many; the next page is in a `Link` header with `rel="next"`.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u64>,
    /// Only items with a greater id.
    after: Option<u64>,
}

/// The part of a list that a client requests.
#[derive(Debug, Default)]
pub(super) struct PageQuery {
    pub(super) limit: Option<u64>,
    /// Only ids above this one.
    pub(super) after: u64,
}

impl FromFields for PageQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, PAGE_ITEMS_MAX));
        let after = fields.optional("after", parse::integer_in(0, u64::MAX));
        Some(Self { limit, after: after.unwrap_or(0) })
    }
}

/// How long a list is read from one snapshot. A slower client gets the rest from newer snapshots:
/// each item is then as of `X-Unoc-Seq` or later, as with pages.
const ONE_STATE_WAIT: Duration = Duration::from_secs(10);

/// Answers with a whole list or a page of it.
pub(super) async fn list<T: Listable>(
    state: &ApiState,
    request: &HeaderMap,
    page: &PageQuery,
    path: &str,
) -> Result<Response, ApiError> {
    if page.limit.is_none() && page.after == 0 {
        return whole_list::<T>(state, request).await;
    }
    let select = |snapshot: &Arc<Snapshot>, after| {
        T::read(snapshot, (Bound::Excluded(after), Bound::Unbounded))
    };
    filtered(state, request, page, path, select).await
}

/// Answers with the entities that `select` yields above an id: all of them, or a page with a link
/// to the next page.
pub(super) async fn filtered<T: Listable>(
    state: &ApiState,
    request: &HeaderMap,
    page: &PageQuery,
    path: &str,
    select: impl Fn(&Arc<Snapshot>, u64) -> Result<Selected<T>, StoreError> + Send + 'static,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.seq();
    if let Some(response) = conditional::not_modified(state, request, seq) {
        return Ok(response);
    }
    let headers = conditional::headers(state, seq);
    if let Some(limit) = page.limit {
        let limit = usize::try_from(limit).expect("a page has at most PAGE_ITEMS_MAX items");
        let after = page.after;
        let made = run_blocking(move || page_of(&snapshot, limit, after, select));
        let (body, last) = made.await??;
        let mut response = (headers, json_type(), body).into_response();
        let next = last.map(|last| next_link(path, last));
        if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        return Ok(response);
    }
    let pieces = Filtered { source: Source::new(state, snapshot), after: Some(page.after), select };
    let body = streaming::body(Array::of(pieces)).await?;
    Ok((headers, json_type(), body).into_response())
}

/// Returns a page as JSON, and the last id if there may be a next page.
fn page_of<T: Listable>(
    snapshot: &Arc<Snapshot>,
    limit: usize,
    after: u64,
    select: impl Fn(&Arc<Snapshot>, u64) -> Result<Selected<T>, StoreError>,
) -> Result<(Vec<u8>, Option<u64>), StoreError> {
    let mut items = Items::default();
    let mut last = None;
    for item in select(snapshot, after)?.take(limit) {
        let item = item?;
        last = Some(item.id());
        items.push(&item);
    }
    let is_full = items.count == limit;
    let items = items.take();
    let body = [b"[", items.get(1..).unwrap_or_default(), b"]"].concat();
    Ok((body, last.filter(|_| is_full)))
}

async fn whole_list<T: Listable>(
    state: &ApiState,
    request: &HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.seq();
    if let Some(response) = conditional::not_modified(state, request, seq) {
        return Ok(response);
    }
    let headers = conditional::headers(state, seq);
    let source = Source::new(state, snapshot);
    let pieces = Blocks::<T> { source, from: Some(0), listed: PhantomData };
    let body = streaming::body(Array::of(pieces)).await?;
    Ok((headers, json_type(), body).into_response())
}

/// The snapshot that a list is read from.
struct Source {
    state: ApiState,
    lease: Lease,
}

impl Source {
    fn new(state: &ApiState, snapshot: Arc<Snapshot>) -> Self {
        let lease = state.leases().hold(snapshot, ONE_STATE_WAIT);
        Self { state: state.clone(), lease }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.lease.snapshot().unwrap_or_else(|| self.state.handle().read())
    }
}

/// The items that a query selects.
struct Filtered<S> {
    source: Source,
    /// The id after which the list continues; `None` at the end.
    after: Option<u64>,
    select: S,
}

impl<T, S> Pieces for Filtered<S>
where
    T: Listable,
    S: Fn(&Arc<Snapshot>, u64) -> Result<Selected<T>, StoreError> + Send + 'static,
{
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        let Some(after) = self.after.take() else { return Ok(None) };
        let mut items = Items::default();
        for item in (self.select)(&self.source.snapshot(), after)? {
            let item = item?;
            items.push(&item);
            if items.bytes.len() >= PIECE_BYTES {
                self.after = Some(item.id());
                break;
            }
        }
        Ok(Some(vec![items.take()]))
    }
}

/// All items, in blocks that all clients share.
struct Blocks<T> {
    source: Source,
    /// The next block; `None` at the end.
    from: Option<u64>,
    listed: PhantomData<fn() -> T>,
}

impl<T: Listable> Pieces for Blocks<T> {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let snapshot = self.source.snapshot();
        let mut blocks = Vec::new();
        for row in snapshot.blocks(T::KIND, from)? {
            let (block, changed_seq) = row?;
            if blocks.len() == BLOCKS_PER_PIECE {
                self.from = Some(block);
                break;
            }
            blocks.push(rendered::<T>(self.source.state.lists(), &snapshot, block, changed_seq)?);
        }
        Ok(Some(blocks))
    }
}

/// A JSON array of items, each of which begins with a comma.
struct Array<P> {
    pieces: P,
    /// Whether the next part is the first one, in which the opening bracket replaces the first
    /// comma.
    is_first: bool,
    is_done: bool,
}

impl<P> Array<P> {
    fn of(pieces: P) -> Self {
        Self { pieces, is_first: true, is_done: false }
    }
}

impl<P: Pieces> Pieces for Array<P> {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        if self.is_done {
            return Ok(None);
        }
        let Some(items) = self.pieces.next()? else {
            self.is_done = true;
            let end: &[u8] = if self.is_first { b"[]" } else { b"]" };
            return Ok(Some(vec![Bytes::from_static(end)]));
        };
        let mut piece = Vec::with_capacity(items.len() + 1);
        for items in items.into_iter().filter(|items| !items.is_empty()) {
            if std::mem::take(&mut self.is_first) {
                piece.push(Bytes::from_static(b"["));
                piece.push(items.slice(1..));
            } else {
                piece.push(items);
            }
        }
        Ok(Some(piece))
    }
}

/// Returns the items of a block, from the cache or rendered.
fn rendered<T: Listable>(
    lists: &ListCache,
    snapshot: &Snapshot,
    block: u64,
    changed_seq: u64,
) -> Result<Bytes, StoreError> {
    if let Some(bytes) = lists.get(T::KIND, block, changed_seq) {
        return Ok(bytes);
    }
    let first = block * BLOCK_SIZE;
    let ids = (Bound::Included(first), Bound::Excluded(first + BLOCK_SIZE));
    let mut items = Items::default();
    for item in T::read(snapshot, ids)? {
        items.push(&item?);
    }
    let bytes = items.take();
    lists.insert(T::KIND, block, changed_seq, bytes.clone());
    Ok(bytes)
}

/// JSON items, each with a comma before it; [`Array`] drops the first comma.
#[derive(Default)]
struct Items {
    bytes: Vec<u8>,
    count: usize,
}

impl Items {
    fn push<T: Listable>(&mut self, item: &T) {
        self.bytes.push(b',');
        serde_json::to_writer(&mut self.bytes, &item.view())
            .expect("views hold finite numbers and text only");
        self.count += 1;
    }

    fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.bytes))
    }
}

fn json_type() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]
}

/// The `Link` header of the next page.
pub(super) fn next_link(path: &str, last: impl Display) -> String {
    next_link_by(path, "after", last)
}

/// The same where another key than `after` says where the next page begins.
pub(super) fn next_link_by(path: &str, key: &str, last: impl Display) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let place = format!("{key}=");
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&place));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("{key}={last}")]).collect();
    format!("<{path}?{}>; rel=\"next\"", query.join("&"))
}

impl Listable for Device {
    const KIND: EntityKind = EntityKind::Device;

    fn read(snapshot: &Snapshot, ids: IdRange) -> Result<Selected<Self>, StoreError> {
        Ok(Box::new(snapshot.devices(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        DeviceView::new(self)
    }
}

impl Listable for Interface {
    const KIND: EntityKind = EntityKind::Interface;

    fn read(snapshot: &Snapshot, ids: IdRange) -> Result<Selected<Self>, StoreError> {
        Ok(Box::new(snapshot.interfaces(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        InterfaceView::new(self)
    }
}

impl Listable for Link {
    const KIND: EntityKind = EntityKind::Link;

    fn read(snapshot: &Snapshot, ids: IdRange) -> Result<Selected<Self>, StoreError> {
        Ok(Box::new(snapshot.links(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        LinkView::new(self)
    }
}
