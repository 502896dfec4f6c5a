import { computed, shallowRef } from 'vue'
import { userName } from '../domain/access'
import { session } from './session'

const KEY = 'unoc.name'

const remembered = shallowRef(recall())

/** The name of the user, or else the one that somebody gave in this browser before; empty before the first time. */
export const personName = computed(() => userName(session.value) ?? remembered.value)

export function rememberName(name: string): void {
  if (userName(session.value) !== null) return
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
