import { expect, test } from 'vitest'
import { readView, writeView } from './viewQuery'

test.each([
  '',
  '?q=ont-1',
  '?q=a%26b+%3Cc%3E&type=OLT&status=DOWN&sort=updated&order=desc&device=17',
  '?q=ont&behind=link-12&device=3',
  '?type=ODF&joins=uncertain',
  '?type=ONT&olt=3&pon=301&splitter=17&sort=olt',
  '?q=olt&status=DOWN&medium=G652D&overridden=yes&sort=length&order=desc&link=4',
])('%s reads and writes back', (query) => {
  expect(writeView(readView(query))).toBe(query)
})

test('the panel shows a device or a link, not both', () => {
  expect(readView('?device=3&link=4')).toMatchObject({ device: 3, link: null })
})

test('what is unknown falls back to the default', () => {
  const query = '?type=TOASTER&status=broken&sort=x&order=up&device=-3&olt=0&pon=x&link=x&medium=STRING&behind=port-1&more=1'
  expect(writeView(readView(query))).toBe('')
})
