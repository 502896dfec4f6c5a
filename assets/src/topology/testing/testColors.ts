import type { ColorScheme } from '../render/colorScheme'

const GREY = [0.5, 0.5, 0.5] as const

/** Colours for tests: all grey. */
export const TEST_COLORS = new Proxy({} as ColorScheme, {
  get: (_colors, key) =>
    key === 'roles' ? { active: GREY, passive: GREY, leaf: GREY, container: GREY } : GREY,
})
