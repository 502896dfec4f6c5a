import { expect, test } from 'vitest'
import { GuardScan, type Unguarded } from './testing/guardScan'
import { neededByApi, neededByViews, readTable } from './testing/needs'
import { readSources, type SourceFile, textOf, withText } from './testing/sourceGraph'

const files = readSources()
const needs = neededByApi(files, readTable())

function unguarded(of: ReadonlyMap<string, SourceFile>): Unguarded[] {
  return new GuardScan(of, needs, neededByViews(of)).unguarded()
}

test('what changes something, or shows what not everybody may see, is offered only to those who may', () => {
  expect(unguarded(files)).toEqual([])
})

test.each([
  ['a button that asks', 'components/panel/PanelActions.vue', `<button v-needs="'operate'"`, '<button', 'operate'],
  ['a button that opens a dialog of its own', 'components/ports/SplitterPorts.vue', ` v-needs="'operate'"`, '', 'operate'],
  ['a button whose event another component takes', 'components/list/BulkBar.vue', `v-needs="'operate'" `, '', 'operate'],
  ['an event that goes through two components', 'components/backups/BackupRow.vue', `v-needs="'admin'" type="button" class="button" :disabled`, 'type="button" class="button" :disabled', 'admin'],
  ['a link to a file', 'views/HealthView.vue', `v-needs="'admin'"`, '', 'admin'],
  ['a weaker guard', 'components/backups/RetentionCard.vue', `v-needs="'admin'"`, `v-needs="'operate'"`, 'admin'],
  ['a condition that may hold otherwise', 'components/panel/DevicePanel.vue', `v-if="may('operate')" value`, `v-if="may('operate') || id" value`, 'operate'],
  ['an entry of the search', 'components/frame/searchItems.ts', `void undoLast(), needs: 'operate'`, 'void undoLast()', 'operate'],
  ['a page', 'router.ts', `needs: 'admin',`, '', 'admin'],
])('the scan finds %s', (_, path, from, to, needed) => {
  const text = textOf(path)
  const edited = text.replace(from, to)
  expect(edited).not.toBe(text)
  expect(unguarded(withText(files, path, edited)).map((each) => each.needs)).toContain(needed)
})
