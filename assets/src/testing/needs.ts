import type { Permission } from '../domain/access'
import { type Route, routesOf } from './routes'
import type { SourceFile } from './sourceGraph'

/** Requests whose address is not in the code of the function that makes them. */
const HIDDEN_ROUTES: Record<string, Route[]> = {
  'api/backups.ts#downloadPath': ['GET /api/backups/{}/download'],
  'api/incidents.ts#postIncident': ['POST /api/incidents/{}/acknowledge'],
  // The server names what a duty is done by: a job, a check or a backup.
  'api/runbook.ts#postDutyAction': ['POST /api/jobs/{}/run'],
  'api/sync.ts#compareSync': ['POST /api/sync/check', 'POST /api/sync/reconcile'],
  // Takeover and adoption are in a dialog, whose button has a guard of its own.
  'api/sync.ts#runSync': ['POST /api/sync/now'],
  'api/tables.ts#fetchHeading': ['GET /api/export/links.csv'],
}

const OPERATE: Route[] = ['GET /api/audit', 'POST /api/audit/{}/undo', 'POST /api/undo', 'POST /api/backups', 'POST /api/backups/{}/verify', 'POST /api/backups/discover',
'POST /api/notices/test','POST /api/devices/provision','PATCH /api/devices/{}','DELETE /api/devices/{}','POST /api/health/run','POST /api/incidents/{}/acknowledge','POST /api/maintenance','DELETE /api/maintenance/{}','POST /api/jobs/{}/run','PATCH /api/jobs/{}','POST /api/lifecycle/bulk','POST /api/links/create-simple','POST /api/links','PATCH /api/links/{}','DELETE /api/links/{}','GET /api/logs','GET /api/logs/export','GET /api/logs/summary','GET /api/logs/levels','PUT /api/logs/levels','DELETE /api/logs/levels','POST /api/overrides/bulk','POST /api/devices/{}/cross-connects','DELETE /api/devices/{}/cross-connects/{}','POST /api/runbook/{}/records','POST /api/sync/check','POST /api/sync/reconcile','POST /api/sync/now','POST /api/import/csv']
const ADMIN: Route[] = ['GET /api/export','GET /api/support-bundle','POST /api/seed','POST /api/devices/erase-personal-data','POST /api/backups/{}/restore','POST /api/backups/undo','POST /api/backups/prune','GET /api/backups/{}/download','PATCH /api/settings','GET /api/users','POST /api/users','PATCH /api/users/{}','DELETE /api/users/{}']
const ACCOUNT: Route[] = ['GET /api/sessions','DELETE /api/sessions/{}','GET /api/tokens','POST /api/tokens','DELETE /api/tokens/{}','POST /api/account/password','POST /api/account/totp','POST /api/account/totp/confirm','DELETE /api/account/totp']

export function neededByApi(files: ReadonlyMap<string, SourceFile>): Map<string, Permission> {
  const needs = new Map<string, Permission>()
  for (const file of files.values()) {
    if (!file.path.startsWith('api/')) continue
    for (const [name, own] of routesOf(file)) {
      const key = `${file.path}#${name}`
      for (const route of HIDDEN_ROUTES[key] ?? own) {
        const p = OPERATE.includes(route) ? 'operate' : ADMIN.includes(route) ? 'admin' : ACCOUNT.includes(route) ? 'account' : 'read'
        if (p !== 'read') needs.set(key, p)
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
