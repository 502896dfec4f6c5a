import { afterEach, expect, test, vi } from 'vitest'
import { EditConflictError } from './conditional'
import { deleteDevice } from './devices'
import { testDevice } from '../domain/testing'

/** A server with one entity; returns the changes that it was sent, with their `If-Match`. */
function serve(entity: object): string[] {
  const sent: string[] = []
  vi.stubGlobal('document', { baseURI: 'http://unoc/' })
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
    if (init.method === 'GET') return new Response(JSON.stringify(entity), { headers: { etag: '"7"' } })
    const tag = new Headers(init.headers).get('if-match') ?? 'none'
    sent.push(`${init.method} ${url.pathname} ${tag} ${init.body === undefined ? '' : String(init.body)}`.trim())
    return new Response('{}')
  })
  return sent
}

afterEach(() => vi.unstubAllGlobals())

test('a device that someone has renamed meanwhile is not deleted; another status or position is no reason', async () => {
  const sent = serve(testDevice({ name: 'ONT-4711' }))
  await expect(deleteDevice(testDevice())).rejects.toThrow(EditConflictError)
  expect(sent).toEqual([])
  await deleteDevice(testDevice({ name: 'ONT-4711', effective_status: 'DOWN', x: 9 }))
  expect(sent).toEqual(['DELETE /api/devices/1 "7"'])
})
