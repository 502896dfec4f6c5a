import { afterEach, expect, test, vi } from 'vitest'
import { EditConflictError } from './conditional'
import { putDeviceOverride, putLinkOverride } from './overrides'
import { deleteDevice } from './devices'
import { testDevice } from '../domain/testing'

const NONE = { status_override: null, override_reason: null }
const DOWN = { status_override: 'DOWN' as const, override_reason: 'dig' }

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

test.each([
  [NONE, DOWN, 'PATCH /api/devices/1/override "7" {"status_override":"DOWN","override_reason":"dig"}'],
  [DOWN, NONE, 'DELETE /api/devices/1/override "7"'],
  [
    NONE,
    { status_override: 'DEGRADED' as const, override_reason: null },
    'POST /api/devices/1/override-status "7" {"status":"DEGRADED","reason":null}',
  ],
])('an override is meant for the state that was read: %j to %j', async (before, next, request) => {
  const sent = serve(before)
  await putDeviceOverride(1, before, next)
  expect(sent).toEqual([request])
})

test('an override that someone else has set meanwhile is shown, and nothing is sent', async () => {
  const sent = serve({ status_override: 'UP', override_reason: 'tested' })
  const error: unknown = await putLinkOverride(3, NONE, DOWN).catch((reason: unknown) => reason)
  expect((error as EditConflictError).conflicts).toEqual([
    { key: 'status_override', before: null, theirs: 'UP', mine: 'DOWN' },
    { key: 'override_reason', before: null, theirs: 'tested', mine: 'dig' },
  ])
  expect(sent).toEqual([])
})

test('the same override of someone else is no conflict', async () => {
  const sent = serve(DOWN)
  await putLinkOverride(3, NONE, DOWN)
  expect(sent).toEqual(['PATCH /api/links/3 "7" {"status_override":"DOWN","override_reason":"dig"}'])
})

test('a device that someone has renamed meanwhile is not deleted; another status or position is no reason', async () => {
  const sent = serve(testDevice({ name: 'ONT-4711' }))
  await expect(deleteDevice(testDevice())).rejects.toThrow(EditConflictError)
  expect(sent).toEqual([])
  await deleteDevice(testDevice({ name: 'ONT-4711', effective_status: 'DOWN', x: 9 }))
  expect(sent).toEqual(['DELETE /api/devices/1 "7"'])
})
