/** A spreadsheet takes text without this mark for its own code page. */
const BOM = '\uFEFF'

/** Hands a text to the browser as a file, named after the moment. */
export function downloadText(stem: string, kind: keyof typeof TYPES, text: string): void {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')
  const blob = new Blob([kind === 'csv' ? BOM + text : text], { type: TYPES[kind] })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${stem}_${stamp}.${kind}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href))
}

const TYPES = {
  csv: 'text/csv;charset=utf-8',
  jsonl: 'application/x-ndjson',
  txt: 'text/plain;charset=utf-8',
}
