import type { Device, DeviceType, NewDevice } from '../api/types'
import { DEVICE_TYPES, TYPE_LABELS } from '../api/words'
import { readCsv, writeCsv } from './csv'
import { PON_CLASSES, readNumber } from './deviceFields'
import { isContainer } from './linkRules'

/** What an export holds; an import takes the columns that `COLUMNS_READ` names, in any order. */
const COLUMNS = [
  'id',
  'name',
  'device_type',
  'container',
  'effective_status',
  'status',
  'status_override',
  'override_reason',
  'status_since',
  'margin_db',
  'x',
  'y',
  'tx_power_dbm',
  'sensitivity_min_dbm',
  'insertion_loss_db',
  'pon_class',
] as const
const NUMBERS = ['x', 'y', 'tx_power_dbm', 'sensitivity_min_dbm', 'insertion_loss_db'] as const
export const COLUMNS_READ = ['name', 'device_type', 'container', ...NUMBERS, 'pon_class'] as const

/** One line of an import: the device to make, or what is wrong with the line. */
export interface ImportRow {
  /** Line of the file, counted from 1 with the heading. */
  line: number
  name: string
  device: NewDevice | null
  faults: string[]
}

type Devices = ReadonlyMap<number, Device>

export function exportCsv(ids: readonly number[], devices: Devices): string {
  const rows = ids.flatMap((id) => {
    const device = devices.get(id)
    if (device === undefined) return []
    const container = devices.get(device.parent_container_id ?? -1)?.name ?? null
    const cells = { ...device, container, margin_db: device.signal?.margin_db ?? null }
    return [COLUMNS.map((column) => cells[column])]
  })
  return writeCsv([COLUMNS, ...rows])
}

/** Reads an import; `problem` is what makes the whole file unusable. */
export function readImport(
  text: string,
  devices: Devices,
): { rows: ImportRow[]; problem: string | null } {
  const [head, ...lines] = readCsv(text)
  const columns = (head ?? []).map((cell) => cell.toLowerCase())
  const missing = ['name', 'device_type'].filter((each) => !columns.includes(each))
  if (missing.length > 0) {
    return { rows: [], problem: `The first line names no column ${missing.join(' and no column ')}.` }
  }
  if (lines.length === 0) return { rows: [], problem: 'The file has a heading and no devices.' }
  const byName = new Map([...devices.values()].map((each) => [each.name, each]))
  const seen = new Set<string>()
  const rows = lines.map((cells, index) => {
    const cell = (column: string): string => cells[columns.indexOf(column)] ?? ''
    return readRow(index + 2, cell, { devices, byName, seen })
  })
  return { rows, problem: null }
}

interface Known {
  devices: Devices
  byName: ReadonlyMap<string, Device>
  /** Names of the lines above. */
  seen: Set<string>
}

function readRow(line: number, cell: (column: string) => string, known: Known): ImportRow {
  const faults: string[] = []
  const name = cell('name')
  if (name === '') faults.push('The name is missing.')
  else if (known.byName.has(name)) faults.push('A device of that name exists.')
  else if (known.seen.has(name)) faults.push('A line above has the same name.')
  known.seen.add(name)
  const type = typeOf(cell('device_type'))
  if (type === null) faults.push(`“${cell('device_type')}” is no device type.`)
  const device: NewDevice = {
    name,
    device_type: type ?? 'HOP',
    validate_upstream: true,
    x: 0,
    y: 0,
  }
  for (const column of NUMBERS) {
    const value = readNumber(cell(column))
    if (value === null) continue
    if (Number.isFinite(value)) device[column] = value
    else faults.push(`“${cell(column)}” in ${column} is no number.`)
  }
  const ponClass = cell('pon_class').toUpperCase()
  const found = (Object.keys(PON_CLASSES) as (keyof typeof PON_CLASSES)[]).find(
    (each) => each === ponClass,
  )
  if (found !== undefined) device.pon_class = found
  else if (ponClass !== '') faults.push(`“${ponClass}” is no PON class.`)
  const container = cell('container')
  if (container !== '') {
    const at = known.byName.get(container) ?? known.devices.get(Number(container.replace('#', '')))
    if (at === undefined) faults.push(`There is no container “${container}”.`)
    else if (!isContainer(at.device_type)) faults.push(`“${container}” is no POP and no core site.`)
    else device.parent_container_id = at.id
  }
  return { line, name, device: faults.length === 0 ? device : null, faults }
}

function typeOf(text: string): DeviceType | null {
  const wanted = text.toUpperCase().replaceAll(/[\s-]+/g, '_')
  const label = text.toLowerCase()
  return (
    DEVICE_TYPES.find((type) => type === wanted || TYPE_LABELS[type].toLowerCase() === label) ?? null
  )
}
