import { computed, type ShallowRef } from 'vue'
import { notify } from '../../stores/notices'
import { formatCounted } from '../../utils/format'
import type { Point } from '../model/geometry'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { applyMove, type Move, undoableMoves, undoLastMove } from '../positions'
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
    const made = await applyMove({ text, after: positionsOf(nodes) })
    if (made !== null) notify(`${text}.`, made.undo)
  }

  /** Saves where dragged nodes are now; without nodes, the drag was cancelled. */
  function endDrag(nodes: TopologyNode[]): void {
    sync.endDrag(() => {
      if (nodes.length > 0) void applyMove(dragMove(nodes))
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

function dragMove(nodes: TopologyNode[]): Move {
  const [first] = nodes
  const name = nodes.length === 1 ? (first?.device.name ?? '') : formatCounted(nodes.length, 'device')
  for (const node of nodes) node.isUnplaced = false
  return { text: `Moved ${name}`, after: positionsOf(nodes) }
}

function positionsOf(nodes: TopologyNode[]): Map<number, Point> {
  return new Map(nodes.map(({ id, x, y }) => [id, { x: Math.round(x), y: Math.round(y) }]))
}

export type Moves = ReturnType<typeof useMoves>
