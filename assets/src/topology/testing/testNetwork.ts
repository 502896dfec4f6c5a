import type { Device, DeviceType, Link, Status } from '../../api/types'
import { buildNetwork } from '../model/buildModel'
import type { Point } from '../model/treeLayout'
import type { Network } from '../model/graph'
import { type Lists, outlineOf, surveyOf } from '../model/computeLayout'

/** A network for tests: devices and links without a server. */
export class TestSite {
  readonly devices = new Map<number, Device>()
  readonly links = new Map<number, Link>()
  private readonly ports = new Map<number, number>()

  device(type: DeviceType, more: Partial<Device> = {}): number {
    const id = this.devices.size + 1
    const at = '2026-11-23T10:00:00.000000Z'
    this.devices.set(id, {
      id,
      name: `${type}-${id}`,
      device_type: type,
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
      status_since: at,
      created_at: at,
      updated_at: at,
      ...more,
    })
    return id
  }

  link(a: number, b: number, status: Status = 'UP'): number {
    const id = this.links.size + 1
    this.ports.set(2 * id, a).set(2 * id + 1, b)
    this.links.set(id, {
      id,
      a_interface_id: 2 * id,
      b_interface_id: 2 * id + 1,
      status,
      length_km: 1,
      physical_medium_id: 'G652D',
      link_loss_db: 0.25,
      override_reason: null,
      status_override: null,
      status_since: '2026-11-23T10:00:00.000000Z',
    })
    return id
  }

  set(id: number, status: Status, reasons: string[] = []): void {
    const before = this.devices.get(id)
    if (before === undefined) throw new Error(`no device ${id}`)
    this.devices.set(id, { ...before, effective_status: status, status_reasons: reasons })
  }

  readonly deviceOfPort = (portId: number): number | undefined => this.ports.get(portId)

  build(): Network {
    return networkOf(this)
  }
}

/** The model of lists, in one go; `held`: positions that win over those of the lists. */
export function networkOf(
  { devices, links, deviceOfPort }: Lists,
  held: ReadonlyMap<number, Point> = new Map(),
): Network {
  const [deviceList, linkList] = [[...devices.values()], [...links.values()]]
  const survey = surveyOf(finish(outlineOf(deviceList, linkList, deviceOfPort, held)))
  return finish(buildNetwork(deviceList, linkList, survey))
}

function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

/** A gateway, a core, and a POP with one OLT and so many PONs of so many subscribers. */
export function ponSite(pons: number, leaves: number): TestSite & { ids: Record<string, number[]> } {
  const site = new TestSite()
  const gateway = site.device('BACKBONE_GATEWAY')
  const core = site.device('CORE_ROUTER')
  const pop = site.device('POP')
  const inside = { parent_container_id: pop }
  const edge = site.device('EDGE_ROUTER', inside)
  const olt = site.device('OLT', inside)
  const odf = site.device('ODF', inside)
  for (const [a, b] of [
    [gateway, core],
    [core, edge],
    [edge, olt],
    [olt, odf],
  ] as const) {
    site.link(a, b)
  }
  const ids: Record<string, number[]> = { pop: [pop], odf: [odf], olt: [olt], splitters: [], onts: [] }
  for (let pon = 0; pon < pons; pon += 1) {
    const splitter = site.device('SPLITTER')
    ids['splitters']?.push(splitter)
    site.link(odf, splitter)
    for (let leaf = 0; leaf < leaves; leaf += 1) {
      const ont = site.device('ONT')
      ids['onts']?.push(ont)
      site.link(splitter, ont)
    }
  }
  return Object.assign(site, { ids })
}
