import { afterEach, expect, test, vi } from 'vitest'
import { EditConflictError, patchUnlessChanged } from './conditional'
import { ApiError } from './http'

interface Entity {
  name: string
  x: number
}

/** A server with one entity, which someone else changes before the first `interventions` changes arrive. */
function serve(entity: Entity, change: (entity: Entity) => void, interventions: number) {
  let revision = 0
  const patches: string[] = []
  vi.stubGlobal('document', { baseURI: 'http://unoc/' })
  vi.stubGlobal('fetch', async (_: URL, init: RequestInit) => {
    const headers = new Headers(init.headers)
    if (init.method === 'GET') {
      return new Response(JSON.stringify(entity), { headers: { etag: `"${revision}"` } })
    }
    if (patches.length < interventions) {
      change(entity)
      revision += 1
    }
    patches.push(headers.get('if-match') ?? 'none')
    if (headers.get('if-match') !== `"${revision}"`) {
      return new Response(JSON.stringify({ detail: 'changed', current: entity }), { status: 412 })
    }
    Object.assign(entity, JSON.parse(String(init.body)))
    return new Response(JSON.stringify({ message: 'done' }))
  })
  return patches
}

afterEach(() => vi.unstubAllGlobals())

test('a change of another field is kept', async () => {
  const entity = { name: 'A', x: 1 }
  const patches = serve(entity, (it) => (it.x += 1), 2)
  await patchUnlessChanged('api/devices/1', { name: 'A', x: 1 }, { name: 'B' })
  expect(entity).toEqual({ name: 'B', x: 3 })
  expect(patches).toEqual(['"0"', '"1"', '"2"'])
})

test('a change of the same field is shown and not overwritten', async () => {
  const entity = { name: 'A', x: 1 }
  serve(entity, (it) => (it.name = 'C'), 1)
  const saved = patchUnlessChanged('api/devices/1', { name: 'A', x: 1 }, { name: 'B' })
  const error: unknown = await saved.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(EditConflictError)
  expect((error as EditConflictError).conflicts).toEqual([
    { key: 'name', before: 'A', theirs: 'C', mine: 'B' },
  ])
  expect(entity.name).toBe('C')
})

test('an entity that changes all the time is given up', async () => {
  const entity = { name: 'A', x: 1 }
  const patches = serve(entity, (it) => (it.x += 1), 100)
  await expect(patchUnlessChanged('api/devices/1', entity, { name: 'B' })).rejects.toThrow(ApiError)
  expect(patches.length).toBe(5)
})
