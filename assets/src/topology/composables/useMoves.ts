import { computed, type ShallowRef } from 'vue'
import { notify } from '../../stores/notices'
import { formatCounted } from '../../utils/format'
import type { Point } from '../model/geometry'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { applyMove, type Move, undoableMoves, undoLastMove, undoMove } from '../positions'
import type { SceneSync } from '../sceneSync'

/** Moves devices: by a drag, or to the positions that the layout found. */
export function useMoves(model: Readonly<ShallowRef<TopologyModel | null>>, sync: SceneSync) {
  const unplacedCount = computed(() => {
    let count = 0
    for (const { isUnplaced } of model.value?.nodes.values() ?? []) if (isUnplaced) count += 1
    return count
  })

  function unplacedNodes(): TopologyNode[] {
    return [...(model.value?.nodes.values() ?? [])].filter(({ isUnplaced }) => isUnplaced)
  }

  /** Saves the positions of the layout for devices without one. */
  async function arrange(): Promise<void> {
    const nodes = unplacedNodes()
    if (nodes.length === 0) return
    const text = `Placed ${formatCounted(nodes.length, 'device')}`
    // The server stores (0, 0) for a device without a position.
    const before = new Map(nodes.map(({ id }) => [id, { x: 0, y: 0 }]))
    const move: Move = { text, before, after: positionsOf(nodes) }
    if (!(await applyMove(move))) return
    notify(`${text}.`, async () => ((await undoMove(move)) ? undefined : false))
  }

  /** Saves where dragged nodes are now; without nodes, the drag was cancelled. */
  function endDrag(nodes: TopologyNode[], before: Map<TopologyNode, Point>): void {
    sync.endDrag(() => {
      if (nodes.length > 0) void applyMove(dragMove(nodes, before))
    })
  }

  return {
    unplacedCount,
    arrange,
    startDrag: () => sync.startDrag(),
    endDrag,
    undo: undoLastMove,
    undoableMoves,
  }
}

function dragMove(nodes: TopologyNode[], before: Map<TopologyNode, Point>): Move {
  const [first] = nodes
  const name = nodes.length === 1 ? (first?.device.name ?? '') : formatCounted(nodes.length, 'device')
  for (const node of nodes) node.isUnplaced = false
  return {
    text: `Moved ${name}`,
    before: new Map([...before].map(([{ id }, point]) => [id, point])),
    after: positionsOf(nodes),
  }
}

function positionsOf(nodes: TopologyNode[]): Map<number, Point> {
  return new Map(nodes.map(({ id, x, y }) => [id, { x: Math.round(x), y: Math.round(y) }]))
}

export type Moves = ReturnType<typeof useMoves>
