import { expect, test } from 'vitest'
import type { Device, Simulated } from '../api/types'
import { impactLines, impactOf, isTypedConfirmation, SUBSCRIBERS_TYPED_MIN } from './impact'
import { TEST_SIGNAL, testDevice, testLink, testSimulated } from './testing'

type Change = [before: Device | null, after: Device | null]

function impact(devices: Change[], links: Simulated['links'] = []) {
  const changes = devices.map(([before, after]) => ({ id: (after ?? before)?.id ?? 0, before, after }))
  return impactOf(testSimulated({ devices: changes, links }))
}

function ont(id: number, status: Device['effective_status'], marginDb: number | null = null): Device {
  const signal = marginDb === null ? null : { ...TEST_SIGNAL, margin_db: marginDb }
  return testDevice({ id, name: `ont-${id}`, effective_status: status, signal })
}

function texts(...devices: Change[]): string[] {
  return impactLines(impact(devices)).map(({ text }) => text.replaceAll('\u00a0', ' '))
}

const OLT = testDevice({ id: 90, name: 'OLT', device_type: 'OLT' })

test('what stays as it is makes no line', () => {
  expect(texts([ont(1, 'UP'), ont(1, 'UP')])).toEqual([])
  expect(texts([ont(1, 'UP', 4), ont(1, 'UP', 4.004)])).toEqual([])
})

test('a single device is named, several are counted and listed', () => {
  expect(texts([OLT, { ...OLT, effective_status: 'DEGRADED' }])).toEqual(['OLT becomes DEGRADED'])
  expect(texts([ont(1, 'UP'), ont(1, 'DOWN')])).toEqual(['1 subscriber loses service', 'ont-1 goes DOWN'])
  const lines = impactLines(impact([[ont(1, 'UP'), ont(1, 'DOWN')], [ont(2, 'DEGRADED'), ont(2, 'DOWN')]]))
  expect(lines.map(({ text }) => text.replaceAll('\u00a0', ' '))).toEqual(['2 subscribers lose service', '2 devices go DOWN'])
  expect(lines[1]?.devices.map(({ name }) => name)).toEqual(['ont-1', 'ont-2'])
  expect(lines.every(({ isLoss }) => isLoss)).toBe(true)
})

test('a new device is named with its ports and its state', () => {
  const port = { name: 'port1', interface_type: 'OPTICAL', status: 'UP', cross_connect: null } as const
  const interfaces = [[5, 1], [6, 1], [7, 2]].map(([id = 0, device_id = 0]) => ({
    id, before: null, after: { ...port, id, device_id },
  }))
  const lines = (device: Device) => {
    const devices = [{ id: 1, before: null, after: device }]
    return impactLines(impactOf(testSimulated({ devices, interfaces }))).map(({ text }) => text.replaceAll('\u00a0', ' '))
  }
  expect(lines({ ...ont(1, 'DOWN'), status_reasons: ['not_connected'] })).toEqual(['ont-1 gets 2 ports and is not connected yet'])
  expect(lines({ ...ont(1, 'DOWN'), lifecycle: 'planned' })).toEqual(['ont-1 gets 2 ports and is planned'])
  expect(lines(ont(1, 'UP'))).toEqual(['ont-1 gets 2 ports and is UP'])
  const rx = TEST_SIGNAL.rx_down_dbm.toFixed(2).replace('-', '\u2212')
  expect(lines(ont(1, 'UP', 4))).toEqual([`ont-1 gets 2 ports and is UP; it receives ${rx} dBm, margin 4.00 dB`])
})

test('a repair counts who gets service, with the light to expect', () => {
  expect(texts([OLT, OLT], [ont(1, 'DOWN'), ont(1, 'UP', 4.5)])).toEqual([
    'ont-1 comes UP',
    '1 subscriber gets service',
    'ont-1 is lit: receives −26.03 dBm, margin 4.50 dB',
  ])
})

test('a change of margin names the device with the least', () => {
  expect(texts([ont(1, 'UP', 9), ont(1, 'UP', 5.7)], [ont(2, 'UP', 5), ont(2, 'UP', 1.7)])).toEqual([
    '2 devices lose margin; ont-2 has the least: margin 1.70 dB (now 5.00 dB)',
  ])
  expect(texts([ont(1, 'UP', 1), ont(1, 'UP', 3)])).toEqual(['ont-1 gains margin: margin 3.00 dB (now 1.00 dB)'])
})

test('deleted subscribers lose service too; those without service lose none', () => {
  const inside = { ...OLT, parent_container_id: 9 }
  const found = impact(
    [[ont(1, 'UP'), null], [ont(2, 'DOWN'), null], [inside, { ...inside, parent_container_id: null }]],
    [{ id: 1, before: testLink(), after: null }],
  )
  expect(found).toMatchObject({ subscribersLost: 1, subscribersRestored: 0, linksDeleted: 1 })
  expect(impactLines(found).map(({ text }) => text.replaceAll('\u00a0', ' '))).toEqual([
    '1 subscriber loses service',
    '2 devices and their ports are deleted',
    '1 link is deleted',
    '1 device is no longer in a container',
  ])
})

test('a planned subscriber loses nothing, and gets service when it is put into service', () => {
  const planned = { ...ont(1, 'UP'), lifecycle: 'planned' as const }
  expect(texts([planned, { ...planned, effective_status: 'DOWN' }])).toEqual(['ont-1 goes DOWN'])
  expect(impact([[planned, ont(1, 'UP')]]).subscribersRestored).toBe(1)
})

test('without lists, the server\'s counts are shown', () => {
  const effects = {
    devices_down: 1, devices_degraded: 2_400, devices_up: 0, devices_deleted: 3, links_deleted: 4,
    subscribers_lost: 2_300, subscribers_restored: 1,
  }
  const found = impactOf(testSimulated({ device_count: 2_404, link_count: 4, effects }))
  expect(impactLines(found).map(({ text }) => text.replaceAll('\u00a0', ' '))).toEqual([
    '2,300 subscribers lose service',
    '3 devices and their ports are deleted',
    '4 links are deleted',
    '1 device goes DOWN',
    '2,400 devices become DEGRADED',
    '1 subscriber gets service',
  ])
  expect(impactLines(found).every(({ devices }) => devices.length === 0)).toBe(true)
  expect(isTypedConfirmation(found, { count: 1, isDeletion: false })).toBe(true)
})

test('a large loss, and a deletion that others feel, are confirmed by typing', () => {
  const outage = (count: number) =>
    impact(Array.from({ length: count }, (_, index): Change => [ont(index, 'UP'), ont(index, 'DOWN')]))
  const change = { count: 1, isDeletion: false }
  const deletion = { count: 1, isDeletion: true }
  expect(isTypedConfirmation(outage(SUBSCRIBERS_TYPED_MIN - 1), change)).toBe(false)
  expect(isTypedConfirmation(outage(SUBSCRIBERS_TYPED_MIN), change)).toBe(true)
  expect(isTypedConfirmation(outage(1), deletion)).toBe(true)
  expect(isTypedConfirmation(impact([[OLT, null]]), deletion)).toBe(false)
  expect(isTypedConfirmation(impact([[OLT, null]]), { count: 2, isDeletion: true })).toBe(true)
})

test('where the effect is not known, one override needs no typing, several and deletions do', () => {
  expect(isTypedConfirmation(null, { count: 1, isDeletion: false })).toBe(false)
  expect(isTypedConfirmation(null, { count: 2, isDeletion: false })).toBe(true)
  expect(isTypedConfirmation(null, { count: 1, isDeletion: true })).toBe(true)
})
