import { shallowRef } from 'vue'
import type { UndoTarget } from '../api/audit'
import type { IncidentDeed } from '../api/incidents'
import type { Device, DeviceType, Incident, Link } from '../api/types'
import { deviceLifecycle, type LifecycleTarget, linkLifecycle } from '../domain/lifecycles'
import { deviceTarget, linkTarget, type Override, type OverrideTarget } from '../domain/overrides'
import { devices } from './devices'
import { links, nameOfLink } from './links'
import { mayOrSay } from './session'

/**
 * The dialogs that any page can open; App.vue shows them (components/devices/DeviceDialogs.vue).
 * Each call opens a dialog and resolves when it closes:
 *
 *   const device = await askProvision({ type: 'ONT', x: 120, y: 80, container: 7 })
 *   const link = await askConnect({ a: 4, b: 6 })
 *   const gone = await askDelete([6])
 *   const done = await askOverride([6, 7])
 *   const done = await askOverrideLinks([12], 'Fibre cut')
 *
 * A dialog sends the change, notifies of the result and shows errors inside.
 */
export interface ProvisionDefaults {
  /** Chosen beforehand, as from a palette; the dialog lets it be changed. */
  type?: DeviceType
  x?: number
  y?: number
  /** Id of the POP or CORE_SITE that it shall stand in. */
  container?: number | null
}

/** The ends known so far; what is missing is chosen in the dialog. */
export interface ConnectDefaults {
  a?: number
  b?: number
}

export type Dialog =
  | { kind: 'provision'; defaults: ProvisionDefaults; done: (made: Device | null) => void }
  | { kind: 'connect'; defaults: ConnectDefaults; done: (made: Link | null) => void }
  | { kind: 'delete'; noun: 'device' | 'link'; ids: readonly number[]; done: (gone: boolean) => void }
  | {
      kind: 'override'
      targets: readonly OverrideTarget[]
      /** Proposed in the field. */
      reason: string
      done: (changed: boolean) => void
    }
  | { kind: 'clear-override'; override: Override; done: (cleared: boolean) => void }
  | { kind: 'lifecycle'; targets: readonly LifecycleTarget[]; done: (changed: boolean) => void }
  | { kind: 'edit'; device: Device; done: () => void }
  | { kind: 'edit-link'; link: Link; done: () => void }
  | { kind: 'erase'; ids: readonly number[]; done: (erased: boolean) => void }
  | { kind: 'undo'; target: UndoTarget; text: string; done: (undone: boolean) => void }
  | { kind: 'incident'; incident: Incident; deed: IncidentDeed; done: (changed: boolean) => void }
  | { kind: 'import'; done: () => void }

/** The open dialog, or null. */
export const dialog = shallowRef<Dialog | null>(null)

/** Provisions a device; null when cancelled. */
export function askProvision(defaults: ProvisionDefaults = {}): Promise<Device | null> {
  return new Promise((done) => open({ kind: 'provision', defaults, done }))
}

/** Links two devices; null when cancelled. */
export function askConnect(defaults: ConnectDefaults = {}): Promise<Link | null> {
  return new Promise((done) => open({ kind: 'connect', defaults, done }))
}

/** Deletes devices with their ports and links, after showing the impact. */
export function askDelete(ids: readonly number[]): Promise<boolean> {
  return new Promise((done) => open({ kind: 'delete', noun: 'device', ids, done }))
}

/** Deletes links, after showing the impact. */
export function askDeleteLinks(ids: readonly number[]): Promise<boolean> {
  return new Promise((done) => open({ kind: 'delete', noun: 'link', ids, done }))
}

/** Sets or clears the override of devices, after showing the impact. */
export function askOverride(ids: readonly number[]): Promise<boolean> {
  return askOverrideTargets(ids.flatMap((id) => devices.value.get(id) ?? []).map(deviceTarget), '')
}

/** The same for links, as for a fibre cut; `reason` is proposed. */
export function askOverrideLinks(ids: readonly number[], reason = ''): Promise<boolean> {
  const found = ids.flatMap((id) => links.value.get(id) ?? [])
  return askOverrideTargets(
    found.map((link) => linkTarget(link, nameOfLink(link.id))),
    reason,
  )
}

export function askOverrideTargets(targets: readonly OverrideTarget[], reason: string): Promise<boolean> {
  return new Promise((done) => open({ kind: 'override', targets, reason, done }))
}

/** Clears an override, after showing the impact. */
export function askClearOverride(override: Override): Promise<boolean> {
  return new Promise((done) => open({ kind: 'clear-override', override, done }))
}

/** Erases the personal data of devices, once that is confirmed. */
export function askErasePersonalData(ids: readonly number[]): Promise<boolean> {
  return new Promise((done) => open({ kind: 'erase', ids, done }))
}

/** Puts devices or links into service, or plans or retires them, after showing the impact. */
export function askLifecycle(targets: readonly LifecycleTarget[]): Promise<boolean> {
  return new Promise((done) => open({ kind: 'lifecycle', targets, done }))
}

/** The same for devices by their ids. */
export function askDeviceLifecycle(ids: readonly number[]): Promise<boolean> {
  return askLifecycle(ids.flatMap((id) => devices.value.get(id) ?? []).map(deviceLifecycle))
}

/** The same for links by their ids. */
export function askLinkLifecycle(ids: readonly number[]): Promise<boolean> {
  const found = ids.flatMap((id) => links.value.get(id) ?? [])
  return askLifecycle(found.map((link) => linkLifecycle(link, nameOfLink(link.id))))
}

/** Changes name, container, optical values, serial number and customer. */
export function askEdit(id: number): Promise<void> {
  const device = devices.value.get(id)
  if (device === undefined) return Promise.resolve()
  return new Promise((done) => open({ kind: 'edit', device, done }))
}

/** Changes length and medium of a link. */
export function askEditLink(id: number): Promise<void> {
  const link = links.value.get(id)
  if (link === undefined) return Promise.resolve()
  return new Promise((done) => open({ kind: 'edit-link', link, done }))
}

/** Undoes a change, after showing the impact; `text` says what was done. */
export function askUndo(target: UndoTarget, text: string): Promise<boolean> {
  return new Promise((done) => open({ kind: 'undo', target, text, done }))
}

/** Acknowledges an incident, adds a note or closes it. */
export function askIncidentDeed(incident: Incident, deed: IncidentDeed): Promise<boolean> {
  return new Promise((done) => open({ kind: 'incident', incident, deed, done }))
}

/** Imports devices, links or cross-connects from a CSV file. */
export function askImport(): Promise<void> {
  return new Promise((done) => open({ kind: 'import', done }))
}

/** Ends a dialog as if it had been cancelled. */
export function cancelDialog(open: Dialog): void {
  if (open.kind === 'import' || open.kind === 'edit' || open.kind === 'edit-link') open.done()
  else if (open.kind === 'provision' || open.kind === 'connect') open.done(null)
  else open.done(false)
}

function open(next: Dialog): void {
  // Keys and the search lead here too.
  if (mayOrSay(next.kind === 'erase' ? 'admin' : 'operate')) dialog.value = next
  else cancelDialog(next)
}
