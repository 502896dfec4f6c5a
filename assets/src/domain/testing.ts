import type { Role, Session } from '../api/session'
import type { Device, Link, Problem, Signal, Simulated } from '../api/types'

/** The session of ada with this role for tests, where people have to log in; null has none. */
export function testSession(role: Role | null, more: Partial<Session> = {}): Session {
  return {
    mode: 'login',
    caller: role === null ? { kind: 'anonymous', name: null, role: null } : { kind: 'user', name: 'ada', role },
    last_login: null,
    setup_possible: false,
    has_totp: false,
    sign_in: { password: true, oidc: null },
    expires_at: null,
    ...more,
  }
}

/** An ONT for tests as the server sends it: UP, without override and signal; what is not recorded is absent. */
export function testDevice(more: Partial<Device> = {}): Device {
  return {
    id: 1,
    name: 'ont-1',
    device_type: 'ONT',
    status: 'UP',
    x: 0,
    y: 0,
    tx_power_dbm: null,
    sensitivity_min_dbm: null,
    insertion_loss_db: null,
    parent_container_id: null,
    status_override: null,
    override_reason: null,
    effective_status: 'UP',
    status_reasons: [],
    signal: null,
    pon_class: null,
    status_since: '2026-11-23T10:00:00.000000Z',
    created_at: '2026-11-23T10:00:00.000000Z',
    updated_at: '2026-11-23T10:00:00.000000Z',
    override_is_planned_work: false,
    lifecycle: 'in_service',
    tags: [],
    ...more,
  }
}

/** A splitter without upstream for tests; it affects nothing else. */
export function testProblem(more: Partial<Problem> = {}): Problem {
  return {
    kind: 'device',
    id: 1,
    name: 'SPL-1',
    place: null,
    problem: 'no_upstream',
    severity: 'critical',
    override_reason: null,
    since: '2026-11-23T10:00:00.000000Z',
    device_count: 0,
    leaf_count: 0,
    device_ids: [],
    without_service_count: 0,
    degraded_count: 0,
    low_margin_count: 0,
    status_override: null,
    override_ends_at: null,
    override_is_planned_work: false,
    ...more,
  }
}

/** A signal for tests: 1.97 dB above the sensitivity of the ONT. */
export const TEST_SIGNAL: Signal = {
  rx_down_dbm: -26.03,
  rx_up_dbm: -20,
  margin_db: 1.97,
  class: 'CRITICAL',
  limiting_direction: 'down',
}

/** A link of 1 km for tests: UP, without override. */
export function testLink(more: Partial<Link> = {}): Link {
  return {
    id: 1,
    status: 'UP',
    a_interface_id: 1,
    b_interface_id: 2,
    length_km: 1,
    physical_medium_id: 'G652D',
    link_loss_db: 0.25,
    status_override: null,
    override_reason: null,
    status_since: '2026-11-23T10:00:00.000000Z',
    lifecycle: 'in_service',
    override_ends_at: null,
    override_is_planned_work: false,
    ...more,
  }
}

/** A simulation for tests: nothing changes. */
export function testSimulated(more: Partial<Simulated> = {}): Simulated {
  return {
    device_count: 0,
    link_count: 0,
    devices: [],
    links: [],
    interface_count: 0,
    interfaces: [],
    effects: {
      devices_down: 0,
      devices_degraded: 0,
      devices_up: 0,
      devices_deleted: 0,
      links_deleted: 0,
      subscribers_lost: 0,
      subscribers_restored: 0,
    },
    ...more,
  }
}
