import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { describeError } from '../../api/http'
import type { Device, DeviceType } from '../../api/types'
import { deviceFeed, linkFeed } from '../../live/feed'
import { devices } from '../../stores/devices'
import { askConnect, askDelete, askProvision } from '../../stores/dialogs'
import { notifyError, notify } from '../../stores/notices'
import { theme } from '../../stores/theme'
import { openDevice, view } from '../../stores/view'
import { links, ports } from '../../stores/links'
import { formatCounted } from '../../utils/format'
import { linkRule } from '../../domain/linkRules'
import { yieldToBrowser } from '../../utils/slices'
import { describe } from '../describe'
import { Follower } from '../sceneSync'
import { Hands, type Tool } from '../pointerController'
import type { Point } from '../model/treeLayout'
import type { Network, Spot } from '../model/graph'
import { history, move, type Move, placesChanged, takeBack, undo } from '../positions'
import { readLook } from '../render/colorScheme'
import { isDrawn, isFolded } from '../render/style'
import type { Rect } from '../scene/spatialIndex'
import { Scene } from '../scene/scene'
import { surveyAside } from '../runLayout'
import { loadTrace, type Trace, traceKeys, traceText } from '../trace'

const calm = window.matchMedia('(prefers-reduced-motion: reduce)')

/** One for the life of the page: whoever comes back finds the network as it is now. */
const follower = new Follower(
  () => ({
    devices: devices.value,
    links: links.value,
    deviceOfPort: (portId) => ports.value.get(portId)?.device_id,
  }),
  surveyAside,
)

