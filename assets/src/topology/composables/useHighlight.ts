import { computed, type ShallowRef, watch } from 'vue'
import { canConnect } from '../linkEnds'
import type { TopologyModel, TopologyNode } from '../model/graph'
import { type Highlight, NO_HIGHLIGHT } from '../render/style'
import type { Scene } from '../scene/scene'
import { traceKeys } from '../trace'
import type { Selection } from './useSelection'
import type { Tools } from './useTools'
import type { TraceControls } from './useTrace'

interface Context {
  scene: Readonly<ShallowRef<Scene | null>>
  model: Readonly<ShallowRef<TopologyModel | null>>
  selection: Selection
  trace: TraceControls
  tools: Tools
}

/** Highlights in the scene what is selected, traced, or can be connected. */
export function useHighlight({ scene, model, selection, trace, tools }: Context): void {
  // Unchanged parts keep their identity: the scene draws no frame for them.
  const selected = computed(() => {
    const nodes = [...selection.selectedIds.value].flatMap((id) => model.value?.nodes.get(id) ?? [])
    return nodes.length === 0 ? NO_HIGHLIGHT.selected : new Set(nodes)
  })
  const selectedEdges = computed(() => {
    const edges = [...selection.selectedLinkIds.value].flatMap((id) => model.value?.edgeOfLink.get(id) ?? [])
    return edges.length === 0 ? NO_HIGHLIGHT.selectedEdges : new Set(edges)
  })
  const traced = computed(() =>
    trace.trace.value === null || model.value === null
      ? NO_HIGHLIGHT.traced
      : traceKeys(trace.trace.value, model.value),
  )
  const isConnectable = computed<Highlight['isConnectable']>(() => {
    if (tools.tool.value !== 'connect') return null
    const from = tools.connectFrom()
    return (node: TopologyNode) => node === from || canConnect(from, node)
  })
  watch([scene, selected, selectedEdges, traced, isConnectable], () =>
    scene.value?.setHighlight({
      selected: selected.value,
      selectedEdges: selectedEdges.value,
      traced: traced.value,
      isConnectable: isConnectable.value,
    }),
  )
}
