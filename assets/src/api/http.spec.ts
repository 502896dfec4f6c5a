import { expect, test } from 'vitest'
import { detailText, nextPage } from './http'

test.each([
  [{ detail: 'Device not found' }, 404, 'Device not found'],
  [
    { detail: [{ type: 'missing', loc: ['body', 'name'], msg: 'Field required' }] },
    422,
    'name: Field required',
  ],
  [
    {
      detail: [
        { type: 'json_invalid', loc: ['body'], msg: 'JSON decode error' },
        { type: 'int_parsing', loc: ['path', 'id'], msg: 'Not an integer' },
      ],
    },
    422,
    'JSON decode error; id: Not an integer',
  ],
  [{ detail: 'there is no backup yet' }, 404, 'There is no backup yet'],
  [{ detail: 'unoc_20261125_021500.sql.zst is damaged' }, 409, 'unoc_20261125_021500.sql.zst is damaged'],
  [
    { detail: [{ type: 'value_error', loc: ['body', 'schedule'], msg: 'Value error, there is no such day' }] },
    422,
    'schedule: there is no such day',
  ],
  [{ detail: '1 of 1 rows cannot be provisioned', errors: [{ index: 0, detail: 'Name is taken' }] }, 400, 'Name is taken'],
  [{ detail: '2 of 9 rows', errors: [{ index: 0, detail: 'a' }, { index: 3, detail: 'b' }] }, 400, '2 of 9 rows'],
  [{ detail: [] }, 422, 'The server responded with status 422.'],
  [{ error: 'x' }, 502, 'The server responded with status 502.'],
  [null, 500, 'The server responded with status 500.'],
])('the text of %j', (body, status, expected) => {
  expect(detailText(body, status)).toBe(expected)
})

test('the next page is in a Link header', () => {
  expect(nextPage('</api/incidents?state=closed&limit=500&after=closed-17-4>; rel="next"')).toBe('closed-17-4')
  expect(nextPage('</a?after=x%2Cy>; rel="next"')).toBe('x,y')
  expect(nextPage('</api/audit?q=OLT&before=4711>; rel="next"', 'before')).toBe('4711')
  expect(nextPage(null)).toBeNull()
})
