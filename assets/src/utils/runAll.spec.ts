import { expect, test } from 'vitest'
import { runAll } from './runAll'

const items = Array.from({ length: 20 }, (_, at) => at)

test('each item once, a few at a time, failures apart', async () => {
  const seen: number[] = []
  let running = 0
  let most = 0
  let progress = 0
  const { done, failures } = await runAll(
    items,
    async (item) => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      seen.push(item)
      if (item % 7 === 3) throw new Error(`no ${item}`)
    },
    { progress: (now) => (progress = now), stopped: () => false },
  )
  expect(seen.toSorted((a, b) => a - b)).toEqual(items)
  expect(failures.map(({ item }) => item)).toEqual([3, 10, 17])
  expect(done).toHaveLength(17)
  expect(progress).toBe(20)
  expect(most).toBeLessThanOrEqual(6)
})

test('a stopped run leaves the rest alone', async () => {
  let count = 0
  const { done } = await runAll(
    items,
    async () => {
      count += 1
    },
    { progress: () => undefined, stopped: () => count >= 5 },
  )
  expect(done.length).toBeLessThan(items.length)
})
