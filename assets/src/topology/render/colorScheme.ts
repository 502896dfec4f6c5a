import type { Role } from '../model/tiers'

/** Red, green and blue, 0 to 1. */
export type Rgb = readonly [number, number, number]

/** The colours of the style sheet in one theme. */
export interface ColorScheme {
  isDark: boolean
  ground: Rgb
  surface: Rgb
  line: Rgb
  lineStrong: Rgb
  text: Rgb
  textSoft: Rgb
  accent: Rgb
  down: Rgb
  degraded: Rgb
  override: Rgb
  /** The fill of nodes. */
  roles: Record<Role, Rgb>
}

/** Reads the colours of the style sheet that apply to this element. */
export function readColorScheme(element: HTMLElement, isDark: boolean): ColorScheme {
  const probe = document.createElement('span')
  probe.hidden = true
  // With forced colours, the browser would return its text colour for all of them.
  probe.style.setProperty('forced-color-adjust', 'none')
  element.append(probe)
  const read = (name: string): Rgb => {
    probe.style.color = `var(--${name})`
    return parseRgb(getComputedStyle(probe).color)
  }
  const ground = read('ground')
  if (window.matchMedia('(forced-colors: active)').matches) isDark = luminance(ground) < 0.5
  const colors: ColorScheme = {
    isDark,
    ground,
    surface: read('surface'),
    line: read('line'),
    lineStrong: read('line-strong'),
    text: read('text'),
    textSoft: read('text-soft'),
    accent: read('accent'),
    down: read('down'),
    degraded: read('degraded'),
    override: read('override'),
    roles: isDark
      ? { active: hex(0x4f6478), passive: hex(0x1b232c), leaf: hex(0x2c3844), container: hex(0x25303b) }
      : { active: hex(0x4a6076), passive: hex(0xffffff), leaf: hex(0xe3e9ee), container: hex(0xffffff) },
  }
  probe.remove()
  return colors
}

/** Parses `rgb(1, 2, 3)` or `rgba(…)`, as in computed styles. */
function parseRgb(text: string): Rgb {
  const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map(Number)
  return [red / 255, green / 255, blue / 255]
}

/** Relative luminance, 0 to 1; weights of ITU-R BT.709. */
function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

export function css([red, green, blue]: Rgb, alpha = 1): string {
  const byte = (share: number): number => Math.round(share * 255)
  return `rgba(${byte(red)}, ${byte(green)}, ${byte(blue)}, ${alpha})`
}

function hex(value: number): Rgb {
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255]
}
