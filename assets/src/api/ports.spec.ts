import { afterEach, expect, test, vi } from 'vitest'
import { addCrossConnects, confirmCrossConnects, type Join, removeCrossConnect } from './ports'

/** A server with the cross-connects of a device; returns the changes that it was sent, with their `If-Match`. */
function serve(pairs: Join[]): string[] {
  const sent: string[] = []
  vi.stubGlobal('document', { baseURI: 'http://unoc/' })
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
    const body = init.body === undefined ? null : (JSON.parse(String(init.body)) as { cross_connects: Join[] })
    if (init.method === 'GET') return new Response(JSON.stringify(pairs), { headers: { etag: '"7"' } })
    sent.push(`${init.method} ${url.pathname} ${new Headers(init.headers).get('if-match') ?? 'none'}`)
    // The server keeps microdecibels.
    const made = body?.cross_connects.map((join) => ({ ...join, loss_db: join.loss_db && Math.round(join.loss_db * 1e6) / 1e6 }))
    return new Response(JSON.stringify([...pairs, ...(made ?? [])]))
  })
  return sent
}

function join(a: number, b: number, loss: number | null = 0.1): Join {
  return { a_interface_id: a, b_interface_id: b, loss_db: loss }
}

afterEach(() => vi.unstubAllGlobals())

const rows: [string, Join[], { add: boolean; confirm: boolean; remove: boolean }][] = [
  ['free ports', [join(5, 6)], { add: true, confirm: false, remove: false }],
  ['the same join', [join(1, 2)], { add: true, confirm: true, remove: true }],
  ['the same join, named from its other end', [join(2, 1)], { add: true, confirm: true, remove: true }],
  ['the same ports with another loss', [join(1, 2, 0.5)], { add: false, confirm: false, remove: false }],
  ['the same ports without a loss', [join(1, 2, null)], { add: false, confirm: false, remove: false }],
  ['one of the ports is joined with another', [join(1, 3)], { add: false, confirm: false, remove: false }],
  ['both ports are joined with others', [join(1, 3), join(2, 4)], { add: false, confirm: false, remove: false }],
]

test.each(rows)('%s: a join is added, confirmed and removed only where it was seen so', async (_, pairs, allowed) => {
  const calls = {
    add: () => addCrossConnects(9, [join(1, 2)]),
    confirm: () => confirmCrossConnects(9, [join(1, 2)]),
    remove: () => removeCrossConnect(9, join(1, 2)),
  }
  for (const [name, call] of Object.entries(calls)) {
    const sent = serve(pairs)
    const outcome = await call().then(() => true, () => false)
    expect([name, outcome]).toEqual([name, allowed[name as keyof typeof allowed]])
    expect(sent.length).toBe(outcome ? 1 : 0)
    expect(sent.every((each) => each.endsWith('"7"'))).toBe(true)
  }
})

test('a new join is returned as the server has recorded it', async () => {
  serve([join(5, 6)])
  expect(await addCrossConnects(9, [join(1, 2, 0.1234567)])).toEqual([join(1, 2, 0.123457)])
})
