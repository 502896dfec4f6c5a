import type { Simulated } from '../api/types'
import { LEAF_TYPES } from './linkRules'

/** What a simulation says, counted for people. */
export interface Outcome {
  /** Devices and links that would be gone. */
  devicesGone: number
  linksGone: number
  /** Devices that would stay, without their container. */
  orphans: number
  /** Devices that would be worse or better off, and how many of them are subscribers. */
  worse: number
  worseLeaves: number
  better: number
}

const RANK = { DOWN: 0, DEGRADED: 1, UP: 2 } as const

export function outcomeOf({ devices, links }: Simulated): Outcome {
  const sum: Outcome = {
    devicesGone: 0,
    linksGone: links.filter(({ after }) => after === null).length,
    orphans: 0,
    worse: 0,
    worseLeaves: 0,
    better: 0,
  }
  for (const { before, after } of devices) {
    if (before === null) continue
    if (after === null) {
      sum.devicesGone += 1
      continue
    }
    if (before.parent_container_id !== null && after.parent_container_id === null) sum.orphans += 1
    const step = RANK[after.effective_status] - RANK[before.effective_status]
    if (step > 0) sum.better += 1
    if (step >= 0) continue
    sum.worse += 1
    if (LEAF_TYPES.includes(before.device_type)) sum.worseLeaves += 1
  }
  return sum
}
