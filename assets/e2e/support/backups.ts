import type { Backup, BackupCopy, Backups, Job, JobRun, Jobs, Pruning, Restore } from '../../src/api/types'

/** States of the backups of a site, as `GET /api/backups` returns them. */
export type Situation = 'fresh' | 'fine' | 'local' | 'failing' | 'active'

const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400
/** 02:15, so many hours before now. */
const NEWEST_S = 20.4 * HOUR_S
const STALE_AFTER_S = 36 * HOUR_S

function at(secondsAgo: number): string {
  return new Date(Date.now() - secondsAgo * 1_000).toISOString()
}

function idOf(secondsAgo: number): string {
  return `unoc_${at(secondsAgo).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')}`
}

function copy(target: string, secondsAgo: number): BackupCopy {
  return { target, state: 'done', at: at(secondsAgo), attempts: 1, next_attempt_at: null, message: null }
}

function backup(age: number, index: number, isRemote: boolean): Backup {
  const id = idOf(age)
  const devices = 10_000 - index * 37
  return {
    id,
    file: `${id}.sql.zst${isRemote ? '.age' : ''}`,
    bytes: 1_460_000 - index * 6_000 + (index % 3) * 9_000,
    plain_bytes: 14_200_000 - index * 52_000,
    taken_at: at(age),
    reason: index === 4 ? 'upgrade' : index === 7 ? 'missed' : index === 2 ? 'manual' : 'schedule',
    seq: 12_806 - index * 88,
    version: '0.2.0',
    duration_ms: 410 + (index % 5) * 23,
    rows: { devices, interfaces: devices * 4, links: devices - 12, audit: 4_000 - index * 40 },
    is_encrypted: isRemote,
    key_ids: isRemote ? ['9f1c2ab77d03e4f5', '0d55e8a1c4b2f960'] : [],
    state: 'verified',
    is_newest_verified: index === 0,
    is_local: true,
    verification: {
      at: at(age - 8),
      kind: index % 7 === 0 ? 'full' : 'quick',
      is_ok: true,
      duration_ms: index % 7 === 0 ? 4_120 + index * 15 : 730 + (index % 4) * 41,
      message: 'Restored and compared: 54,000 rows, all equal.',
      postgres: index % 7 === 0 ? '15.18' : null,
      postgres_result: index % 7 === 0 ? 'passed' : null,
    },
    verification_error: null,
    copies: isRemote ? [copy('nas', age - 60), copy('s3-frankfurt', age - 95)] : [],
    kept_as: index === 0 ? ['last', 'daily', 'newest verified'] : index < 7 ? ['last', 'daily'] : index < 17 ? ['weekly'] : [],
  }
}

function list(isRemote: boolean, first = NEWEST_S): Backup[] {
  return Array.from({ length: 20 }, (_, index) => backup(first + index * DAY_S - (index === 2 ? 7 * HOUR_S : 0), index, isRemote))
}

