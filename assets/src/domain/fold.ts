/** Letters that Unicode does not decompose into a letter and a mark. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  þ: 'th',
  ς: 'σ',
}
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
const NOT_ASCII = /[^\0-\x7f]/

/**
 * A text without case, accents and Unicode variants, for comparing names. The server's
 * `domain::fold` does the same.
 */
export function fold(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(LETTER, (letter) => LETTERS[letter] ?? letter)
}

/** Whether every word of the text occurs in the haystack, whatever their order. */
export function matchesAllWords(haystack: string, text: string): boolean {
  const folded = fold(haystack)
  return fold(text)
    .split(/\s+/)
    .every((word) => folded.includes(word))
}

/**
 * A key by which names sort as people expect: `Ä` beside `A`, `ont-2` before `ont-10`. Comparing
 * keys takes a quarter of the time of an `Intl.Collator`.
 */
export function sortKey(name: string): string {
  // The number of its digits stands before a number, so that longer ones are greater.
  const key = fold(name).replace(
    /0*(\d+)/g,
    (_, digits: string) => `0${String.fromCharCode(digits.length)}${digits}`,
  )
  return `${key}\0${name}`
}
