import { expect, test } from 'vitest'
import { detailText } from './http'

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
  [{ detail: [] }, 422, 'The server answered 422.'],
  [{ error: 'x' }, 502, 'The server answered 502.'],
  [null, 500, 'The server answered 500.'],
])('the text of %j', (body, status, expected) => {
  expect(detailText(body, status)).toBe(expected)
})
