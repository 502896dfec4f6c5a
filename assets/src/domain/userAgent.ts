/** Browsers by what their names begin with, those first that claim to be one of the others too. */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrome', 'Chrome'],
  ['Version', 'Safari'],
  ['curl', 'curl'],
] as const

const SYSTEMS = [
  ['Android', 'Android'],
  ['iPhone', 'iOS'],
  ['iPad', 'iOS'],
  ['CrOS', 'ChromeOS'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** What a `User-Agent` header says in a few words, `Firefox 144 on Linux`; what is not known as it came. */
export function describeUserAgent(text: string): string {
  if (text.trim() === '') return 'Unknown browser'
  const system = SYSTEMS.find(([mark]) => text.includes(mark))?.[1]
  for (const [mark, name] of BROWSERS) {
    const version = new RegExp(`\\b${mark}(?:A|iOS)?/(\\d+)`).exec(text)?.[1]
    if (version !== undefined) return system === undefined ? `${name} ${version}` : `${name} ${version} on ${system}`
  }
  return text
}
