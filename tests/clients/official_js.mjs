// The official JavaScript client of Socket.IO against a running server: every v2 event on `/` and the numbered
// changes on `/live`, over websocket and over polling at once, while this script drives the REST API.
//
//   node official_js.mjs http://127.0.0.1:PORT
//
// It seeds the server anew: only for a server with nothing to lose. Exit 0 when everything held, else 1.

import { Manager } from 'socket.io-client'

const base = process.argv[2]
if (!base) {
  console.error('usage: node official_js.mjs BASE_URL')
  process.exit(1)
}

/** An event follows its HTTP answer by far less than this. */
const EVENT_MS_MAX = 10_000
/** The heartbeat of /live comes every 5 s; two may be lost. */
const HEARTBEAT_MS_MAX = 15_000

const FULL_DEVICE = [
  'id', 'name', 'device_type', 'status', 'x', 'y', 'tx_power_dbm', 'sensitivity_min_dbm', 'insertion_loss_db',
  'parent_container_id', 'status_override', 'override_reason', 'created_at', 'updated_at',
]
const FULL_INTERFACE = ['id', 'name', 'interface_type', 'status', 'device_id', 'created_at', 'updated_at']
const FULL_LINK = [
  'id', 'status', 'a_interface_id', 'b_interface_id', 'length_km', 'physical_medium_id', 'link_loss_db',
  'created_at', 'updated_at',
]
/** Payloads with these keys and no others. */
const EXACT_KEYS = {
  device_created: ['device_id', 'name', 'device_type', 'interface_count'],
  'device:created': ['id', 'name', 'device_type', 'status', 'x', 'y'],
  'device:deleted': ['id'],
  'link:deleted': ['id'],
  'topology:reset': [],
}
/** Payloads with at least these keys: what the domain computes may be added. */
const LEAST_KEYS = {
  'device:updated': FULL_DEVICE,
  'interface:created': FULL_INTERFACE,
  'link:created': FULL_LINK,
}
/** The events of /live that are no part of its numbers. */
const UNNUMBERED_KEYS = { heartbeat: ['seq'], incidents: ['ids', 'has_maintenance'] }

function fail(message) {
  throw new Error(message)
}

function check(condition, message) {
  if (!condition) fail(message)
}

function checkKeys(where, payload, keys, exact) {
  check(payload !== null && typeof payload === 'object', `${where}: the payload is no object: ${JSON.stringify(payload)}`)
  const missing = keys.filter((key) => !(key in payload))
  const extra = exact ? Object.keys(payload).filter((key) => !keys.includes(key)) : []
  check(missing.length === 0, `${where}: missing keys ${missing}: ${JSON.stringify(payload)}`)
  check(extra.length === 0, `${where}: keys too many ${extra}: ${JSON.stringify(payload)}`)
}

/** One client over one transport: what it saw on both namespaces, and the waiting for it. */
class Watcher {
  constructor(transport) {
    this.transport = transport
    this.events = []
    this.live = []
    this.wakers = new Set()
    this.manager = new Manager(base, { transports: [transport], reconnection: false })
    this.root = this.manager.socket('/')
    this.liveSocket = this.manager.socket('/live')
    this.root.onAny((name, ...args) => this.seen(this.events, name, args))
    this.liveSocket.onAny((name, ...args) => this.seen(this.live, name, args))
    for (const socket of [this.root, this.liveSocket]) {
      socket.on('connect_error', (error) => this.broke(`connecting ${socket.nsp}: ${error.message}`))
      socket.on('disconnect', (reason) => this.broke(`disconnected ${socket.nsp}: ${reason}`))
    }
  }

  broke(what) {
    if (this.closing) return
    this.failure = what
    this.wake()
  }

  seen(list, name, args) {
    list.push({ name, payload: args[0], arguments: args.length })
    this.wake()
  }

  wake() {
    for (const waker of this.wakers) waker()
  }

