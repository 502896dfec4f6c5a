import { expect, test } from 'vitest'
import { makePassword, passwordFault } from './passwords'

test.each([
  ['eleven-char', 'ada', /At least 12/],
  ['twelve-chars', 'ada', null],
  ['ünüsüäl', 'ada', /At least 12/],
  ['x'.repeat(1025), 'ada', /At most 1024/],
  ['ADA.lovelace', 'ada.lovelace', /not be the name/],
  ['aaaaaaaaaaaa', 'ada', /repeat/],
  ['aaaaaaaaaaab', 'ada', null],
])('%s of %s', (password, name, fault) => {
  if (fault === null) expect(passwordFault(password, name)).toBeNull()
  else expect(passwordFault(password, name)).toMatch(fault)
})

test('a made password obeys the rule and is another one each time', () => {
  const made = Array.from({ length: 50 }, makePassword)
  expect(new Set(made).size).toBe(50)
  for (const each of made) {
    expect(each).toMatch(/^([a-km-np-z2-9]{4}-){4}[a-km-np-z2-9]{4}$/)
    expect(passwordFault(each, 'ada')).toBeNull()
  }
})
