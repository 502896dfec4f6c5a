import type { Port, Simulated } from '../api/types'

/** A port that a new link would take. */
export interface TakenPort {
  id: number
  /** If it would be created for the link. */
  newName: string | null
  /** What it would be joined with at an ODF, NVT or HOP; undefined if that stays as it is. */
  cross_connect: Port['cross_connect'] | undefined
}

/** The ports that the only new link of a simulation would take, its end A first; null without one. */
export function takenPorts({ links, interfaces }: Simulated): [TakenPort, TakenPort] | null {
  const made = links.find(({ before }) => before === null)?.after
  if (made === undefined || made === null) return null
  const port = (id: number): TakenPort => {
    const change = interfaces.find((each) => each.id === id)
    const isNew = change !== undefined && change.before === null
    return { id, newName: isNew ? (change.after?.name ?? null) : null, cross_connect: change?.after?.cross_connect }
  }
  return [port(made.a_interface_id), port(made.b_interface_id)]
}
