import { expect, test } from 'vitest'
import { ponNetwork } from '../testing/testNetwork'
import { nodeDiameterPx } from './style'

/** Pixels per world unit where a whole site fits into the window. */
const AFAR = 0.01

test('from afar, a PON with a device that is DOWN is larger than the others', () => {
  const network = ponNetwork(2, 4)
  network.setStatus(network.ids['onts']?.[0] ?? 0, 'DOWN', ['no_signal'])
  const model = network.build()
  const [alarmed, quiet] = (network.ids['splitters'] ?? []).map((id) => {
    const node = model.nodes.get(id)
    if (node === undefined) throw new Error(`no node ${id}`)
    return nodeDiameterPx(node, AFAR)
  })
  expect(alarmed).toBe(18)
  expect(quiet).toBe(11)
})
