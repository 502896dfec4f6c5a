import { readFileSync } from 'node:fs'
import type { Permission } from '../domain/access'
import type { Needs } from './guardScan'
import { type Route, routesOf } from './routes'
import type { SourceFile } from './sourceGraph'

/** The server's table of what each operation needs, read from its source. */
const TABLE = new URL('../../../src/api/access/permissions.rs', import.meta.url)

/** Requests whose address is not in the code of the function that makes them. */
const HIDDEN_ROUTES: Record<string, Route[]> = {
  // They are handed the address.
  'api/conditional.ts#sendChecked': [],
  'api/conditional.ts#patchUnlessChanged': [],
  'api/conditional.ts#deleteUnlessChanged': [],
  'api/links.ts#fetchList': [],
  'api/http.ts#sendOnce': [],
  'api/backups.ts#downloadPath': ['GET /api/backups/{}/download'],
  'api/incidents.ts#postIncident': ['POST /api/incidents/{}/acknowledge', 'POST /api/incidents/{}/close'],
  'api/links.ts#fetchLinks': ['GET /api/links'],
  'api/links.ts#fetchPorts': ['GET /api/interfaces'],
  // The server names what a duty is done by: a job, a check or a backup.
  'api/runbook.ts#postDutyAction': ['POST /api/jobs/{}/run'],
  'api/sync.ts#compareSync': ['POST /api/sync/check', 'POST /api/sync/reconcile'],
  // Takeover and adoption are in a dialog, whose button has a guard of its own.
  'api/sync.ts#runSync': ['POST /api/sync/now'],
  'api/tables.ts#fetchHeading': ['GET /api/export/links.csv', 'GET /api/export/cross-connects.csv'],
}

const PERMISSIONS: Record<string, Permission> = {
  PUBLIC: 'read',
  READ: 'read',
  METRICS: 'read',
  OPERATE: 'operate',
  ADMIN: 'admin',
  ACCOUNT: 'account',
  OWN_OR_ADMIN: 'account',
}

/** What each operation of the server needs: `DELETE /api/devices/{}` needs `operate`. */
export function readTable(): Map<Route, Permission> {
  const rows = readFileSync(TABLE, 'utf8').matchAll(/^ {4}\(Method::(\w+), "([^"]+)", (\w+)\),$/gm)
  return new Map(
    [...rows].map(([, method = '', path = '', needs = '']) => {
      const permission = PERMISSIONS[needs]
      if (permission === undefined) throw new Error(`${method} ${path} needs ${needs}, which the page does not know`)
      return [`${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`, permission]
    }),
  )
}

/** What each function of `api/` needs by the requests that it makes; throws for one that the server does not have. */
export function neededByApi(files: ReadonlyMap<string, SourceFile>, table: ReadonlyMap<Route, Permission>): Needs {
  const needs = new Map<string, Permission>()
  for (const file of files.values()) {
    if (!file.path.startsWith('api/')) continue
    for (const [name, own] of routesOf(file)) {
      const key = `${file.path}#${name}`
      for (const route of HIDDEN_ROUTES[key] ?? own) {
        if (route === null) throw new Error(`the address of a request of ${key} is not in its code`)
        const needed = table.get(route)
        if (needed === undefined) throw new Error(`${key} asks for ${route}, which the server does not have`)
        if (needed !== 'read') needs.set(key, needed)
      }
    }
  }
  return needs
}

/** What the router needs for each view. */
export function neededByViews(files: ReadonlyMap<string, SourceFile>): Map<string, Permission> {
  const text = files.get('router.ts')?.script.text ?? ''
  const pages = [...text.matchAll(/needs: '(\w+)',\s+load: \(\) => import\('\.\/(views\/\w+\.vue)'\)/g)]
  return new Map(pages.map(([, needs, path]) => [path ?? '', needs as Permission]))
}
