import { expect, test } from 'vitest'
import { describeCron } from './cron'

test.each([
  ['15 2 * * *', 'Every day at 02:15'],
  [' 15  2 * * * ', 'Every day at 02:15'],
  ['*/10 * * * *', 'Every 10 minutes'],
  ['* * * * *', 'Every minute'],
  ['0 * * * *', 'Every hour, on the hour'],
  ['5 * * * *', 'Every hour, 5 min past'],
  ['0 */6 * * *', 'Every 6 hours'],
  ['30 */6 * * *', 'Every 6 hours, 30 min past'],
  ['30 3 * * 0', 'Every Sunday at 03:30'],
  ['30 3 * * 7', 'Every Sunday at 03:30'],
  ['30 3 * * wed', 'Every Wednesday at 03:30'],
  ['0 22 * * 1-5', 'Monday to Friday at 22:00'],
  ['@daily', 'Every day at 00:00'],
  [' @Weekly', 'Every Sunday at 00:00'],
  ['@hourly', 'Every hour, on the hour'],
  ['30 4 1 * *', 'On the 1st of each month at 04:30'],
  ['30 4 12 * *', 'On the 12th of each month at 04:30'],
  ['30 4 22 * *', 'On the 22nd of each month at 04:30'],
])('%s: %s', (cron, words) => {
  expect(describeCron(cron)).toBe(words)
})

test.each([
  '',
  '15 2 * *',
  '15 2 * * * *',
  '60 2 * * *',
  '15 24 * * *',
  '*/7 * * * *',
  '0 */5 * * *',
  '15 2 1 * 1',
  '15 2 * 6 *',
  '15,45 2 * * *',
  '15 2 32 * *',
  '15 2 * * 8',
  'at noon, every day please',
])('“%s” is left to its cron text', (cron) => {
  expect(describeCron(cron)).toBeNull()
})
