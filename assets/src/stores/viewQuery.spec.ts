import { expect, test } from 'vitest'
import { readView, writeView } from './viewQuery'

test.each([
  '',
  '?q=ont-1',
  '?q=a%26b+%3Cc%3E&type=OLT&status=DOWN&sort=updated&order=desc&device=17',
])('%s reads and writes back', (query) => {
  expect(writeView(readView(query))).toBe(query)
})

test('what is unknown falls back to the default', () => {
  const query = '?type=TOASTER&status=broken&sort=x&order=up&device=-3&more=1'
  expect(writeView(readView(query))).toBe('')
})
