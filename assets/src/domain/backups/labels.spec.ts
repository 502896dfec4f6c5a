import { expect, test } from 'vitest'
import type { Activity } from '../../api/types'
import { testBackup } from './testing'
import { formatCopies, retentionText, confirmationPhrase, progressText, totalRows, rowCountsText, verificationText, verificationShortText } from './labels'

const HOW = { at: '', is_ok: true, duration_ms: 1, message: '', postgres_result: null }
const ACTIVITY: Activity = { kind: 'backup', backup_id: null, phase: '', done: 0, total: 0, unit: 'rows', since: '' }

function plain(text: string | null): string | null {
  return text?.replaceAll('\u00a0', ' ') ?? null
}

test('how a backup was verified', () => {
  expect(verificationText({ ...HOW, kind: 'quick', postgres: null })).toBe('quick, into a scratch store')
  expect(plain(verificationText({ ...HOW, kind: 'full', postgres: '15.18' }))).toBe('full, PostgreSQL 15.18')
  expect(verificationText({ ...HOW, kind: 'offhost', postgres: null })).toBe('from the off-host copy, into a scratch store')
  expect(plain(verificationShortText({ ...HOW, kind: 'offhost', postgres: '17.2' }))).toBe('off-host, PostgreSQL 17.2')
  const failed = { ...HOW, kind: 'full' as const, postgres: null, postgres_result: 'failed' as const }
  expect(verificationText(failed)).toBe('full, PostgreSQL failed')
  expect(plain(verificationShortText(failed))).toBe('full, PostgreSQL failed')
})

test('how far an activity is', () => {
  expect(progressText(ACTIVITY)).toBeNull()
  expect(plain(progressText({ ...ACTIVITY, done: 1_200, total: 4_000 }))).toBe('1,200 of 4,000 rows')
  expect(plain(progressText({ ...ACTIVITY, done: 1_048_576, total: 2_097_152, unit: 'bytes' }))).toBe('1.00 MiB of 2.00 MiB')
})

test('rows, copies and what keeps a backup', () => {
  expect(totalRows(testBackup())).toBe(54)
  expect(plain(rowCountsText(testBackup()))).toBe('3 devices, 9 interfaces, 2 links, 40 audit')
  expect(retentionText({ kept_as: ['last', 'newest verified'] })).toBe('last, newest verified')
  expect(retentionText({ kept_as: [] })).toBe('removed by the next pruning')
  expect([formatCopies(1), formatCopies(2)].map(plain)).toEqual(['1 copy', '2 copies'])
})

test('the word that confirms a restore', () => {
  expect(confirmationPhrase('unoc_20261125_021500')).toBe('021500')
  expect(confirmationPhrase('unoc_20261125_021500_2')).toBe('unoc_20261125_021500_2')
})
