//! Lists of entities: rendered in blocks of ids, kept while nothing in the block changes.
//!
//! The store notes the seq of the last change in each block. A rendered block is reused exactly
//! as long as that seq stays the same, so a list after one change costs one block.

use std::ops::Bound;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Serialize;
use tokio::sync::mpsc;

use super::conditional;
use super::error::ApiError;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{Device, Interface, Kind, Link};
use crate::store::{BLOCK_SIZE, IdRange, Snapshot, StoreError};
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// All of a list's blocks that are kept, for all kinds together: the devices of 100,000 leaves
/// take 35 MB.
const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Blocks that the cache expects; only sizes its hash table.
const CACHE_BLOCKS_EXPECTED: usize = 1024;
/// Largest page that a client may ask for: about 3.5 MB of devices.
pub(super) const PAGE_ITEMS_MAX: u64 = 10_000;

/// Rendered blocks by kind and number, each with the seq of its last change.
pub(super) struct ListCache(Cache<(Kind, u64), (u64, Bytes), ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<(Kind, u64), (u64, Bytes)> for ByBytes {
    fn weight(&self, _: &(Kind, u64), (_, bytes): &(u64, Bytes)) -> u64 {
        bytes.len().max(1) as u64
    }
}

impl ListCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(CACHE_BLOCKS_EXPECTED, CACHE_BYTES_MAX, ByBytes))
    }
}

/// An entity that can be listed.
pub(super) trait Listed: Sized + Send + 'static {
    const KIND: Kind;

    fn read(
        snapshot: &Snapshot,
        ids: IdRange,
    ) -> Result<Box<dyn Iterator<Item = Result<Self, StoreError>>>, StoreError>;
    fn id(&self) -> u64;
    fn view(&self) -> impl Serialize;
}

/// The same for the OpenAPI document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `Page` holds the values")]
pub(super) struct PageParams {
    /// At most this many; a `Link` header with `rel="next"` leads on.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u64>,
    /// Only items with a greater id.
    after: Option<u64>,
}

/// Which part of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) limit: Option<u64>,
    /// Only ids above this one.
    pub(super) after: u64,
}

impl FromFields for Page {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", parse::integer_in(1, PAGE_ITEMS_MAX));
        let after = fields.optional("after", parse::integer_in(0, u64::MAX));
        Some(Self { limit, after: after.unwrap_or(0) })
    }
}

/// Answers with a whole list or a page of it.
pub(super) fn list<T: Listed>(
    state: &ApiState,
    request: &HeaderMap,
    page: &Page,
    path: &str,
) -> Result<Response, ApiError> {
    if page.limit.is_none() && page.after == 0 {
        return whole_list::<T>(state, request);
    }
    let ids = (Bound::Excluded(page.after), Bound::Unbounded);
    filtered(state, request, page, path, move |snapshot| T::read(snapshot, ids))
}

/// Answers with the entities that `select` yields: all, or a page with a link to the next one.
pub(super) fn filtered<T: Listed>(
    state: &ApiState,
    request: &HeaderMap,
    page: &Page,
    path: &str,
    select: impl FnOnce(
        &Arc<Snapshot>,
    ) -> Result<Box<dyn Iterator<Item = Result<T, StoreError>>>, StoreError>
    + Send
    + 'static,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.head().seq;
    if let Some(response) = conditional::not_modified(state, request, seq) {
        return Ok(response);
    }
    let headers = conditional::headers(state, seq);
    if let Some(limit) = page.limit {
        let limit = usize::try_from(limit).expect("a page has at most PAGE_ITEMS_MAX items");
        let mut items = Items::default();
        let mut last = None;
        for item in select(&snapshot)?.take(limit) {
            let item = item?;
            last = Some(item.id());
            items.push(&item);
        }
        let next = last.filter(|_| items.count == limit).map(|last| next_link(path, last));
        let items = items.take();
        let body = [b"[", items.get(1..).unwrap_or_default(), b"]"].concat();
        let mut response = (headers, json_type(), body).into_response();
        if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        return Ok(response);
    }
    let body = produce(move |sink| {
        let mut items = Items::default();
        for item in select(&snapshot)? {
            items.push(&item?);
            if items.bytes.len() >= CHUNK_BYTES {
                sink.send(items.take());
            }
        }
        sink.send(items.take());
        Ok(())
    });
    Ok((headers, json_type(), body).into_response())
}

