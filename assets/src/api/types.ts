import type { components } from './schema'

/** The wire shapes this page uses, from the server's OpenAPI document. */

type Schemas = components['schemas']

/** Keys of a device that a response leaves out where nothing is recorded, or where nothing serves it. */
type Recorded =
  | 'override_ends_at'
  | 'split_ratio'
  | 'serial'
  | 'customer_reference'
  | 'customer_name'
  | 'phone'
  | 'address'
  | 'latitude'
  | 'longitude'
  | 'note'
  | 'served_by'

/**
 * A response as it arrives. The document marks every nullable key as optional, because requests may
 * omit it; responses have them all, except those of a device that are `Recorded`.
 */
type Sent<T> = T extends (infer Each)[]
  ? Sent<Each>[]
  : T extends Schemas['Device']
    ? SentKeys<Omit<T, Recorded>> & { [Key in Recorded]?: T[Key] }
    : T extends object
      ? SentKeys<T>
      : T

type SentKeys<T> = { [Key in keyof T]-?: Sent<T[Key]> }

/** A response with `warnings` if there are any. */
type Warned<T> = Sent<Omit<T, 'warnings'>> & { warnings?: string[] }

export type Device = Sent<Schemas['Device']> & {
  /** Set by this page (stores/plannedWork.ts): it is DOWN or DEGRADED because of planned work elsewhere. */
  isBehindPlannedWork?: true
}
export type DeviceType = Device['device_type']
export type Status = Device['effective_status']
export type OverrideAnswer = Warned<Schemas['DeviceMessage']>
export type Interface = Sent<Schemas['Interface']>
export type Link = Sent<Schemas['Link']>
export type Medium = NonNullable<Link['physical_medium_id']>
export type Signal = Sent<Schemas['Signal']>
export type DesignedOpticalPath = Sent<Schemas['DesignedOpticalPath']>
/** `designed`: only of a leaf without light. */
export type OpticalPath = Omit<Sent<Schemas['OpticalPath']>, 'designed'> & { designed?: DesignedOpticalPath }
export type ServedBy = NonNullable<Device['served_by']>
export type OpticalElement = Sent<Schemas['OpticalElement']>
export type UpstreamPath = Sent<Schemas['UpstreamPath']>
export type Problem = Sent<Schemas['Problem']>
export type Problems = Sent<Schemas['Problems']>
export type ProblemDetail = Omit<Sent<Schemas['ProblemDetail']>, 'changes'> & { changes: AuditRow[] }
export type CausePath = Sent<Schemas['CausePath']>
export type CausePathPart = Sent<Schemas['CausePathPart']>
export type Redundancy = Sent<Schemas['Redundancy']>
export type CustomerHistory = Sent<Schemas['CustomerHistory']>
export type DeviceAvailability = Sent<Schemas['DeviceAvailability']>
export type Outage = Sent<Schemas['Outage']>
export type OutageDay = Sent<Schemas['OutageDay']>
export type Customer = Sent<Schemas['Customer']>
export type Overrides = Sent<Schemas['Overrides']>
export type OverrideRow = Sent<Schemas['Override']>
export type Simulation = Schemas['Simulation']
export type Simulated = Sent<Schemas['Simulated']>
/** What is wrong with one field of a request. */
export type FieldError = Schemas['FieldError']
export type DeviceToProvision = Schemas['DeviceToProvision']
export type DevicePatch = Schemas['DevicePatch']
export type ErasedPersonalData = Sent<Schemas['ErasedPersonalData']>
export type LinkPatch = Schemas['LinkPatch']
export type OverrideGroup = Schemas['OverrideGroup']
export type LifecycleGroup = Schemas['LifecycleGroup']
export type LifecyclesSet = Schemas['LifecyclesSet']
export type Lifecycle = Device['lifecycle']
export type ConnectDevices = Schemas['ConnectDevices']
export type NewLink = Schemas['NewLink']
export type DevicePorts = Sent<Schemas['DevicePorts']>
export type Port = DevicePorts['ports'][number]
export type PortPair = Sent<Schemas['PortPair']>
export type NewCrossConnect = Schemas['NewCrossConnect']
export type Connected = Sent<Schemas['Connected']>
export type Provisioned = Warned<Schemas['Provisioned']>
export type ImportReport = Warned<Schemas['ImportReport']>
export type ImportErrors = Sent<Schemas['ImportErrors']>
export type TableError = ImportErrors['faults'][number]
export type FiberType = Sent<Schemas['FiberType']>
export type PonClass = NonNullable<Device['pon_class']>
export type HealthDetail = Sent<Schemas['HealthDetail']>
export type ApplianceCheck = Sent<Schemas['HealthCheck']>
export type CheckLimit = NonNullable<ApplianceCheck['warning']>
export type CheckHistory = Sent<Schemas['CheckHistory']>
export type AuditRow = Omit<Sent<Schemas['AuditRow']>, 'details' | 'outcome'> & {
  /** Where the request came from; empty when it came over no network. */
  address: string
  outcome: 'done' | 'refused'
  /** What an event was about; null for a change of the network. */
  details: Record<string, unknown> | null
  /** Null in rows from before the chain. */
  hash: string | null
}
/** Whether the audit trail is as it was written. */
export interface AuditCheck {
  /** There is no problem, apart from accepted ones. */
  is_intact: boolean
  problems: string[]
  accepted_problems: string[]
  row_count: number
  /** Rows from before the chain, which nothing protects. */
  unchained_count: number
  head: { id: number; hash: string } | null
  /** What backups and PostgreSQL know of the trail. */
  known: { source: string; at: string; id: number; state: string }[]
}
export type Undone = Sent<Schemas['UndoneChange']>
export type AuditChange = AuditRow['changes'][number]

