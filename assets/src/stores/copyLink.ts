import type { RouteLocationNormalized, RouteLocationRaw, Router } from 'vue-router'
import { copyText } from '../utils/clipboard'
import { notify, notifyError } from './notices'

/** The page that a device or link is found on, with its panel. */
export function placeOf(kind: 'device' | 'link', id: number): RouteLocationRaw {
  return kind === 'device' ? { path: '/inventory', query: { device: id } } : { path: '/links', query: { link: id } }
}

/** The page that is open, with its filters, without the panel. */
export function placeOfPage({ path, query }: RouteLocationNormalized): RouteLocationRaw {
  const { device: _device, link: _link, ...filters } = query
  return { path, query: filters }
}

/** Copies the address of a place; `name` is shown. */
export async function copyLink(router: Router, place: RouteLocationRaw, name: string): Promise<void> {
  const address = new URL(router.resolve(place).href, location.origin).href
  if (await copyText(address)) notify(`Copied the link to ${name}.`)
  else notifyError(`The browser does not allow copying. The link to ${name} is ${address}`)
}
