import { computed, type ComputedRef, shallowRef, type ShallowRef, watch } from 'vue'
import { connectDevices, createLink } from '../api/links'
import type { ConnectDevices, Link } from '../api/types'
import { connectSteps, type Ends, type JoinChoice, linkWithJoins } from '../domain/linkJoins'
import { type TakenPort, takenPorts } from '../domain/takenPorts'
import { notify } from '../stores/notices'
import { newChange } from '../stores/undo'
import { write } from '../stores/writes'
import { type ChangeImpact, useChangeImpact } from './useChangeImpact'

export interface NewLinkPorts {
  change: ChangeImpact
  /** What the server would take and join by itself; null until that is known. */
  proposal: Readonly<ShallowRef<Ends<TakenPort> | null>>
  joins: ComputedRef<Ends<JoinChoice>>
  chooseJoin: (end: 0 | 1, choice: JoinChoice) => void
  /** Makes the link with the joins that are chosen, and notifies of it. */
  connect: (request: ConnectDevices, names: Ends<string>) => Promise<Link>
}

/** A link between two devices, with its forecast and the joins of its ports. The options are those of `useChangeImpact`. */
export function useNewLink(
  body: () => ConnectDevices | null,
  options: { isLarge: () => boolean; isUnderWay: () => boolean },
): NewLinkPorts {
  const chosen = shallowRef<Ends<JoinChoice>>(['proposed', 'proposed'])
  const proposal = shallowRef<Ends<TakenPort> | null>(null)
  const isProposed = computed(() => chosen.value.every((choice) => choice === 'proposed'))
  const change = useChangeImpact({
    steps: () => {
      const request = body()
      return request === null ? null : connectSteps(request, proposal.value, chosen.value)
    },
    phrase: 'connect',
    ...options,
  })

  // Other ends or ports have other proposals.
  watch(
    () => {
      const { device_a_id: a, device_b_id: b, a_interface_id: aPort, b_interface_id: bPort, link_type: type } = body() ?? {}
      return JSON.stringify([a, b, aPort, bPort, type])
    },
    () => {
      chosen.value = ['proposed', 'proposed']
      proposal.value = null
    },
    { flush: 'sync' },
  )
  watch(change.preview, (preview) => {
    if (preview.phase === 'ready' && isProposed.value) proposal.value = takenPorts(preview.simulated)
  })

  function chooseJoin(end: 0 | 1, choice: JoinChoice): void {
    chosen.value = end === 0 ? [choice, chosen.value[1]] : [chosen.value[0], choice]
  }

  async function connect(request: ConnectDevices, names: Ends<string>): Promise<Link> {
    const withJoins = linkWithJoins(request, proposal.value, chosen.value)
    const { requestId, undo } = newChange()
    const link = await write(async () =>
      withJoins === null ? (await connectDevices(request, requestId)).link : createLink(withJoins, requestId),
    )
    notify(`Connected ${names[0]} and ${names[1]}.`, undo)
    return link
  }

  return { change, proposal, joins: computed(() => chosen.value), chooseJoin, connect }
}