fn whole_list<T: Listed>(state: &ApiState, request: &HeaderMap) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let seq = snapshot.head().seq;
    if let Some(response) = conditional::not_modified(state, request, seq) {
        return Ok(response);
    }
    let headers = conditional::headers(state, seq);
    let state = state.clone();
    let body = produce(move |sink| {
        for row in snapshot.blocks(T::KIND)? {
            let (block, changed_seq) = row?;
            sink.send(rendered::<T>(state.lists(), &snapshot, block, changed_seq)?);
        }
        Ok(())
    });
    Ok((headers, json_type(), body).into_response())
}

/// A block's items, from the cache or rendered now.
fn rendered<T: Listed>(
    lists: &ListCache,
    snapshot: &Snapshot,
    block: u64,
    changed_seq: u64,
) -> Result<Bytes, StoreError> {
    let key = (T::KIND, block);
    if let Some((seq, bytes)) = lists.0.get(&key)
        && seq == changed_seq
    {
        return Ok(bytes);
    }
    let first = block * BLOCK_SIZE;
    let ids = (Bound::Included(first), Bound::Excluded(first + BLOCK_SIZE));
    let mut items = Items::default();
    for item in T::read(snapshot, ids)? {
        items.push(&item?);
    }
    let bytes = items.take();
    lists.0.insert(key, (changed_seq, bytes.clone()));
    Ok(bytes)
}

/// JSON items under construction, each with a comma before it; [`Sink`] drops the very first.
#[derive(Default)]
struct Items {
    bytes: Vec<u8>,
    count: usize,
}

impl Items {
    fn push<T: Listed>(&mut self, item: &T) {
        self.bytes.push(b',');
        serde_json::to_writer(&mut self.bytes, &item.view())
            .expect("views hold finite numbers and text only");
        self.count += 1;
    }

    fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.bytes))
    }
}

/// Chunks of a filtered list without a limit.
const CHUNK_BYTES: usize = 64 * 1024;

/// Where a list's pieces go.
struct Sink {
    pieces: mpsc::UnboundedSender<Result<Bytes, StoreError>>,
    is_first: bool,
}

impl Sink {
    fn send(&mut self, items: Bytes) {
        if items.is_empty() {
            return;
        }
        let is_first = std::mem::take(&mut self.is_first);
        self.raw(if is_first { items.slice(1..) } else { items });
    }

    fn raw(&mut self, bytes: Bytes) {
        // A client that went away needs no more.
        self.pieces.send(Ok(bytes)).ok();
    }
}

/// A JSON array whose pieces are made on a blocking thread.
///
/// The pieces do not wait for the client: the snapshot is released as soon as the last one is
/// made, and what a slow client holds are shared blocks, not a copy of its own.
fn produce(make: impl FnOnce(&mut Sink) -> Result<(), StoreError> + Send + 'static) -> Body {
    let (pieces, mut made) = mpsc::unbounded_channel();
    tokio::task::spawn_blocking(move || {
        let mut sink = Sink { pieces, is_first: true };
        sink.raw(Bytes::from_static(b"["));
        match make(&mut sink) {
            Ok(()) => sink.raw(Bytes::from_static(b"]")),
            Err(error) => {
                tracing::error!(%error, "A list could not be completed");
                sink.pieces.send(Err(error)).ok();
            }
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |context| made.poll_recv(context)))
}

fn json_type() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]
}

fn next_link(path: &str, last: u64) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("after={last}")]).collect();
    format!("<{path}?{}>; rel=\"next\"", query.join("&"))
}

impl Listed for Device {
    const KIND: Kind = Kind::Device;

    fn read(
        snapshot: &Snapshot,
        ids: IdRange,
    ) -> Result<Box<dyn Iterator<Item = Result<Self, StoreError>>>, StoreError> {
        Ok(Box::new(snapshot.devices(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        DeviceView::new(self)
    }
}

impl Listed for Interface {
    const KIND: Kind = Kind::Interface;

    fn read(
        snapshot: &Snapshot,
        ids: IdRange,
    ) -> Result<Box<dyn Iterator<Item = Result<Self, StoreError>>>, StoreError> {
        Ok(Box::new(snapshot.interfaces(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        InterfaceView::new(self)
    }
}

impl Listed for Link {
    const KIND: Kind = Kind::Link;

    fn read(
        snapshot: &Snapshot,
        ids: IdRange,
    ) -> Result<Box<dyn Iterator<Item = Result<Self, StoreError>>>, StoreError> {
        Ok(Box::new(snapshot.links(ids)?))
    }

    fn id(&self) -> u64 {
        self.id.0
    }

    fn view(&self) -> impl Serialize {
        LinkView::new(self)
    }
}
