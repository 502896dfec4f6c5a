import { expect, test } from 'vitest'
import type { Device, DeviceAvailability, Outage, OutageDay } from '../api/types'
import { testDevice } from './testing'
import { availabilityText, dayCells, daysText, formatAvailability, outageText } from './availability'

function found(values: Partial<DeviceAvailability>): DeviceAvailability {
  return {
    device_id: 7,
    from: '2026-10-30T12:00:00Z',
    to: '2026-11-29T12:00:00Z',
    complete_since: '2026-10-01T12:00:00Z',
    availability: 1,
    downtime_s: 0,
    planned_downtime_s: 0,
    outage_count: 0,
    outages: [],
    days: [],
    ...values,
  }
}

function day(date: number, downtime: number, planned = 0): OutageDay {
  const start = `2026-11-${date}T12:00:00Z`
  return { start, downtime_s: downtime, planned_downtime_s: planned, outage_count: downtime + planned > 0 ? 1 : 0 }
}

test('100 % means that there was nothing', () => {
  expect(formatAvailability(1)).toBe('100\u00a0%')
  expect(formatAvailability(0.9999999)).toBe('99.999\u00a0%')
  expect(formatAvailability(0.99982)).toBe('99.982\u00a0%')
  expect(formatAvailability(0)).toBe('0.000\u00a0%')
})

test('the availability is told with what lowered it', () => {
  const text = (values: Partial<DeviceAvailability>) =>
    availabilityText(found(values), testDevice()).replaceAll('\u00a0', ' ')
  expect(text({})).toBe('100 %, no outage')
  expect(text({ availability: 0.99982, outage_count: 2, downtime_s: 430 })).toBe('99.982 %, 2 outages, 7 min 10 s')
  expect(text({ outage_count: 1, planned_downtime_s: 1_800 })).toBe('100 %, 1 outage, planned work 30 min')
  expect(text({ availability: null })).toBe('Recorded for less than an hour, no outage')
})

test('a device that is DOWN without an outage has no availability, and the text says why', () => {
  const text = (device: Partial<Device>, outages: Outage[] = []) => {
    const values = { availability: null, outages, outage_count: outages.length }
    const text = availabilityText(found(values), testDevice({ effective_status: 'DOWN', ...device }))
    return text.replaceAll('\u00a0', ' ')
  }
  expect(text({ lifecycle: 'retired' })).toBe('No availability while it is retired, no outage')
  expect(text({ status_reasons: ['not_connected'] })).toBe('No availability before it is connected, no outage')
  expect(text({})).toBe('No availability: it has not been in service yet, no outage')
  const open = { from: '', to: null, duration_s: 60, planned_s: 0 }
  expect(text({}, [open])).toBe('Recorded for less than an hour, 1 outage')
})

test('an outage is told with its planned part', () => {
  const text = (duration: number, planned: number) =>
    outageText({ from: '', to: null, duration_s: duration, planned_s: planned }).replaceAll('\u00a0', ' ')
  expect(text(60, 0)).toBe('1 min')
  expect(text(60, 60)).toBe('1 min, planned work')
  expect(text(120, 60)).toBe('2 min, of which planned work 1 min')
})

test('the strip has a bar for each day, and unknown days before the first', () => {
  const cells = dayCells([day(27, 0), day(28, 60), day(29, 0, 86_400)])
  expect(cells).toHaveLength(31)
  expect(cells.slice(-4).map(({ kind, height }) => [kind, height])).toEqual([
    ['unknown', 0],
    ['none', 0],
    ['fault', 0.2],
    ['planned', 1],
  ])
  expect(dayCells([])).toHaveLength(31)
})

test('the strip is told in words', () => {
  expect(daysText([day(27, 0)]).replaceAll('\u00a0', ' ')).toBe('No outage on 1 day')
  const text = daysText([day(27, 0), day(28, 60), day(29, 0, 120)]).replaceAll('\u00a0', ' ')
  expect(text).toMatch(/^Outages on 2 of 3 days: .*28.*: DOWN for 1 min; .*29.*: planned work for 2 min$/)
})
