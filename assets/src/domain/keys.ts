/**
 * The keys of the page. What a key does is looked up here, and the list of keys that `?` opens is drawn from the
 * same table.
 */
export interface KeyBinding {
  /** Values of `KeyboardEvent.key`, each of which does it; letters in lower case. */
  keys: readonly string[]
  /** With Ctrl, or on a Mac with Command. */
  ctrl?: true
  shift?: true
  /** What it does. Bindings of one text are one line of the list. */
  text: string
}

const MOVE_IN_LIST = 'Move in a list'
const STEP = 'Go to the next device in this direction'
const PAN = 'Move the view'

const TABLE = {
  everywhere: {
    search: { keys: ['k'], ctrl: true, text: 'Search, or act on what is selected' },
    keys: { keys: ['?'], text: 'Show the keys' },
    close: { keys: ['Escape'], text: 'Close the panel or the dialog' },
  },
  list: {
    filter: { keys: ['/'], text: 'Filter the list' },
    down: { keys: ['ArrowDown'], text: MOVE_IN_LIST },
    up: { keys: ['ArrowUp'], text: MOVE_IN_LIST },
    pageDown: { keys: ['PageDown'], text: MOVE_IN_LIST },
    pageUp: { keys: ['PageUp'], text: MOVE_IN_LIST },
    first: { keys: ['Home'], text: MOVE_IN_LIST },
    last: { keys: ['End'], text: MOVE_IN_LIST },
    open: { keys: ['Enter'], text: 'Open the device, link or line' },
    tick: { keys: [' '], text: 'Select the row; a click with Shift selects a range' },
    tickAll: { keys: ['a'], ctrl: true, text: 'Select all rows shown' },
  },
  topology: {
    panLeft: { keys: ['ArrowLeft'], shift: true, text: PAN },
    panRight: { keys: ['ArrowRight'], shift: true, text: PAN },
    panUp: { keys: ['ArrowUp'], shift: true, text: PAN },
    panDown: { keys: ['ArrowDown'], shift: true, text: PAN },
    stepLeft: { keys: ['ArrowLeft'], text: STEP },
    stepRight: { keys: ['ArrowRight'], text: STEP },
    stepUp: { keys: ['ArrowUp'], text: STEP },
    stepDown: { keys: ['ArrowDown'], text: STEP },
    open: { keys: ['Enter', ' '], text: 'Open the selected device or link' },
    nextLink: { keys: ['l'], text: 'Go through the links of the device' },
    trace: { keys: ['t'], text: 'Trace the path of the device' },
    connect: { keys: ['c'], text: 'Connect two devices' },
    box: { keys: ['b'], text: 'Select with a box' },
    delete: { keys: ['Delete'], text: 'Delete what is selected, after a question' },
    zoomIn: { keys: ['+', '='], text: 'Zoom in' },
    zoomOut: { keys: ['-'], text: 'Zoom out' },
    fit: { keys: ['0', 'f'], text: 'Show the whole network' },
    undo: { keys: ['z'], ctrl: true, text: 'Undo the last move' },
    escape: { keys: ['Escape'], text: 'End the tool, the path or the selection' },
  },
  logs: {
    pause: { keys: ['p'], text: 'Pause the log, or go on' },
  },
} satisfies Record<string, Record<string, KeyBinding>>

export type KeyScope = keyof typeof TABLE
export type KeyCommand<Scope extends KeyScope> = keyof (typeof TABLE)[Scope]

/** Where each set of keys works, in the order of the list. */
const SCOPE_TITLES: Record<KeyScope, string> = {
  everywhere: 'Everywhere',
  list: 'Inventory, links and logs',
  topology: 'Topology',
  logs: 'Logs',
}

type Pressed = Pick<KeyboardEvent, 'key'> & Partial<Pick<KeyboardEvent, 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>>

/** What a key does there, or null. */
export function commandOf<Scope extends KeyScope>(scope: Scope, event: Pressed): KeyCommand<Scope> | null {
  if (event.altKey === true) return null
  const isCtrl = event.ctrlKey === true || event.metaKey === true
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const found = bindingsOf(scope).find(
    ([, { keys, ctrl, shift }]) =>
      keys.includes(key) && (ctrl === true) === isCtrl && (shift !== true || event.shiftKey === true),
  )
  return found === undefined ? null : (found[0] as KeyCommand<Scope>)
}

/** A line of the list of keys: the ways to do it, each as the keys that are pressed together. */
export interface KeyLine {
  ways: string[][]
  text: string
}

/** The list of keys, by where they work. */
export function keyList(): { title: string; lines: KeyLine[] }[] {
  return (Object.keys(TABLE) as KeyScope[]).map((scope) => {
    const lines = new Map<string, KeyLine>()
    for (const [, binding] of bindingsOf(scope)) {
      const line = lines.get(binding.text) ?? { ways: [], text: binding.text }
      line.ways.push(...waysOf(binding))
      lines.set(binding.text, line)
    }
    return { title: SCOPE_TITLES[scope], lines: [...lines.values()] }
  })
}

/** The keys of a command as text, as in `Ctrl Z`; the first if there are several. */
export function keyText<Scope extends KeyScope>(scope: Scope, command: KeyCommand<Scope>): string {
  const binding = new Map(bindingsOf(scope)).get(String(command))
  return binding === undefined ? '' : (waysOf(binding)[0] ?? []).join(' ')
}

function bindingsOf(scope: KeyScope): [command: string, binding: KeyBinding][] {
  return Object.entries(TABLE[scope])
}

const KEY_NAMES: Record<string, string> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageDown: 'Page ↓',
  PageUp: 'Page ↑',
  Escape: 'Esc',
  ' ': 'Space',
  '-': '−',
}

function waysOf({ keys, ctrl, shift }: KeyBinding): string[][] {
  return keys.map((key) => [
    ...(ctrl === true ? ['Ctrl'] : []),
    ...(shift === true ? ['Shift'] : []),
    KEY_NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key),
  ])
}
