import { commandOf, type KeyCommand } from '../domain/keys'
import { mayOrSay } from '../stores/session'
import type { Topology } from './composables/useTopology'

const PAN_PX = 80

/** What a command does; false if it had nothing to do. */
const COMMANDS: Record<KeyCommand<'topology'>, (topology: Topology) => boolean | void> = {
  panLeft: ({ camera }) => camera.pan(-PAN_PX, 0),
  panRight: ({ camera }) => camera.pan(PAN_PX, 0),
  panUp: ({ camera }) => camera.pan(0, -PAN_PX),
  panDown: ({ camera }) => camera.pan(0, PAN_PX),
  stepLeft: ({ navigation }) => navigation.step([-1, 0]),
  stepRight: ({ navigation }) => navigation.step([1, 0]),
  stepUp: ({ navigation }) => navigation.step([0, -1]),
  stepDown: ({ navigation }) => navigation.step([0, 1]),
  open: ({ navigation }) => navigation.activate(),
  nextLink: ({ navigation }) => navigation.stepLink(),
  trace: ({ trace }) => trace.toggle(),
  connect: ({ tools }) => tools.setTool('connect'),
  box: ({ tools }) => tools.setTool('box'),
  delete: ({ navigation }) => void navigation.deleteSelected(),
  zoomIn: ({ camera }) => camera.zoom(1),
  zoomOut: ({ camera }) => camera.zoom(-1),
  fit: ({ camera }) => camera.fit(),
  undo: ({ moves }) => void moves.undo(),
  escape: (topology) => topology.escape(),
}

/** Those that change something. */
const CHANGES: ReadonlySet<KeyCommand<'topology'>> = new Set(['connect', 'delete', 'undo'])

/** Runs the command of a key on the canvas; false if it has none. */
export function handleKey(topology: Topology, event: KeyboardEvent): boolean {
  if (topology.scene.value === null) return false
  const command = commandOf('topology', event)
  if (command === null || (CHANGES.has(command) && !mayOrSay('operate'))) return false
  return COMMANDS[command](topology) !== false
}
