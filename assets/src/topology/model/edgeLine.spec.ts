import { expect, test } from 'vitest'
import { ponNetwork } from '../testing/testNetwork'
import { distanceToCurve, edgeLine, lineCurve, pointOn } from './edgeLine'

const network = ponNetwork(1, 2)
const model = network.build()
const node = (key: string) => model.nodes.get(network.ids[key]?.[0] ?? 0)
const drop = [...model.edges].find(({ b }) => b === node('onts'))
const feeder = [...model.edges].find(({ b }) => b === node('splitters'))
if (drop === undefined || feeder === undefined) throw new Error('the network has no such edge')

test('near, an edge is its own line; far, the line of the groups that its ends are in', () => {
  expect(edgeLine(drop, 1_000)).toEqual({ from: drop.a, to: drop.b, isCurved: false })
  expect(edgeLine(drop, 1e-9)).toBeNull()
  expect(edgeLine(feeder, 1_000)).toEqual({ from: feeder.a, to: feeder.b, isCurved: true })
})

test('a drop is straight, a trunk leaves and arrives vertically', () => {
  const [from, to] = [{ x: 0, y: 0 }, { x: 90, y: 90 }]
  expect(pointOn(lineCurve(from, to, false), 0.25)).toEqual({ x: 22.5, y: 22.5 })
  const curve = lineCurve(from, to, true)
  expect(curve.first).toEqual({ x: 0, y: 45 })
  expect(curve.second).toEqual({ x: 90, y: 45 })
  expect(pointOn(curve, 0.5)).toEqual({ x: 45, y: 45 })
})

test('the distance is measured to the curve, not to the chord', () => {
  const curve = lineCurve({ x: 0, y: 0 }, { x: 100, y: 100 }, true)
  expect(distanceToCurve(curve, { x: 50, y: 50 })).toBeCloseTo(0, 1)
  expect(distanceToCurve(curve, { x: 4, y: 20 })).toBeLessThan(4)
  expect(distanceToCurve(curve, { x: 60, y: 20 })).toBeGreaterThan(20)
  expect(distanceToCurve(lineCurve({ x: 5, y: 5 }, { x: 5, y: 5 }, false), { x: 8, y: 9 })).toBeCloseTo(5)
})
