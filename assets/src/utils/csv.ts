/** Cells that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/
const GUARDED = /^'[=+\-@\t\r]/

/** Rows of cells as RFC 4180 text; what looks like a formula gets an apostrophe before it. */
export function writeCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => row.map(writeCell).join(',')).join('\r\n') + '\r\n'
}

function writeCell(cell: string | number | null): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The rows of a CSV text: comma, semicolon or tab, as its first line has it; blank lines fall out. */
export function readCsv(text: string): string[][] {
  const clean = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(clean)
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  const endRow = (): void => {
    row.push(unguard(cell))
    cell = ''
    if (row.some((each) => each !== '')) rows.push(row)
    row = []
  }
  for (let at = 0; at < clean.length; at += 1) {
    const char = clean[at]
    if (quoted) {
      if (char !== '"') cell += char
      else if (clean[at + 1] === '"') {
        cell += '"'
        at += 1
      } else quoted = false
    } else if (char === '"' && cell === '') quoted = true
    else if (char === separator) {
      row.push(unguard(cell))
      cell = ''
    } else if (char === '\n') endRow()
    else if (char !== '\r') cell += char
  }
  endRow()
  return rows
}

function separatorOf(text: string): string {
  const line = text.split('\n', 1)[0] ?? ''
  const counts = [',', ';', '\t'].map((each) => ({ each, count: line.split(each).length }))
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).each
}

function unguard(cell: string): string {
  const text = cell.trim()
  return GUARDED.test(text) ? text.slice(1) : text
}
