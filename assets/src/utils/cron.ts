const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
/** The nicknames of crontab(5); the server stores their fields. */
const NICKNAMES: Record<string, string | undefined> = {
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const ORDINALS: Record<string, string> = { one: 'st', two: 'nd', few: 'rd', other: 'th' }
const ordinal = new Intl.PluralRules('en', { type: 'ordinal' })

/**
 * A schedule of five cron fields in words, where it is one of the usual ones: `Every day at 02:15`.
 * Null for every other schedule: show the cron expression instead.
 */
export function describeCron(cron: string): string | null {
  const text = cron.trim()
  const fields = (NICKNAMES[text.toLowerCase()] ?? text).split(/\s+/)
  const [minute, hour, day, month, weekday] = fields
  if (fields.length !== 5 || month !== '*') return null
  if (hour === '*' && day === '*' && weekday === '*') return minutesWords(minute ?? '')
  const at = timeWords(minute ?? '', hour ?? '')
  if (at === null) return hoursWords(fields)
  if (day === '*') return weekday === '*' ? `Every day ${at}` : onWeekday(weekday ?? '', at)
  return weekday === '*' ? onDay(day ?? '', at) : null
}

function minutesWords(minute: string): string | null {
  if (minute === '*' || minute === '*/1') return 'Every minute'
  const step = numberIn(/^\*\/(\d+)$/.exec(minute)?.[1], 1, 59)
  // A step that does not divide the hour is uneven at its end.
  if (step !== null) return 60 % step === 0 ? `Every ${step} minutes` : null
  const past = numberIn(minute, 0, 59)
  if (past === null) return null
  return past === 0 ? 'Every hour, on the hour' : `Every hour, ${past} min past`
}

function hoursWords([minute, hour, day, , weekday]: readonly string[]): string | null {
  const step = numberIn(/^\*\/(\d+)$/.exec(hour ?? '')?.[1], 2, 23)
  const past = numberIn(minute, 0, 59)
  if (step === null || past === null || 24 % step !== 0 || day !== '*' || weekday !== '*') return null
  return past === 0 ? `Every ${step} hours` : `Every ${step} hours, ${past} min past`
}

function timeWords(minute: string, hour: string): string | null {
  const [m, h] = [numberIn(minute, 0, 59), numberIn(hour, 0, 23)]
  if (m === null || h === null) return null
  return `at ${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`
}

function onWeekday(field: string, at: string): string | null {
  if (/^(1-5|mon-fri)$/i.test(field)) return `Monday to Friday ${at}`
  const named = DAYS.findIndex((name) => name.slice(0, 3).toLowerCase() === field.toLowerCase())
  const number = named >= 0 ? named : numberIn(field, 0, 7)
  const name = number === null ? undefined : DAYS[number % 7]
  return name === undefined ? null : `Every ${name} ${at}`
}

function onDay(field: string, at: string): string | null {
  const day = numberIn(field, 1, 31)
  if (day === null) return null
  return `On the ${day}${ORDINALS[ordinal.select(day)] ?? 'th'} of each month ${at}`
}

function numberIn(text: string | undefined, min: number, max: number): number | null {
  if (text === undefined || !/^\d{1,2}$/.test(text)) return null
  const value = Number(text)
  return value >= min && value <= max ? value : null
}
