import { copyFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'

/** Where the pictures go. */
const PICTURES = process.env['UNOC_PICTURES'] ?? join(tmpdir(), 'unoc-pictures')
const DOCUMENTATION = resolve(import.meta.dirname, '../../../docs/images')
/** Those that the documentation shows; `npm run pictures` recreates them. */
const SHOWN = [
  'topology-dark-laptop',
  'inventory-light-laptop',
  'panel-optical-light',
  'provision-light',
  'sync-live-light',
  'backups-fine-light',
  'restore-light',
  'jobs-fine-light',
  ...['login', 'users', 'audit'].map((name) => `access-${name}-light-1440`),
  ...['overview', 'incidents', 'incident', 'health', 'logs', 'report'].flatMap((name) => [`night-${name}-light`, `night-${name}-dark`]),
]

/** Takes a picture of what the window shows. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  const path = join(PICTURES, `${name}.png`)
  await page.screenshot({ path })
  if (process.env['UNOC_DOCUMENT'] === undefined || !SHOWN.includes(name)) return
  mkdirSync(DOCUMENTATION, { recursive: true })
  copyFileSync(path, join(DOCUMENTATION, `${name}.png`))
}