/** What the topology page knows and can do. */
export function useTopology(canDraw: boolean) {
  const scene = shallowRef<Scene | null>(null)
  const network = shallowRef<Network | null>(null)
  const selected = shallowRef<ReadonlySet<number>>(new Set())
  const tool = shallowRef<Tool>('select')
  const placing = shallowRef<DeviceType | null>(null)
  const firstEnd = shallowRef<number | null>(null)
  const trace = shallowRef<Trace | null>(null)
  const hover = shallowRef<{ spot: Spot; at: Point } | null>(null)
  const frame = shallowRef<Rect | null>(null)
  const said = shallowRef('')
  /** Grows with each drawn frame: overlays read the camera again. */
  const frames = shallowRef(0)

  const isReady = computed(
    () => deviceFeed.state.value.phase === 'ready' && linkFeed.state.value.phase === 'ready',
  )
  const floating = computed(() => {
    let count = 0
    for (const spot of network.value?.spots.values() ?? []) if (spot.isFloating) count += 1
    return count
  })

  let hands: Hands | null = null
  let stopDrawing = (): void => undefined

  /** Builds the model, or takes up the one of the last visit, and follows the lists from now on. */
  function follow(): void {
    follower.open({ scene: () => scene.value, rebuilt: show })
    network.value = follower.network
  }

  function show(next: Network): void {
    scene.value?.replace(next)
    network.value = next
    // The spot under the mouse is of the model before.
    const under = next.spots.get(hover.value?.spot.id ?? -1) ?? null
    hover.value = under === null || hover.value === null ? null : { spot: under, at: hover.value.at }
    scene.value?.attend({ hovered: under })
    showAttention()
  }

  /** Draws the model on this element from now on. */
  async function start(container: HTMLElement): Promise<void> {
    const style = getComputedStyle(document.body)
    const look = readLook(container, theme.value === 'dark')
    const made = new Scene(container, look, style.fontFamily, () => calm.matches)
    stopDrawing = () => made.kill()
    // The shaders are compiled; the model has a turn of its own.
    await yieldToBrowser()
    const next = network.value
    if (made.isDead || next === null) return
    made.onFrame = () => {
      frames.value += 1
      // Where the picture stands, for those who cannot ask the graphics card.
      const { left, top } = made.eye.view
      container.dataset['view'] = `${left.toFixed(2)} ${top.toFixed(2)} ${made.scale.toFixed(6)}`
      // What the mouse was on may have been folded away under it.
      if (hover.value !== null && !isDrawn(hover.value.spot, made.scale)) {
        hover.value = null
        made.attend({ hovered: null })
      }
    }
    scene.value = made
    hands = new Hands({
      scene: () => made,
      tool: () => tool.value,
      taken,
      hover: (spot, at) => {
        if (spot === (hover.value?.spot ?? null)) return
        hover.value = spot === null ? null : { spot, at: { x: at.x, y: at.y } }
        made.attend({ hovered: spot })
      },
      click,
      // A group opens; a device is open already, by the first click.
      open: (spot) => {
        if (spot !== null && isFolded(spot, made.scale)) made.eye.look(spot, spot.opensAt * 1.6, true)
      },
      dragStart: () => {
        hover.value = null
        follower.hold()
      },
      dragEnd: (spots, before) => {
        const step = stepOf(spots, before)
        follower.drop(() => {
          if (step !== null) void move(step)
        })
      },
      frame: (box) => (frame.value = box),
      boxed: (spots, adds) => {
        const ids = spots.flatMap((spot) => [spot, ...(isFolded(spot, made.scale) ? spot.members : [])])
        choose(new Set([...(adds ? selected.value : []), ...ids.map(({ id }) => id)]))
        said.value = `${formatCounted(selected.value.size, 'device')} selected.`
      },
    })
    made.replace(next)
    if (view.device !== null) showDevice(view.device, false)
  }

  function stop(): void {
    stopDrawing()
    scene.value = null
    hands = null
  }

  function spotOf(id: number | null): Spot | null {
    return network.value?.spots.get(id ?? -1) ?? null
  }

  /** What moves with a spot: a group takes what it stands for along, a selection the rest of it. */
  function taken(spot: Spot): Spot[] {
    const scale = scene.value?.scale ?? 1
    const together = selected.value.has(spot.id) ? [...selected.value].flatMap((id) => spotOf(id) ?? []) : [spot]
    const all = new Set<Spot>()
    for (const each of together) {
      all.add(each)
      if (each.role !== 'container' && !isFolded(each, scale)) continue
      for (const member of each.members) {
        all.add(member)
        for (const inner of member.members) all.add(inner)
      }
    }
    return [...all]
  }

  function click(spot: Spot | null, world: Point, adds: boolean): void {
    if (tool.value === 'place') void place(world)
    else if (tool.value === 'connect') void connectTo(spot)
    else if (spot === null) {
      if (!adds) clear()
    } else if (adds) {
      const next = new Set(selected.value)
      if (!next.delete(spot.id)) next.add(spot.id)
      choose(next)
    } else open(spot)
  }

  /** Chooses one device and shows its panel. */
  function open(spot: Spot): void {
    choose(new Set([spot.id]))
    // The panel takes room: what the mouse is on will be elsewhere.
    hover.value = null
    openDevice(spot.id)
    said.value = describe(spot)
    if (spot.role === 'leaf') void traceFrom(spot.id)
    else if (trace.value !== null) endTrace()
  }

  /** Shows a device that was chosen elsewhere: by a link, the search, the panel, the browser's Back. */
  function showDevice(id: number, animate: boolean): void {
    choose(new Set([id]))
    endTrace()
    reveal(id, animate)
    const spot = spotOf(id)
    if (spot === null) return
    said.value = describe(spot)
    if (spot.role === 'leaf') void traceFrom(id)
  }

  function choose(ids: ReadonlySet<number>): void {
    selected.value = ids
    showAttention()
  }

  function clear(): void {
    choose(new Set())
    endTrace()
    view.device = null
  }

  function showAttention(): void {
    const [made, model] = [scene.value, network.value]
    if (made === null || model === null) return
    const end = spotOf(firstEnd.value)
    made.attend({
      selected: new Set([...selected.value].flatMap((id) => model.spots.get(id) ?? [])),
      traced: trace.value === null ? new Map() : traceKeys(trace.value, model),
      isAllowed: tool.value === 'connect' ? (spot) => spot === end || canConnect(end, spot) : null,
    })
  }

  async function traceFrom(id: number): Promise<void> {
    try {
      const found = await loadTrace(id)
      if (!selected.value.has(id)) return
      trace.value = found
      said.value = `${said.value} ${traceText(found)}`
      showAttention()
    } catch (error) {
      notifyError(describeError(error))
    }
  }

  function endTrace(): void {
    if (trace.value === null) return
    trace.value = null
    showAttention()
  }

  function setTool(next: Tool, type: DeviceType | null = null): void {
    tool.value = next
    placing.value = type
    firstEnd.value = null
    if (next === 'connect') {
      endTrace()
      const [only] = selected.value
      const spot = selected.value.size === 1 ? spotOf(only ?? null) : null
      if (spot !== null && canConnect(null, spot)) firstEnd.value = spot.id
      said.value = firstEnd.value === null ? 'Choose the first device to connect.' : secondEndText()
    }
    showAttention()
  }

  async function connectTo(spot: Spot | null): Promise<void> {
    const end = spotOf(firstEnd.value)
    if (spot === null) return
    if (!canConnect(end, spot)) {
      said.value = refusal(end, spot)
      return
    }
    if (end === null) {
      firstEnd.value = spot.id
      said.value = secondEndText()
      choose(new Set([spot.id]))
      return
    }
    setTool('select')
    const link = await askConnect({ a: end.id, b: spot.id })
    if (link !== null) said.value = `Connected ${end.device.name} and ${spot.device.name}.`
  }

  function secondEndText(): string {
    return `Choose the device to connect ${spotOf(firstEnd.value)?.device.name ?? 'it'} to.`
  }

  async function place(world: Point, type = placing.value): Promise<Device | null> {
    setTool('select')
    if (type === null) return null
    const [x, y] = [Math.round(world.x), Math.round(world.y)]
    const container = scene.value?.containerAt(world)?.id ?? null
    const made = await askProvision({ type, x, y, container })
    if (made !== null) {
      choose(new Set([made.id]))
      openDevice(made.id)
    }
    return made
  }

  async function remove(): Promise<void> {
    const ids = [...selected.value].filter((id) => devices.value.has(id))
    if (ids.length === 0) return
    if (await askDelete(ids)) clear()
  }

  /** Saves the places that the layout found for devices without a position. */
  async function arrange(): Promise<void> {
    const spots = [...(network.value?.spots.values() ?? [])].filter(({ isFloating }) => isFloating)
    if (spots.length === 0) return
    const text = `Placed ${formatCounted(spots.length, 'device')}`
    const step: Move = {
      text,
      before: new Map(spots.map(({ id }) => [id, { x: 0, y: 0 }])),
      after: new Map(spots.map(({ id, x, y }) => [id, { x: Math.round(x), y: Math.round(y) }])),
    }
    if (!(await move(step))) return
    notify(`${text}.`, async () => ((await takeBack(step)) ? undefined : false))
  }

  /** Brings a device into sight, near enough to be drawn as itself. */
  function reveal(id: number, animate = true): void {
    const [made, spot] = [scene.value, spotOf(id)]
    if (made === null || spot === null) return
    const { left, top, right, bottom } = made.eye.view
    const isSeen = spot.x > left && spot.x < right && spot.y > top && spot.y < bottom
    const scale = Math.max(made.scale, spot.showFrom * 1.15)
    if (!isSeen || scale > made.scale) made.eye.look(spot, scale, animate)
  }

  function stepOf(spots: Spot[], before: Map<Spot, Point>): Move | null {
    if (spots.length === 0) return null
    const name = spots.length === 1 ? (spots[0]?.device.name ?? '') : formatCounted(spots.length, 'device')
    for (const spot of spots) spot.isFloating = false
    return {
      text: `Moved ${name}`,
      before: new Map([...before].map(([{ id }, point]) => [id, point])),
      after: new Map(spots.map(({ id, x, y }) => [id, { x: Math.round(x), y: Math.round(y) }])),
    }
  }

  /** Goes to the next device in a direction; from nowhere, to the one nearest the middle. */
  function step(direction: readonly [number, number]): void {
    const made = scene.value
    if (made === null) return
    const [only] = selected.value
    const from = spotOf(only ?? null)
    const next = from === null ? made.nearMiddle() : made.index.towards(from, direction, made.scale)
    if (next === null) return
    endTrace()
    choose(new Set([next.id]))
    said.value = describe(next)
    // The panel follows the selection only where it is open already.
    if (view.device !== null) view.device = next.id
    reveal(next.id)
  }

  /** Enter: what a click on the selected device would do. */
  function activate(): boolean {
    const [only] = selected.value
    const spot = spotOf(only ?? null)
    if (spot === null || selected.value.size !== 1) return false
    if (tool.value === 'connect') void connectTo(spot)
    else open(spot)
    return true
  }

  function traceSelected(): boolean {
    const [only] = selected.value
    if (only === undefined || selected.value.size !== 1) return false
    if (trace.value?.deviceId === only) endTrace()
    else void traceFrom(only)
    return true
  }

  /** Escape ends what is under way, the innermost first; false when nothing is. */
  function escape(): boolean {
    if (hands?.cancel() === true) return true
    if (tool.value !== 'select') {
      setTool('select')
      return true
    }
    if (trace.value !== null) {
      endTrace()
      return true
    }
    if (selected.value.size === 0) return false
    clear()
    return true
  }

  watch(isReady, (ready) => ready && canDraw && follow(), { immediate: true })
  watch([devices, links, ports], () => isReady.value && follower.changed())
  watch(placesChanged, () => follower.replaced())
  watch(theme, () => {
    const made = scene.value
    const element = document.querySelector<HTMLElement>('.topology-canvas')
    if (made !== null && element !== null) made.setLook(readLook(element, theme.value === 'dark'))
  }, { flush: 'post' })
  watch(
    () => view.device,
    (id) => {
      if (id !== null && !selected.value.has(id)) showDevice(id, true)
    },
  )
  onScopeDispose(() => {
    follower.close()
    stop()
  })

  return {
    scene,
    network,
    selected,
    tool,
    placing,
    firstEnd,
    trace,
    hover,
    frame,
    said,
    frames,
    isReady,
    floating,
    undoable: history.undoable,
    start,
    stop,
    open,
    clear,
    setTool,
    traceFrom,
    endTrace,
    place,
    remove,
    arrange,
    reveal,
    spotOf,
    undo,
    size: () => scene.value?.eye.size ?? { width: 0, height: 0 },
    step,
    activate,
    traceSelected,
    escape,
  }
}

export type Topology = ReturnType<typeof useTopology>

/** Whether a link may end here; with the first end known, whether a rule allows the pair. */
function canConnect(end: Spot | null, spot: Spot): boolean {
  if (spot.role === 'container') return false
  if (end === null) return true
  return end !== spot && linkRule(end.device.device_type, spot.device.device_type) !== null
}

function refusal(end: Spot | null, spot: Spot): string {
  if (spot.role === 'container') return 'A container cannot be the end of a link.'
  if (end === null || end === spot) return 'A device cannot be linked to itself.'
  return `No valid link rule between ${end.device.device_type} and ${spot.device.device_type}.`
}
