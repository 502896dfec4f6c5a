import type { DesignedOpticalPath } from '../api/types'

/** Why the light ends on a designed path, as a sentence; `null` where it ends nowhere. */
export function breakText({ elements, lit_count: at, dark_reason: reason }: DesignedOpticalPath): string | null {
  const part = elements[at]
  if (part === undefined || reason === null) return null
  const ends = [elements[at - 1], elements[at + 1]].map((end) => end?.name ?? '')
  const name = part.kind === 'link' ? `the fibre between ${ends.join(' and ')}` : (part.name ?? '')
  switch (reason) {
    case 'held_down':
      return `An operator has set ${name} to DOWN.`
    case 'not_in_service':
      return `${upperFirst(name)} is planned or retired.`
    case 'no_upstream':
      return `${upperFirst(name)} has no path to a backbone gateway.`
    default:
      return `Reason code from the server: “${reason as string}”.`
  }
}

function upperFirst(text: string): string {
  return text.startsWith('the fibre') ? text.replace(/^t/, 'T') : text
}
