import type { Device, Interface, Link, LogLine } from '../api/types'

/** The latest state of one entity; null if it was deleted. */
export type ChangeItem =
  | { kind: 'device'; id: number; value: Device | null }
  | { kind: 'interface'; id: number; value: Interface | null }
  | { kind: 'link'; id: number; value: Link | null }

/** The steps `from_seq + 1 ..= to_seq` of the server's change log. */
export interface Span {
  from_seq: number
  to_seq: number
}

export interface Batch<Item = ChangeItem> extends Span {
  items: Item[]
}

/** Incidents that changed; null if they are too many to name. */
export interface ChangedIncidents {
  ids: number[] | null
  has_maintenance: boolean
}

/** The state of the server when a client connects. */
export interface SnapshotHint {
  seq: number
  /** Drawn at each start of the server: numbers count within one run. */
  run: string
  site: string
  version: string
}

/** Lines of the log that follow each other, and how many were left out before them. */
export interface LogBatch {
  missed: number
  lines: LogLine[]
}

/** What somebody has open; null is no device. */
export interface Presence {
  device_id: number | null
  is_editing: boolean
}

/** A user with a device open. */
export interface PresentUser extends Presence {
  name: string
}
