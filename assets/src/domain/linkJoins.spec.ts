import { expect, test } from 'vitest'
import type { ConnectDevices, Port } from '../api/types'
import { connectSteps, type Ends, joinablePorts, type JoinChoice, joinPortText } from './linkJoins'
import type { TakenPort } from './takenPorts'

const body: ConnectDevices = { device_a_id: 1, device_b_id: 2, link_type: 'fiber', length_km: 3, physical_medium_id: 'G652D' }
const ports: Ends<TakenPort> = [
  { id: 11, newName: null, cross_connect: { interface_id: 12, loss_db: null, is_assumed: true } },
  { id: 21, newName: null, cross_connect: undefined },
]
const link = { op: 'create_link', a_interface_id: 11, b_interface_id: 21, length_km: 3, physical_medium_id: 'G652D' }

test.each<[string, Ends<TakenPort> | null, Ends<JoinChoice>, object[]]>([
  ['the server chooses', ports, ['proposed', 'proposed'], [{ op: 'connect', ...body }]],
  ['nothing is known yet', null, [12, 'proposed'], [{ op: 'connect', ...body }]],
  ['a port', ports, [13, 'proposed'], [{ ...link, a_cross_connect_to: 13 }]],
  ['a port at each end', ports, [13, 22], [{ ...link, a_cross_connect_to: 13, b_cross_connect_to: 22 }]],
  ['no join', ports, ['none', 'proposed'], [{ ...link, a_stays_unjoined: true }]],
  ['no join at the other end', ports, [13, 'none'], [{ ...link, a_cross_connect_to: 13, b_stays_unjoined: true }]],
])('the steps of a link: %s', (_, taken, joins, steps) => {
  expect(connectSteps(body, taken, joins)).toEqual(steps)
})

function port(more: Partial<Port>): Port {
  return {
    id: 1, device_id: 1, name: 'port1', interface_type: 'OPTICAL', status: 'UP', cross_connect: null, link: null,
    far_end: null, pon: null, side: null, can_carry_link: true, ...more,
  }
}

test('a port to join with is named by the fibre that arrives there', () => {
  const far = { device_id: 9, device_name: 'OLT-1', device_type: 'OLT', interface_id: 91, interface_name: 'pon0' } as const
  expect(joinPortText(port({}))).toBe('port1 (no fibre)')
  expect(joinPortText(port({ far_end: far }))).toBe('port1 (feeder from OLT-1 pon0)')
  expect(joinPortText(port({ far_end: { ...far, device_type: 'ONT', device_name: 'ONT-1', interface_name: 'eth0' } }))).toBe(
    'port1 (fibre to ONT-1 eth0)',
  )
})

test('only ports without a join can be joined, and none with itself', () => {
  const joined = { interface_id: 4, loss_db: null, is_assumed: false }
  const all = [port({ id: 1 }), port({ id: 2 }), port({ id: 3, cross_connect: joined }), port({ id: 5, can_carry_link: false })]
  expect(joinablePorts(all, 1).map(({ id }) => id)).toEqual([2])
})
