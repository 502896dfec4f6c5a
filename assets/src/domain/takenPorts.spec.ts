import { expect, test } from 'vitest'
import type { Interface } from '../api/types'
import { takenPorts } from './takenPorts'
import { testLink, testSimulated } from './testing'

function port(id: number, name: string): Interface {
  return { id, name, interface_type: 'OPTICAL', status: 'UP', device_id: 1, cross_connect: null }
}

test('a simulation without a new link takes no ports', () => {
  const changed = { id: 1, before: testLink(), after: testLink({ status: 'DOWN' }) }
  expect(takenPorts(testSimulated())).toBeNull()
  expect(takenPorts(testSimulated({ links: [changed] }))).toBeNull()
})

test('ports that exist are told from those that are created, with what they would be joined with', () => {
  const joined = { interface_id: 10, loss_db: null, is_assumed: true }
  const made = { id: 5, before: null, after: testLink({ id: 5, a_interface_id: 11, b_interface_id: 12 }) }
  const interfaces = [
    { id: 11, before: port(11, 'pon0'), after: port(11, 'pon0') },
    { id: 12, before: null, after: { ...port(12, 'port2'), cross_connect: joined } },
  ]
  expect(takenPorts(testSimulated({ links: [made], interfaces }))).toEqual([
    { id: 11, newName: null, cross_connect: null },
    { id: 12, newName: 'port2', cross_connect: joined },
  ])
  expect(takenPorts(testSimulated({ links: [made] }))?.[0]).toEqual({ id: 11, newName: null, cross_connect: undefined })
})
