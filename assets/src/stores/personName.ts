import { readonly, shallowRef } from 'vue'

const KEY = 'unoc.name'

const remembered = shallowRef(recall())

/** The name that somebody gave in this browser before; empty before the first time. */
export const personName = readonly(remembered)

export function rememberName(name: string): void {
  remembered.value = name
  try {
    localStorage.setItem(KEY, name)
  } catch {
    // A browser without storage asks again.
  }
}

function recall(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}
