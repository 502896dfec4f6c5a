import { expect, test } from 'vitest'
import type { Problem, Status } from '../api/types'
import { problemOverride } from './overrides'
import { testProblem } from './testing'

const cut = testProblem({ kind: 'link', id: 10, problem: 'held', severity: 'critical', override_reason: 'digger' })

test.each<[Partial<Problem>, Status | undefined]>([
  [{}, 'DOWN'],
  [{ severity: 'major' }, 'DEGRADED'],
  [{ kind: 'device', problem: 'conflict', severity: 'minor' }, 'UP'],
  [{ problem: 'no_upstream' }, undefined],
  [{ kind: 'weather' }, undefined],
])('%o', (more, status) => {
  expect(problemOverride({ ...cut, ...more })?.status).toBe(status)
})
