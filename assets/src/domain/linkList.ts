import type { Device, Link, Medium } from '../api/types'
import { nameKey } from './deviceList'
import { foldedName } from './deviceSearch'
import { fold } from './fold'
import type { EndLists, Port } from './linkEnds'
import { linkState, type State, stateRank } from './states'
import { STATUS_RANK } from './statuses'

export const LINK_SORT_KEYS = ['status', 'a', 'b', 'medium', 'length', 'loss', 'override', 'id', 'since'] as const
export type LinkSortKey = (typeof LINK_SORT_KEYS)[number]

/** Which links, in which order. An empty string means any. */
export interface LinkQuery {
  text: string
  /** What it is shown as. */
  status: State | ''
  medium: Medium | ''
  /** Only links with an override. */
  overridden: boolean
  sort: LinkSortKey
  descending: boolean
}

/** The column to sort links by; one that only other lists have counts as the default. */
export function linkSortKey(key: string): LinkSortKey {
  return LINK_SORT_KEYS.find((each) => each === key) ?? 'id'
}

/** The lists that links and their ends are in. */
export interface LinkLists extends EndLists {
  links: ReadonlyMap<number, Link>
  /** Another number whenever the name of a device or a port has changed. */
  namesVersion: number
}

/** Sort after every other text and number, so that links without a value come last. */
const LAST = '\u{10FFFF}'
const LAST_NUMBER = Infinity

/** Ports have few different names. */
const foldedPorts = new Map<string, string>()
const FOLDED_PORTS_MAX = 10_000
const FOLDED_AT_ONCE = 500

/** The folded names at the ends of links, as of `endsVersion`. */
let endsOfLinks = new WeakMap<Link, string>()
let endsVersion = 0

/** The ids of the links that match, in order; equal ones by ascending id. */
export function listLinks(lists: LinkLists, query: LinkQuery): number[] {
  const isMatch = matcher(lists, query)
  const keyOf = keyBy(lists, query.sort)
  const keyed: { key: string | number; id: number }[] = []
  for (const link of lists.links.values()) if (isMatch(link)) keyed.push({ key: keyOf(link), id: link.id })
  const sign = query.descending ? -1 : 1
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.id - b.id))
  return keyed.map(({ id }) => id)
}

/**
 * The links that match a text: by id (`17`, `#17`, `link 17`), or with every word in the names of
 * their devices and ports. At most `max`, the one with the id first.
 */
export function findLinks(lists: LinkLists, text: string, max: number): Link[] {
  const query = fold(text.trim())
  if (query === '') return []
  const exact = lists.links.get(idIn(query) ?? -1)
  const found = exact === undefined ? [] : [exact]
  const hasWords = wordsIn(lists, query)
  for (const link of lists.links.values()) {
    if (found.length >= max) break
    if (link !== exact && hasWords(link)) found.push(link)
  }
  return found
}

/** Folds the names of all links a slice at a time, so that the first letter of a filter need not wait. */
export function* foldLinkNames(lists: LinkLists): Generator<void, void> {
  let count = 0
  for (const link of lists.links.values()) {
    foldedEnds(link, lists)
    count += 1
    if (count % FOLDED_AT_ONCE === 0) yield
  }
}

function matcher(lists: LinkLists, query: LinkQuery): (link: Link) => boolean {
  const { status, medium, overridden } = query
  const text = fold(query.text.trim())
  const id = idIn(text)
  const hasWords = wordsIn(lists, text)
  return (link) => {
    if (status !== '' && stateIn(lists, link) !== status) return false
    if (medium !== '' && link.physical_medium_id !== medium) return false
    if (overridden && link.status_override === null) return false
    if (text === '' || link.id === id || hasWords(link)) return true
    return link.override_reason !== null && fold(link.override_reason).includes(text)
  }
}

function idIn(folded: string): number | null {
  const digits = /^(?:link )?#?(\d+)$/.exec(folded)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** Whether every word is in the name of a device or port of the link. */
function wordsIn(lists: LinkLists, folded: string): (link: Link) => boolean {
  // As the page writes a link: OLT-1 – ODF-1.
  const words = folded.split(/[\s–]+/).filter((word) => word !== '')
  return (link) => {
    const names = foldedEnds(link, lists)
    return words.every((word) => names.includes(word))
  }
}

/** The names of the devices and ports at the ends of a link, folded; folded once per link. */
function foldedEnds(link: Link, { ports, devices, namesVersion }: LinkLists): string {
  if (namesVersion !== endsVersion) {
    endsOfLinks = new WeakMap()
    endsVersion = namesVersion
  }
  let text = endsOfLinks.get(link)
  if (text === undefined) {
    text = `${foldedEnd(ports.get(link.a_interface_id), devices)}\0${foldedEnd(ports.get(link.b_interface_id), devices)}`
    endsOfLinks.set(link, text)
  }
  return text
}

function foldedEnd(port: Port | undefined, devices: ReadonlyMap<number, Device>): string {
  if (port === undefined) return ''
  const device = devices.get(port.device_id)
  return device === undefined ? foldedPort(port.name) : `${foldedName(device)}\0${foldedPort(port.name)}`
}

function stateIn(lists: LinkLists, link: Link): State {
  const ends = [link.a_interface_id, link.b_interface_id].map((port) => deviceAt(lists, port) ?? null)
  return linkState(link, ends)
}

function deviceAt({ ports, devices }: LinkLists, port: number): Device | undefined {
  return devices.get(ports.get(port)?.device_id ?? -1)
}

function keyBy(lists: LinkLists, sort: LinkSortKey): (link: Link) => string | number {
  const nameAt = (port: number): string => {
    const device = deviceAt(lists, port)
    return device === undefined ? LAST : nameKey(device)
  }
  switch (sort) {
    case 'id':
      return (link) => link.id
    case 'status':
      return (link) => stateRank(stateIn(lists, link))
    case 'a':
      return (link) => nameAt(link.a_interface_id)
    case 'b':
      return (link) => nameAt(link.b_interface_id)
    case 'medium':
      return (link) => link.physical_medium_id ?? LAST
    case 'length':
      return (link) => link.length_km ?? LAST_NUMBER
    case 'loss':
      return (link) => link.link_loss_db ?? LAST_NUMBER
    case 'override':
      return (link) =>
        link.status_override === null
          ? LAST
          : `${STATUS_RANK[link.status_override]}${fold(link.override_reason ?? '')}`
    case 'since':
      return (link) => link.status_since
  }
}

function foldedPort(name: string): string {
  let folded = foldedPorts.get(name)
  if (folded === undefined) {
    folded = fold(name)
    if (foldedPorts.size < FOLDED_PORTS_MAX) foldedPorts.set(name, folded)
  }
  return folded
}
