import { expect, test } from 'vitest'
import type { ImportReport } from '../api/types'
import { importForecast } from './importForecast'

const NOTHING: ImportReport = {
  kind: 'devices', rows: 0, created: 0, updated: 0, unchanged: 0, interfaces_created: 0, connected: 0, planned: 0,
  by_type: [], columns_passed_over: [], is_dry_run: true,
}

test.each<[Partial<ImportReport>, string[]]>([
  [{ rows: 4, unchanged: 4 }, ['Nothing changes.', '4 of the rows are as they are already.']],
  [
    { rows: 1_204, created: 1_200, updated: 1, unchanged: 3, interfaces_created: 1_265 },
    [
      '1,200 devices are added, with 1,265 new ports.',
      '1 device is updated.',
      '3 of the rows are as they are already.',
      'A new device alarms nobody while it is planned, retired or not connected yet.',
    ],
  ],
  [{ kind: 'links', created: 1 }, ['1 link is added.', 'A link that is planned or retired alarms nobody.']],
  [
    {
      created: 2, unchanged: 1, connected: 2, planned: 4,
      by_type: [{ device_type: 'ONT', created: 2, updated: 0, unchanged: 1, connected: 2, planned: 2 }],
    },
    [
      '2 devices are added.',
      '2 links are added.',
      '1 of the rows are as they are already.',
      'ONT: 2 new, 1 unchanged, 2 connected, 2 planned.',
      'New devices and links that arrive as planned: 4.',
      'A new device alarms nobody while it is planned, retired or not connected yet.',
    ],
  ],
  [{ kind: 'cross-connects', created: 2 }, ['2 cross-connects are added.']],
  [
    { updated: 2, columns_passed_over: ['status', 'margin_db'] },
    ['2 devices are updated.', 'Columns that are computed are ignored: status, margin_db.'],
  ],
])('%o', (report, lines) => {
  expect(importForecast({ ...NOTHING, ...report }).map((line) => line.replaceAll('\u00a0', ' '))).toEqual(lines)
})
