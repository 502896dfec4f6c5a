import { nextTick } from 'vue'
import { beforeEach, expect, test, vi } from 'vitest'
import { fetchCustomers } from '../api/problems'
import type { Customer, Problem } from '../api/types'
import { testDevice, testProblem } from '../domain/testing'
import { counts, replaceDevices } from './devices'
import { followPlannedWork } from './plannedWork'
import { problems } from './problems'

vi.mock('../api/problems')
const ask = vi.mocked(fetchCustomers)
followPlannedWork()

beforeEach(() => {
  ask.mockReset()
  replaceDevices([1, 2, 3, 4].map((id) => testDevice({ id, effective_status: 'DOWN' })))
})

async function listed(...list: Problem[]): Promise<void> {
  problems.value = { phase: 'ready', count: list.length, openCount: 0, list, errorText: null }
  await vi.waitFor(() => nextTick())
}

test('the devices of planned work are marked, those of an outage are not', async () => {
  await listed(
    testProblem({ severity: 'planned', device_count: 1, device_ids: [1] }),
    testProblem({ id: 2, device_count: 1, device_ids: [2] }),
  )
  expect(counts).toMatchObject({ DOWN: 3, PLANNED_WORK: 1 })
  await listed()
  expect(counts).toMatchObject({ DOWN: 4, PLANNED_WORK: 0 })
  expect(ask).not.toHaveBeenCalled()
})

test('the customers of large planned work are asked for once, and again when it has changed', async () => {
  ask.mockResolvedValue([{ id: 2 }, { id: 3 }] as Customer[])
  const work = testProblem({ severity: 'planned', device_count: 101, device_ids: [1] })
  await listed(work)
  await vi.waitFor(() => expect(counts).toMatchObject({ DOWN: 1, PLANNED_WORK: 3 }))
  await listed({ ...work })
  expect(counts).toMatchObject({ DOWN: 1, PLANNED_WORK: 3 })
  expect(ask).toHaveBeenCalledTimes(1)
  ask.mockResolvedValue([{ id: 4 }] as Customer[])
  await listed({ ...work, device_count: 100 })
  await vi.waitFor(() => expect(counts).toMatchObject({ DOWN: 2, PLANNED_WORK: 2 }))
})

test('work that is over before its customers are known marks only what it lists', async () => {
  ask.mockRejectedValue(new Error('404'))
  await listed(testProblem({ id: 9, severity: 'planned', device_count: 101, device_ids: [1] }))
  expect(counts).toMatchObject({ DOWN: 3, PLANNED_WORK: 1 })
})