  /** Resolves once `condition()` gives something; fails with `what` after the deadline. */
  async until(what, condition, ms = EVENT_MS_MAX) {
    const deadline = Date.now() + ms
    for (;;) {
      if (this.failure) fail(`${this.transport}: ${this.failure}`)
      const value = condition()
      if (value) return value
      const left = deadline - Date.now()
      if (left <= 0) fail(`${this.transport}: no ${what} within ${ms} ms; last events: ${this.tail()}`)
      await new Promise((resolve) => {
        const timer = setTimeout(done, left)
        const wakers = this.wakers
        function done() {
          clearTimeout(timer)
          wakers.delete(done)
          resolve()
        }
        wakers.add(done)
      })
    }
  }

  tail() {
    return JSON.stringify({ root: this.events.slice(-6), live: this.live.slice(-3) })
  }

  connected() {
    return this.until('connection', () => this.root.connected && this.liveSocket.connected)
  }

  close() {
    this.closing = true
    this.root.disconnect()
    this.liveSocket.disconnect()
  }
}

const watchers = [new Watcher('websocket'), new Watcher('polling')]
/** The events that the script caused, in order, `device:updated` apart: those also follow from computed status. */
const expected = []

async function call(method, path, body, status) {
  const answer = await fetch(base + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await answer.text()
  check(answer.status === status, `${method} ${path}: ${answer.status} instead of ${status}: ${text}`)
  return text === '' ? null : JSON.parse(text)
}

/** Says what the last call must have sent, and waits until every watcher has as many events. */
async function expect(...events) {
  expected.push(...events)
  for (const watcher of watchers) {
    await watcher.until(events.map((event) => event[0]).join(', '), () => caused(watcher).length >= expected.length)
  }
}

function caused(watcher) {
  return watcher.events.filter((event) => event.name !== 'device:updated')
}

async function expectUpdate(what, matches) {
  for (const watcher of watchers) {
    await watcher.until(what, () => watcher.events.some((e) => e.name === 'device:updated' && matches(e.payload)))
  }
}

async function provision(name, deviceType, ports) {
  const body = { name, device_type: deviceType }
  const { device, interfaces } = await call('POST', '/api/devices/provision', body, 201)
  check(interfaces.length === ports, `${deviceType}: ${interfaces.length} ports instead of ${ports}`)
  await expect(
    ['device_created', { device_id: device.id, name, device_type: deviceType, interface_count: ports }],
    ['device:created', { id: device.id, name, device_type: deviceType, x: 0, y: 0 }],
  )
  return { ...device, interfaces }
}

let overrides = 0
/** An override and its event: when it arrives, everything sent before has arrived. */
async function override(device) {
  const reason = `round ${++overrides}`
  const body = { status_override: 'DOWN', override_reason: reason }
  const { device: answered } = await call('PATCH', `/api/devices/${device.id}/override`, body, 200)
  check(answered.status_override === 'DOWN', 'the answer does not show the override')
  await expectUpdate(
    'device:updated of an override',
    (seen) => seen.id === device.id && seen.status_override === 'DOWN' && seen.override_reason === reason,
  )
}

async function clearOverride(device, path) {
  const marks = watchers.map((watcher) => watcher.events.length)
  await call('DELETE', `/api/devices/${device.id}/${path}`, undefined, 200)
  for (const [n, watcher] of watchers.entries()) {
    await watcher.until('device:updated of a cleared override', () =>
      watcher.events.slice(marks[n]).some(
        (e) => e.name === 'device:updated' && e.payload.id === device.id && e.payload.status_override === null,
      ))
  }
}

/** A position change sends nothing on `/`: the next event is that of the override after it. */
async function expectSilentMove(moved, marker) {
  await override(marker)
  const marks = watchers.map((watcher) => watcher.events.length)
  await call('PATCH', `/api/devices/${moved.id}`, { x: 11, y: 22 }, 200)
  await override(marker)
  for (const [n, watcher] of watchers.entries()) {
    const first = watcher.events[marks[n]]
    check(
      first.name === 'device:updated' && first.payload.id === marker.id,
      `${watcher.transport}: a position change sent ${JSON.stringify(first)}`,
    )
  }
}

async function drive(tag) {
  await call('POST', '/api/seed', undefined, 201)
  await expect(['topology:reset', {}])

  const edge = await provision(`edge-${tag}`, 'EDGE_ROUTER', 2)
  const olt = await provision(`olt-${tag}`, 'OLT', 10)
  const ont = await provision(`ont-${tag}`, 'ONT', 1)

  const rawBody = { name: `raw-${tag}`, device_type: 'ONT', x: 3, y: 4 }
  const raw = await call('POST', '/api/devices', rawBody, 201)
  await expect(['device:created', { id: raw.id, ...rawBody }])

  await override(ont)
  await clearOverride(ont, 'override')
  await call('POST', `/api/devices/${ont.id}/override-status`, { status: 'DEGRADED', reason: 'legacy' }, 200)
  await expectUpdate(
    'device:updated of a legacy override',
    (seen) => seen.id === ont.id && seen.status_override === 'DEGRADED' && seen.override_reason === 'legacy',
  )
  await clearOverride(ont, 'override-status')
  await expectSilentMove(olt, edge)

  const simpleBody = { device_a_id: olt.id, device_b_id: ont.id, link_type: 'fiber' }
  const simple = await call('POST', '/api/links/create-simple', simpleBody, 200)
  await expect(
    ['interface:created', { id: simple.interface_b.id, device_id: ont.id, name: simple.interface_b.name }],
    ['link:created', { id: simple.link.id, a_interface_id: simple.interface_a.id, b_interface_id: simple.interface_b.id }],
  )

  const portBody = { name: 'extra0', interface_type: 'OPTICAL', device_id: raw.id }
  const port = await call('POST', '/api/interfaces', portBody, 201)
  await expect(['interface:created', { id: port.id, ...portBody }])

  const pon = olt.interfaces.find((i) => i.name === 'pon1')
  const link = await call('POST', '/api/links', { a_interface_id: pon.id, b_interface_id: port.id, length_km: 1.5 }, 201)
  await expect(['link:created', { id: link.id, a_interface_id: pon.id, b_interface_id: port.id, length_km: 1.5 }])

  await call('DELETE', `/api/links/${link.id}`, undefined, 204)
  await expect(['link:deleted', { id: link.id }])
  await call('DELETE', `/api/links/${simple.link.id}`, undefined, 204)
  await expect(['link:deleted', { id: simple.link.id }])
  await call('DELETE', `/api/devices/${ont.id}`, undefined, 204)
  await expect(['device:deleted', { id: ont.id }])

  await override(edge)
  return { kept: edge, deleted: ont, deletedLink: simple.link }
}

function checkRoot(watcher) {
  for (const event of watcher.events) {
    const where = `${watcher.transport}: ${event.name}`
    check(event.arguments === 1, `${where}: ${event.arguments} arguments instead of one`)
    const exact = EXACT_KEYS[event.name]
    const least = LEAST_KEYS[event.name]
    check(exact || least, `${where}: no event of the contract: ${JSON.stringify(event.payload)}`)
    checkKeys(where, event.payload, exact ?? least, Boolean(exact))
  }
  const events = caused(watcher)
  for (const [n, [name, values]] of expected.entries()) {
    const event = events[n]
    check(event.name === name, `${watcher.transport}: event ${n} is ${event.name}, not ${name}: ${watcher.tail()}`)
    for (const [key, value] of Object.entries(values)) {
      check(
        event.payload[key] === value,
        `${watcher.transport}: ${name}.${key} is ${JSON.stringify(event.payload[key])}, not ${JSON.stringify(value)}`,
      )
    }
  }
  check(
    events.length === expected.length,
    `${watcher.transport}: events too many: ${JSON.stringify(events.slice(expected.length))}`,
  )
}

/**
 * The numbers of /live leave no gap: a span holds the steps after `from_seq` up to `to_seq`, the first one starts
 * at the snapshot or before it, each next one where the last ended. `resync` is a span too big to be sent.
 */
function checkLive(watcher) {
  const where = `${watcher.transport} /live`
  check(watcher.live[0]?.name === 'snapshot', `${where}: the first event is ${watcher.live[0]?.name}, not snapshot`)
  checkKeys(`${where}: snapshot`, watcher.live[0].payload, ['seq', 'run', 'site', 'version'], true)
  let at = watcher.live[0].payload.seq
  check(Number.isInteger(at), `${where}: snapshot.seq is no integer`)
  let first = true
  for (const { name, payload } of watcher.live.slice(1)) {
    if (name in UNNUMBERED_KEYS) {
      checkKeys(`${where}: ${name}`, payload, UNNUMBERED_KEYS[name], true)
      continue
    }
    check(name === 'changes' || name === 'resync', `${where}: unknown event ${name}`)
    const keys = ['from_seq', 'to_seq', ...(name === 'changes' ? ['items'] : [])]
    checkKeys(`${where}: ${name}`, payload, keys, true)
    const joins = first ? payload.from_seq <= at : payload.from_seq === at
    check(joins, `${where}: ${name} starts after ${payload.from_seq}, the last ended at ${at}`)
    check(payload.to_seq > payload.from_seq, `${where}: ${name} covers nothing: ${JSON.stringify(payload)}`)
    at = Math.max(at, payload.to_seq)
    first = false
    if (name === 'changes') checkItems(where, payload.items)
  }
}

function checkItems(where, items) {
  items.forEach((item) => checkItem(where, item))
  const entities = items.map((item) => `${item.kind} ${item.id}`)
  check(new Set(entities).size === entities.length, `${where}: an entity twice in one batch: ${entities}`)
}

function checkItem(where, item) {
  checkKeys(`${where}: item`, item, ['kind', 'id', 'value'], true)
  check(['device', 'interface', 'link'].includes(item.kind), `${where}: unknown kind ${item.kind}`)
  check(Number.isInteger(item.id), `${where}: the id is no integer: ${JSON.stringify(item)}`)
  check(item.value === null || item.value.id === item.id, `${where}: value of another entity: ${JSON.stringify(item)}`)
}

/** The latest value that /live told about an entity; undefined when it told none. */
function latest(watcher, kind, id) {
  const items = watcher.live.filter((event) => event.name === 'changes').flatMap((event) => event.payload.items)
  return items.findLast((item) => item.kind === kind && item.id === id)?.value
}

async function expectLive(watcher, { kept, deleted, deletedLink }) {
  const reason = `round ${overrides}`
  await watcher.until('last override on /live', () => latest(watcher, 'device', kept.id)?.override_reason === reason)
  check(latest(watcher, 'device', deleted.id) === null, `${watcher.transport}: the deleted device is not null on /live`)
  check(latest(watcher, 'link', deletedLink.id) === null, `${watcher.transport}: the deleted link is not null on /live`)
  const at = () => watcher.live.findLast((event) => event.payload.to_seq !== undefined)?.payload.to_seq
  const caughtUp = () => watcher.live.some((event) => event.name === 'heartbeat' && event.payload.seq === at())
  await watcher.until('heartbeat with the last number', caughtUp, HEARTBEAT_MS_MAX)
}

try {
  await Promise.all(watchers.map((watcher) => watcher.connected()))
  for (const watcher of watchers) {
    await watcher.until('snapshot', () => watcher.live.some((event) => event.name === 'snapshot'))
  }
  const left = await drive(`js-${process.pid}`)
  await Promise.all(watchers.map((watcher) => expectLive(watcher, left)))
  for (const watcher of watchers) {
    checkRoot(watcher)
    checkLive(watcher)
    console.log(`${watcher.transport}: ${watcher.events.length} events on /, ${watcher.live.length} on /live, all as promised`)
  }
} catch (error) {
  console.error(`FAILED: ${error.message}`)
  process.exitCode = 1
} finally {
  watchers.forEach((watcher) => watcher.close())
}
