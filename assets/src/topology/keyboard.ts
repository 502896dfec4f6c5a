import type { Topology } from './composables/useTopology'

const DIRECTIONS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
const PAN_PX = 80

/** Does what a key says on the focused canvas; false when it says nothing there. */
export function canvasKey(topology: Topology, event: KeyboardEvent): boolean {
  const scene = topology.scene.value
  if (scene === null) return false
  const { key } = event
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() !== 'z') return false
    void topology.undo()
    return true
  }
  if (event.altKey) return false
  const direction = DIRECTIONS[key]
  if (direction !== undefined) {
    const [dx, dy] = direction
    if (event.shiftKey) scene.eye.pan(dx * PAN_PX, dy * PAN_PX)
    else topology.step(direction)
    return true
  }
  switch (key) {
    case '+':
    case '=':
      scene.eye.zoom(1)
      return true
    case '-':
      scene.eye.zoom(-1)
      return true
    case '0':
    case 'f':
      scene.fit(true)
      return true
    case 'Enter':
    case ' ':
      return topology.activate()
    case 't':
      return topology.traceSelected()
    case 'c':
      topology.setTool('connect')
      return true
    case 'b':
      topology.setTool('box')
      return true
    case 'Delete':
      void topology.remove()
      return true
    case 'Escape':
      return topology.escape()
    default:
      return false
  }
}