export type SyncState = 'off' | 'connecting' | 'loading' | 'live' | 'waiting' | 'stopped'
/** The state of the mirror; the document has `state` as a plain string. */
export type SyncStatus = Omit<Sent<Schemas['Sync']>, 'state' | 'rounds'> & { state: SyncState; rounds: SyncRound[] }
export type SyncRound = Omit<Sent<Schemas['SyncRound']>, 'kind'> & { kind: 'changes' | 'first' | 'reconcile' }
export type SyncComparison = Sent<Schemas['SyncReconcile']>
export type SlowStatement = Sent<Schemas['SyncSlowStatement']>

export type Backups = Sent<Schemas['Backups']>
export type Backup = Sent<Schemas['Backup']>
export type BackupCopy = Sent<Schemas['BackupCopy']>
export type BackupTarget = Sent<Schemas['BackupTarget']>
export type Verification = Sent<Schemas['BackupVerification']>
export type Retention = Sent<Schemas['BackupRetention']>
export type Activity = Sent<Schemas['BackupActivity']>
export type UndoPoint = Sent<Schemas['BackupUndo']>
export type BackupHealth = Sent<Schemas['BackupHealth']>
export type Restore = Sent<Schemas['Restore']>
export type RestoreExample = Sent<Schemas['RestoreExample']>
export type Pruning = Sent<Schemas['Pruning']>
export type Jobs = Sent<Schemas['Jobs']>
export type Job = Sent<Schemas['Job']>
export type JobRun = Sent<Schemas['JobRun']>
export type JobPatch = Schemas['JobPatch']

export type LogLine = Sent<Schemas['LogLine']>
export type LogLevel = LogLine['level']
export type LogPage = Sent<Schemas['LogPage']>
export type LogSummary = Sent<Schemas['LogSummary']>
export type LogGroup = Sent<Schemas['LogGroup']>
export type LogLevels = Sent<Schemas['LogLevels']>
export type LogLevelChange = Sent<Schemas['LogLevelChange']>
export type NewLogLevel = Schemas['NewLogLevel']
export type Incidents = Sent<Schemas['Incidents']>
export type Incident = Sent<Schemas['Incident']>
export type IncidentDetail = Sent<Schemas['IncidentDetail']>
export type TimelineEntry = Sent<Schemas['TimelineEntry']>
export type IncidentActionBody = Schemas['IncidentActionBody']
export type MaintenanceWindow = Sent<Schemas['MaintenanceWindow']>
export type MaintenancePlan = Schemas['MaintenancePlan']
export type Duty = Sent<Schemas['Duty']>
export type DutyRecord = Sent<Schemas['DutyRecord']>
export type ReportHead = Sent<Schemas['ReportHead']>
export type ReportKind = ReportHead['kind']
export type Report = Sent<Schemas['Report']>
export type ReportSection = Sent<Schemas['ReportSection']>
export type ReportValue = Schemas['ReportValue']
export type DutyRecordBody = Schemas['DutyRecordBody']
/** Called after its incident: a notice of the page itself is a short message. */
export type IncidentNotice = Sent<Schemas['Notice']>
export type NoticeTest = Sent<Schemas['NoticeTest']>
export type Contacts = Sent<Schemas['Contacts']>
export type Contact = Sent<Schemas['Contact']>
export type Settings = Sent<Schemas['Settings']>
export type Setting = Sent<Schemas['Setting']>
/** By key; null sets one back. */
export type SettingsPatch = Record<string, number | boolean | null>
export type Delivery = Settings['delivery']
export type Limits = Sent<Schemas['Limits']>
export type Limit = Sent<Schemas['Limit']>
