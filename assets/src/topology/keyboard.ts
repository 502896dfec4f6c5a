import type { Topology } from './composables/useTopology'

const DIRECTIONS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
const PAN_PX = 80

/** Runs the command of a key on the canvas; false if it has none. */
export function handleKey(topology: Topology, event: KeyboardEvent): boolean {
  if (topology.scene.value === null) return false
  const { camera, navigation, tools, trace, moves } = topology
  const { key } = event
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() !== 'z') return false
    void moves.undo()
    return true
  }
  if (event.altKey) return false
  const direction = DIRECTIONS[key]
  if (direction !== undefined) {
    const [dx, dy] = direction
    if (event.shiftKey) camera.pan(dx * PAN_PX, dy * PAN_PX)
    else navigation.step(direction)
    return true
  }
  switch (key) {
    case '+':
    case '=':
      camera.zoom(1)
      return true
    case '-':
      camera.zoom(-1)
      return true
    case '0':
    case 'f':
      camera.fit()
      return true
    case 'Enter':
    case ' ':
      return navigation.activate()
    case 'l':
      return navigation.stepLink()
    case 't':
      return trace.toggle()
    case 'c':
      tools.setTool('connect')
      return true
    case 'b':
      tools.setTool('box')
      return true
    case 'Delete':
      void navigation.deleteSelected()
      return true
    case 'Escape':
      return topology.escape()
    default:
      return false
  }
}
