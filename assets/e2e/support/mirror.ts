import type { SyncStatus } from '../../src/api/types'

const SECOND_MS = 1_000
const ROUNDS = 60

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * SECOND_MS).toISOString()
}

/** A state of the mirror, as `GET /api/sync` returns it. */
export function mirror(state: 'live' | 'waiting' | 'stopped'): SyncStatus {
  const isAway = state === 'waiting'
  return {
    state,
    message: {
      live: 'PostgreSQL is up to date.',
      waiting: 'PostgreSQL is unreachable: db.example:5432: connection refused. Changes are kept here and will be sent.',
      stopped: 'Another appliance writes this site.',
    }[state],
    remedy: state === 'stopped' ? 'unoc sync takeover (this appliance becomes the one that writes)' : null,
    since: ago(isAway ? 260 : 7_200),
    database: 'postgresql://unoc:***@db.example:5432/unoc',
    site_id: '7e539ac5-3876-485a-8c9e-e4c2901d0e5e',
    instance_id: '0b2f9a50-1f0e-4d0b-9a57-0d6c2f6a1d10',
    epoch: 3,
    seq: 12_806,
    applied_seq: isAway ? 12_718 : 12_806,
    behind_seq: isAway ? 88 : 0,
    behind_s: isAway ? 260 : 0,
    dirty_count: isAway ? 340 : 0,
    rows_per_s: 8_420,
    rounds: Array.from({ length: ROUNDS }, (_, at) => ({
      at: ago((ROUNDS - at) * 30),
      kind: at === 40 ? ('reconcile' as const) : ('changes' as const),
      seq: 12_746 + at,
      rows: Math.round(40 + 30 * Math.sin(at / 6)) + (at === 40 ? 300 : 0),
      duration_ms: 6 + 3 * Math.cos(at / 7) + (at === 40 ? 60 : 0),
      indexes_ms: null,
    })),
    last_error: isAway
      ? {
          message: 'PostgreSQL is unreachable: db.example:5432: connection refused',
          since: ago(260),
          at: ago(9),
          attempts: 14,
          next_attempt_s: 12,
        }
      : null,
    last_reconcile: {
      at: ago(86_400),
      duration_ms: 912,
      compared: 512_640,
      missing: 0,
      extra: 0,
      different: 0,
      repaired: 0,
    },
    postgres: isAway
      ? null
      : {
          version: '15.18',
          host: 'db.example:5432',
          tls: 'TLS 1.3',
          size_bytes: 1_234_567_890,
          connections: 5,
          max_connections: 100,
        },
    slow_statements: [
      {
        statement:
          'INSERT INTO devices SELECT * FROM staged_devices ON CONFLICT (site_id, id) DO UPDATE SET name = excluded.name',
        calls: 1_204,
        mean_ms: 1.2,
        total_ms: 1_444.8,
        rows: 48_160,
      },
    ],
    actions: state === 'stopped' ? ['takeover', 'adopt'] : ['now', 'check', 'reconcile'],
  }
}