function fine(isRemote: boolean): Backups {
  return {
    restorable_as_of: at(NEWEST_S),
    rpo_s: NEWEST_S,
    rto_s: 4.12,
    rehearsed_at: at(NEWEST_S - 8),
    is_stale: false,
    stale_after_s: STALE_AFTER_S,
    directory: '/var/lib/unoc/backups',
    free_bytes: 41_200_000_000,
    total_bytes: 62_700_000_000,
    encryption: {
      is_on: isRemote,
      recipients: isRemote
        ? [
            { key_id: '9f1c2ab77d03e4f5', recipient: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p' },
            { key_id: '0d55e8a1c4b2f960', recipient: 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg' },
          ]
        : [],
    },
    retention: { last: 7, daily: 7, weekly: 4, monthly: 12 },
    targets: isRemote
      ? [
          { name: 'nas', url: 'sftp://unoc@nas.example/backups', state: 'ok', copies: 20, last_ok_at: at(NEWEST_S - 60), last_error: null },
          {
            name: 's3-frankfurt',
            url: 's3://unoc-site-7/backups',
            state: 'ok',
            copies: 20,
            last_ok_at: at(NEWEST_S - 95),
            last_error: null,
          },
        ]
      : [],
    activity: null,
    looked_at: new Date().toISOString(),
    is_directory_answering: true,
    undo: null,
    backups: list(isRemote),
  }
}

function failing(): Backups {
  const all = fine(true)
  const backups = list(true, 2.2 * DAY_S)
  const failed = 'connect to nas.example:22: connection refused'
  const [first, second] = backups
  if (first === undefined || second === undefined) throw new Error('a list of twenty')
  backups.unshift({
    ...backup(1.2 * DAY_S, 0, true),
    state: 'bad',
    is_newest_verified: false,
    verification: {
      at: at(1.2 * DAY_S - 12),
      kind: 'quick',
      is_ok: false,
      duration_ms: 640,
      message: 'Table interfaces: 40,000 rows in the manifest, 39,998 in the scratch store.',
      postgres: null,
      postgres_result: null,
    },
    copies: [],
    kept_as: ['last', 'daily'],
  })
  first.copies = [
    { target: 'nas', state: 'failed', at: null, attempts: 14, next_attempt_at: at(-400), message: failed },
    copy('s3-frankfurt', 2.1 * DAY_S),
  ]
  second.copies = [{ target: 'nas', state: 'pending', at: null, attempts: 0, next_attempt_at: at(-400), message: null }, copy('s3-frankfurt', 3.1 * DAY_S)]
  return {
    ...all,
    restorable_as_of: first.taken_at,
    rpo_s: 2.2 * DAY_S,
    rehearsed_at: first.verification?.at ?? null,
    is_stale: true,
    targets: all.targets.map((each) =>
      each.name === 'nas' ? { ...each, state: 'failing' as const, copies: 18, last_error: failed } : each,
    ),
    backups,
  }
}

export function backupsIn(situation: Situation): Backups {
  if (situation === 'failing') return failing()
  if (situation === 'fresh') {
    return {
      ...fine(false),
      restorable_as_of: null,
      rpo_s: null,
      rto_s: null,
      rehearsed_at: null,
      backups: [],
    }
  }
  if (situation !== 'active') return fine(situation === 'fine')
  return {
    ...fine(true),
    activity: { kind: 'backup', backup_id: idOf(0), phase: 'Writing devices', done: 18_240, total: 54_000, unit: 'rows', since: at(3) },
    undo: { at: at(25 * MINUTE_S), backup_id: idOf(NEWEST_S), seq_before: 12_900, seq_after: 12_901 },
  }
}

export function restoreOf(id: string, isDry: boolean): Restore {
  return {
    backup_id: id,
    is_dry_run: isDry,
    taken_at: at(NEWEST_S),
    version: '0.2.0',
    duration_ms: isDry ? 812 : 1_240,
    seq: { now: 12_994, backup: 12_806 },
    counts: {
      devices: { now: 10_003, after: 10_000 },
      interfaces: { now: 40_012, after: 40_000 },
      links: { now: 9_988, after: 9_988 },
    },
    devices: {
      added: 1,
      removed: 4,
      changed: 26,
      examples: [
        ...['ONT-4-2-17', 'ONT-4-2-18', 'ONT-4-2-19', '<b>ONT</b>'].map((name, index) => ({ change: 'removed' as const, id: 20_411 + index, name })),
        { change: 'added' as const, id: 312, name: 'SPLITTER-4-2' },
        ...Array.from({ length: 15 }, (_, index) => ({ change: 'changed' as const, id: 500 + index, name: `ONT-4-1-${index + 1}` })),
      ],
    },
    changes_lost: 188,
    newest_change_lost: { at: at(4 * MINUTE_S), seq: 12_994, action: 'provision device', actor: 'api 10.1.4.22' },
  }
}

export function pruningOf({ backups, targets }: Backups): Pruning {
  const remove = backups.filter(({ kept_as: kept }) => kept.length === 0)
  return {
    keep: backups.filter(({ kept_as: kept }) => kept.length > 0).map(({ id, kept_as: because }) => ({ id, because })),
    remove: remove.map(({ id, bytes }) => ({ id, bytes })),
    bytes_freed: remove.reduce((sum, { bytes }) => sum + bytes, 0),
    targets: targets.map(({ name }) => ({ target: name, remove: remove.map(({ id }) => id) })),
    stay: [],
  }
}

const BERLIN = { timezone: 'Europe/Berlin', utc_offset: '+01:00', timezone_fault: null }

/** A time as clocks in Berlin show it in winter. */
function inBerlin(time: string): string {
  return `${new Date(Date.parse(time) + HOUR_S * 1_000).toISOString().slice(0, 19)}+01:00`
}

function run(id: number, age: number, duration_ms: number, more: Partial<JobRun> = {}): JobRun {
  return {
    id,
    trigger: 'schedule',
    started_at: at(age),
    started_local: inBerlin(at(age)),
    ended_at: at(age - duration_ms / 1_000),
    duration_ms,
    result: 'ok',
    message: null,
    log: ['02:15:00 began', '02:15:01 wrote 54,000 rows', '02:15:02 restored into a scratch store, all equal'],
    report_id: null,
    ...more,
  }
}

function job(name: string, schedule: string, title: string, every: number, more: Partial<Job> = {}): Job {
  const runs = Array.from({ length: 20 }, (_, index) =>
    run(title.length * 100 - index, NEWEST_S / 4 + index * every, 900 + ((index * 7) % 5) * 180),
  )
  return {
    name,
    title,
    schedule,
    default_schedule: schedule,
    is_enabled: true,
    next_run_at: at(-3.6 * HOUR_S),
    next_run_local: inBerlin(at(-3.6 * HOUR_S)),
    running: null,
    runs,
    ...more,
  }
}

export function jobsIn(situation: Situation): Jobs {
  const jobs = [
    job('backup', '15 2 * * *', 'Nightly backup', DAY_S),
    job('copy', '*/10 * * * *', 'Copy backups off the host', 10 * MINUTE_S, { next_run_at: at(-250), next_run_local: inBerlin(at(-250)) }),
    job('verify', '30 3 * * 0', 'Verify newest backup', 7 * DAY_S),
    job('verify-offhost', '30 4 1 * *', 'Verify newest off-host copy', 30 * DAY_S),
    job('prune', '0 5 * * *', 'Prune backups', DAY_S),
  ]
  const [backup, copying, verify, verifyOffhost, prune] = jobs
  if (backup === undefined || copying === undefined || verify === undefined || verifyOffhost === undefined || prune === undefined) {
    throw new Error('five jobs')
  }
  if (situation === 'fresh') return { ...BERLIN, jobs: jobs.map((each) => ({ ...each, runs: [] })) }
  backup.runs[0] = run(9_000, NEWEST_S, 1_140, {
    trigger: 'missed',
    message: `${idOf(NEWEST_S)}: 54,000 rows, 1.39 MiB, verified`,
  })
  prune.runs[0] = run(9_001, 18 * HOUR_S, 42, { message: '1 backup removed, 1.3 MiB freed' })
  if (situation === 'failing') {
    const message = 'nas: connect to nas.example:22: connection refused'
    copying.runs = copying.runs.map((each, index) => (index < 6 ? { ...each, result: 'failed', message } : each))
    verify.is_enabled = false
    verify.next_run_at = null
    verify.next_run_local = null
    prune.schedule = '0 5 * * 1,3'
    verifyOffhost.runs[0] = run(9_002, 10 * DAY_S, 2_000, { result: 'interrupted', message: 'The appliance was stopped meanwhile' })
  }
  if (situation === 'active') {
    const running = run(9_003, 12, 0, { ended_at: null, duration_ms: null, result: 'running', trigger: 'manual' })
    backup.running = running
    backup.runs = [running, ...backup.runs.slice(0, 19)]
  }
  return { ...BERLIN, jobs }
}
