import type { Backup, Backups } from '../../api/types'

/** A verified backup for tests, of an hour ago. */
export function testBackup(more: Partial<Backup> = {}): Backup {
  return {
    id: 'unoc_20261125_021500',
    file: 'unoc_20261125_021500.sql.zst',
    bytes: 1_000,
    plain_bytes: 9_000,
    taken_at: '2026-11-25T02:15:00Z',
    reason: 'schedule',
    seq: 40,
    version: '0.2.0',
    duration_ms: 120,
    rows: { devices: 3, interfaces: 9, links: 2, audit: 40 },
    is_encrypted: false,
    key_ids: [],
    state: 'verified',
    is_newest_verified: true,
    is_local: true,
    verification_error: null,
    verification: {
      at: '2026-11-25T02:15:08Z',
      kind: 'quick',
      is_ok: true,
      duration_ms: 300,
      message: 'All equal.',
      postgres: null,
      postgres_result: null,
    },
    copies: [],
    kept_as: ['last'],
    ...more,
  }
}

/** A site whose newest backup is verified, without targets. */
export function testBackups(more: Partial<Backups> = {}): Backups {
  return {
    restorable_as_of: '2026-11-25T02:15:00Z',
    rpo_s: 3_600,
    rto_s: 0.3,
    rehearsed_at: '2026-11-25T02:15:08Z',
    is_stale: false,
    stale_after_s: 129_600,
    directory: '/var/lib/unoc/backups',
    free_bytes: 50,
    total_bytes: 100,
    encryption: { is_on: false, recipients: [] },
    retention: { last: 7, daily: 7, weekly: 4, monthly: 12 },
    targets: [],
    activity: null,
    looked_at: '2026-11-25T03:15:00Z',
    is_directory_answering: true,
    undo: null,
    backups: [testBackup()],
    ...more,
  }
}
