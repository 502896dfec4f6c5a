import { computed, readonly, shallowRef } from 'vue'

export type Theme = 'light' | 'dark'

const KEY = 'unoc.theme'
const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

const system = shallowRef<Theme>(systemDark.matches ? 'dark' : 'light')
const chosen = shallowRef<Theme | null>(recall())

/** The theme in force: the operator's choice, or else the system's. */
export const theme = computed<Theme>(() => chosen.value ?? system.value)

/** Follows the system and puts the remembered choice into force. */
export function startTheme(): void {
  systemDark.addEventListener('change', () => {
    system.value = systemDark.matches ? 'dark' : 'light'
  })
  show()
}

/** What the operator chose; null follows the system. */
export const chosenTheme = readonly(chosen)

/** Switches the theme. Choosing the system's theme follows the system again. */
export function toggleTheme(): void {
  const next: Theme = theme.value === 'dark' ? 'light' : 'dark'
  chooseTheme(next === system.value ? null : next)
}

/** Puts a choice into force and remembers it in this browser. */
export function chooseTheme(next: Theme | null): void {
  chosen.value = next
  show()
  try {
    if (next === null) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // A browser without storage forgets the choice, nothing more.
  }
}

function show(): void {
  if (chosen.value === null) delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen.value
}

function recall(): Theme | null {
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : null
  } catch {
    return null
  }
}
