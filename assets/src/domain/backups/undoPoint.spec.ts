import { expect, test } from 'vitest'
import { undoText } from './undoPoint'

test.each([
  ['unoc_20261125_021500', 'Undo the restore'],
  ['before unoc_20261125_021500', 'Redo the restore'],
  ['before before unoc_20261125_021500', 'Undo the restore'],
])('%s', (backup_id, verb) => {
  const words = undoText({ at: '', backup_id, seq_before: 1, seq_after: 2 })
  expect(words).toMatchObject({ verb, backupId: 'unoc_20261125_021500' })
})
