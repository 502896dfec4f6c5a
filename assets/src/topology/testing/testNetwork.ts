import type { Device, DeviceType, Link, Status } from '../../api/types'
import { testDevice, testLink } from '../../domain/testing'
import { buildModel } from '../model/buildModel'
import { computeLayout, layoutInput, type NetworkLists } from '../model/computeLayout'
import type { Point } from '../model/geometry'
import type { TopologyModel } from '../model/graph'

/** Devices and links for tests, without a server. */
export class TestNetwork {
  readonly devices = new Map<number, Device>()
  readonly links = new Map<number, Link>()
  private readonly ports = new Map<number, number>()

  device(type: DeviceType, more: Partial<Device> = {}): number {
    const id = this.devices.size + 1
    this.devices.set(id, testDevice({ id, name: `${type}-${id}`, device_type: type, ...more }))
    return id
  }

  link(a: number, b: number, status: Status = 'UP'): number {
    const id = this.links.size + 1
    this.ports.set(2 * id, a).set(2 * id + 1, b)
    this.links.set(id, testLink({ id, a_interface_id: 2 * id, b_interface_id: 2 * id + 1, status }))
    return id
  }

  setStatus(id: number, status: Status, reasons: string[] = []): void {
    const before = this.devices.get(id)
    if (before === undefined) throw new Error(`no device ${id}`)
    this.devices.set(id, { ...before, effective_status: status, status_reasons: reasons })
  }

  plan(id: number): void {
    const before = this.devices.get(id)
    if (before === undefined) throw new Error(`no device ${id}`)
    this.devices.set(id, { ...before, lifecycle: 'planned' })
  }

  readonly deviceOfPort = (portId: number): number | undefined => this.ports.get(portId)

  build(): TopologyModel {
    return modelOf(this)
  }
}

/** The model of these lists; `positions` replace those of the devices. */
export function modelOf(
  { devices, links, deviceOfPort }: NetworkLists,
  positions: ReadonlyMap<number, Point> = new Map(),
): TopologyModel {
  const [deviceList, linkList] = [[...devices.values()], [...links.values()]]
  const layout = computeLayout(finish(layoutInput(deviceList, linkList, deviceOfPort, positions)))
  return finish(buildModel(deviceList, linkList, layout))
}

function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** A gateway, a core router, and a POP with one OLT and this many PONs of this many subscribers. */
export function ponNetwork(pons: number, leaves: number): TestNetwork & { ids: Record<string, number[]> } {
  const network = new TestNetwork()
  const gateway = network.device('BACKBONE_GATEWAY')
  const core = network.device('CORE_ROUTER')
  const pop = network.device('POP')
  const inside = { parent_container_id: pop }
  const edge = network.device('EDGE_ROUTER', inside)
  const olt = network.device('OLT', inside)
  const odf = network.device('ODF', inside)
  for (const [a, b] of [
    [gateway, core],
    [core, edge],
    [edge, olt],
    [olt, odf],
  ] as const) {
    network.link(a, b)
  }
  const ids: Record<string, number[]> = { pop: [pop], odf: [odf], olt: [olt], splitters: [], onts: [] }
  for (let pon = 0; pon < pons; pon += 1) {
    const splitter = network.device('SPLITTER')
    ids['splitters']?.push(splitter)
    network.link(odf, splitter)
    for (let leaf = 0; leaf < leaves; leaf += 1) {
      const ont = network.device('ONT')
      ids['onts']?.push(ont)
      network.link(splitter, ont)
    }
  }
  return Object.assign(network, { ids })
}
