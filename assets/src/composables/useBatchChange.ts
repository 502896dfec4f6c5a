import { type ShallowRef, shallowRef } from 'vue'
import { ApiError, describeError } from '../api/http'
import type { Device, Link } from '../api/types'
import { type EditConflict, editConflicts } from '../domain/editConflicts'
import { formatCounted } from '../utils/format'
import type { Conflicted } from './useBulkChange'

const PRECONDITION_FAILED = 412
/** Each round is lost only to another change of the same things within milliseconds. */
const ROUNDS_MAX = 5

/** A device or link of a change that is made as a whole. */
export interface BatchItem {
  kind: 'device' | 'link'
  id: number
  name: string
}

/** How a change looks to one of its items. */
export interface BatchPorts<T> {
  /** The fields that are set: as the page knew them, and as they shall be. */
  fields: (item: T) => { before: object; patch: object }
  /** The item as the server has it now. */
  refresh: (item: T, current: Device | Link) => T
  /** Changes all items, or throws. */
  send: (items: readonly T[]) => Promise<void>
}

export interface BatchChange<T extends BatchItem> {
  busy: ShallowRef<boolean>
  errorText: ShallowRef<string | null>
  /** What someone else has changed meanwhile; nothing was done then. */
  conflicted: ShallowRef<readonly Conflicted<T>[]>
  /** Returns the items as they were before the change; null if it was not made. */
  run: (items: readonly T[]) => Promise<readonly T[] | null>
  /** All items of the last run, with what someone else has set. */
  current: () => readonly T[]
  /** Those of them that nobody else has changed. */
  others: () => readonly T[]
  /** These items in a message: the name of one, or how many. */
  nameOf: (items: readonly T[]) => string
}

/** Changes many devices and links with one request: all of them, or none. */
export function useBatchChange<T extends BatchItem>(ports: BatchPorts<T>): BatchChange<T> {
  const busy = shallowRef(false)
  const errorText = shallowRef<string | null>(null)
  const conflicted = shallowRef<readonly Conflicted<T>[]>([])
  let items: readonly T[] = []

  /** Takes over what someone else has set; returns whether it is the same as is to be set now. */
  function takeOver(changed: ReadonlyMap<string, Device | Link>): boolean {
    const conflicts: Conflicted<T>[] = []
    items = items.map((item) => {
      const entity = changed.get(keyOf(item))
      if (entity === undefined) return item
      const { before, patch } = ports.fields(item)
      const found: EditConflict[] = editConflicts(before, entity, patch)
      const refreshed = ports.refresh(item, entity)
      if (found.length > 0) conflicts.push({ item: refreshed, conflicts: found })
      return refreshed
    })
    conflicted.value = conflicts
    return conflicts.length === 0 && changed.size > 0
  }

  async function attempt(): Promise<readonly T[] | null> {
    for (let round = 1; ; round += 1) {
      try {
        await ports.send(items)
        return items
      } catch (error) {
        const isChanged = error instanceof ApiError && error.status === PRECONDITION_FAILED
        if (isChanged && round < ROUNDS_MAX && takeOver(changedOf(error.body))) continue
        if (conflicted.value.length === 0) errorText.value = describeError(error)
        return null
      }
    }
  }

  async function run(which: readonly T[]): Promise<readonly T[] | null> {
    busy.value = true
    errorText.value = null
    conflicted.value = []
    items = which
    const done = await attempt()
    busy.value = false
    return done
  }

  function others(): readonly T[] {
    const changed = new Set(conflicted.value.map(({ item }) => keyOf(item)))
    return items.filter((item) => !changed.has(keyOf(item)))
  }

  function nameOf(which: readonly T[]): string {
    const [first] = which
    return first !== undefined && which.length === 1 ? first.name : formatCounted(which.length, first?.kind ?? 'device')
  }

  return { busy, errorText, conflicted, run, current: () => items, others, nameOf }
}

function keyOf({ kind, id }: Pick<BatchItem, 'kind' | 'id'>): string {
  return `${kind} ${id}`
}

/** The devices and links in the body of a 412. */
function changedOf(body: unknown): Map<string, Device | Link> {
  const { devices = [], links = [] } = (body ?? {}) as { devices?: Device[]; links?: Link[] }
  return new Map<string, Device | Link>([
    ...devices.map((device) => [keyOf({ kind: 'device', id: device.id }), device] as const),
    ...links.map((link) => [keyOf({ kind: 'link', id: link.id }), link] as const),
  ])
}
