import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Backup, Backups, HealthDetail } from '../src/api/types'
import { backupsIn, pruningOf } from './support/backups'
import { act, close, launch, open, until } from './support/browser'
import { axeViolations } from './support/pages'
import { runUnoc, Unoc, type UnocOptions } from './support/unoc'

const NO_MIRROR = /404.*api\/sync/

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** Runs on an appliance of its own. */
async function withUnoc(journey: (unoc: Unoc) => Promise<void>, options: UnocOptions = {}): Promise<void> {
  const unoc = await Unoc.start(options)
  try {
    await journey(unoc)
  } finally {
    await unoc.stop()
  }
}

async function idle(unoc: Unoc): Promise<void> {
  await until('nothing runs', async () => (await unoc.call<Backups>('GET', 'api/backups')).activity === null)
}

/** Takes a backup past the page. */
async function backUp(unoc: Unoc): Promise<Backup> {
  await idle(unoc)
  return unoc.call<Backup>('POST', 'api/backups')
}

async function names(unoc: Unoc): Promise<string[]> {
  return (await unoc.call<{ name: string }[]>('GET', 'api/devices')).map(({ name }) => name)
}

/** The row of the table that holds a backup. */
function rowOf(page: Page, id: string): ReturnType<Page['locator']> {
  return page.getByRole('row').filter({ hasText: id })
}

test('a backup is made, seen verified, verified again and downloaded', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
    const opened = await open(browser, `${unoc.url}/operations/backups`, { expected: [NO_MIRROR] })
    const { page } = opened
    await idle(unoc)
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByText(/Backed up: unoc_\d{8}_\d{6}/).waitFor()
    await page.getByRole('status').getByText(/^Restorable as of/).waitFor()
    const { backups, restorable_as_of: at } = await unoc.call<Backups>('GET', 'api/backups')
    const [newest] = backups
    if (newest === undefined) throw new Error('a backup was made')
    expect(newest.state).toBe('verified')
    expect(newest.reason).toBe('manual')
    expect(at).toBe(newest.taken_at)
    const row = rowOf(page, newest.id)
    await row.getByText('Verified', { exact: true }).waitFor()

    await page.getByRole('button', { name: 'Verify newest' }).click()
    await page.getByText(`Verified: ${newest.id}`).waitFor()
    await row.getByText(/^full/).waitFor()

    const waiting = page.waitForEvent('download')
    await row.getByRole('link', { name: `Download ${newest.file}` }).click()
    const file = await waiting
    expect(file.suggestedFilename()).toBe(newest.file)
    expect(statSync(await file.path()).size).toBe(newest.bytes)
    expect(await axeViolations(page)).toEqual([])
    await close(opened)
  }))

test('a restore shows first what it would do, is confirmed, and can be undone', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
    const { id } = await backUp(unoc)
    await unoc.provision('LATER-1', 'CORE_ROUTER')
    const opened = await open(browser, `${unoc.url}/operations/backups`, { expected: [NO_MIRROR] })
    const { page } = opened
    const dialog = page.getByRole('dialog')
    await rowOf(page, id).getByRole('button', { name: /^Restore…/ }).click()

    await dialog.getByText(/1\s+change will be lost/).waitFor()
    await dialog.getByText(/1\s+device will be removed/).waitFor()
    await dialog.getByText('LATER-1').first().waitFor()
    expect(await names(unoc)).toContain('LATER-1')
    expect(await axeViolations(page)).toEqual([])
    const confirm = dialog.getByRole('button', { name: 'Restore', exact: true })
    expect(await confirm.isDisabled()).toBe(true)
    const word = await dialog.getByRole('textbox').getAttribute('placeholder')
    expect(id).toContain(word)
    await dialog.getByRole('textbox').fill(word ?? '')
    await confirm.click()

    await dialog.getByRole('heading', { name: 'The site is restored' }).waitFor()
    await dialog.getByText(/1\s+device was removed/).waitFor()
    expect(await names(unoc)).toEqual(['GW-1'])
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()

    // Every other page follows without a reload.
    await page.getByRole('link', { name: 'Inventory' }).click()
    await page.getByRole('row').filter({ hasText: 'GW-1' }).waitFor()
    await page.getByRole('row').filter({ hasText: 'LATER-1' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Backups' }).click()

    await page.getByRole('button', { name: 'Undo last restore…' }).click()
    const undo = dialog.getByRole('button', { name: 'Undo the restore' })
    await dialog.getByText(/1\s+device will come back/).waitFor()
    await dialog.getByText('No changes will be lost.').waitFor()
    expect(await axeViolations(page)).toEqual([])
    expect(await names(unoc)).toEqual(['GW-1'])
    expect(await undo.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('undo')
    await undo.click()
    await dialog.getByRole('heading', { name: 'The restore is undone' }).waitFor()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    expect(await names(unoc)).toEqual(['GW-1', 'LATER-1'])
    await page.getByRole('button', { name: 'Undo last restore…' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Inventory' }).click()
    await page.getByRole('row').filter({ hasText: 'LATER-1' }).waitFor()

    // The undo can be undone in turn; the changes since are counted.
    await unoc.provision('LATER-2', 'CORE_ROUTER')
    await page.getByRole('link', { name: 'Backups' }).click()
    await page.getByRole('button', { name: 'Redo last restore…' }).click()
    await dialog.getByText(/1\s+change made since will be lost/).waitFor()
    await dialog.getByRole('textbox').fill('redo')
    await dialog.getByRole('button', { name: 'Redo the restore' }).click()
    await dialog.getByRole('heading', { name: 'The restore is redone' }).waitFor()
    expect(await names(unoc)).toEqual(['GW-1'])
    await close(opened)
  }))

test('the search backs up, below a path too', async () => {
  const unoc = await Unoc.start({ basePath: '/noc/unoc' })
  try {
    const opened = await open(browser, `${unoc.url}/inventory`, { expected: [NO_MIRROR] })
    await opened.page.getByRole('heading', { level: 1, name: 'Inventory' }).waitFor()
    await act(opened.page, 'Back up now')
    await opened.page.getByRole('heading', { level: 1, name: 'Backups' }).waitFor()
    await opened.page.getByText(/Backed up: unoc_/).waitFor()
    expect(new URL(opened.page.url()).pathname).toBe('/noc/unoc/operations/backups')
    await close(opened)
  } finally {
    await unoc.stop()
  }
})

test('the runbook shows the backups, and backs up', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
    const opened = await open(browser, `${unoc.url}/operations`, { expected: [NO_MIRROR] })
    const task = opened.page.getByRole('row').filter({ has: opened.page.getByRole('rowheader', { name: /^Backup/ }) })
    await task.getByRole('button', { name: 'Back up now' }).click()
    await task.getByText(/unoc_\d{8}_\d{6} \(.*restored and compared/).waitFor()
    await opened.page.getByRole('rowheader', { name: /^Restore test/ }).waitFor()
    await close(opened)
  }))

test('pruning lists what it removes before it is sent', () =>
  withUnoc(async (unoc) => {
    const opened = await open(browser, 'about:blank', { expected: [NO_MIRROR] })
    const { page } = opened
    const site = backupsIn('fine')
    const gone = site.backups.filter(({ kept_as: kept }) => kept.length === 0)
    let pruned = 0
    await page.route('**/api/backups', (route) => route.fulfill({ json: site }))
    await page.route('**/api/backups/prune', (route) => {
      if (route.request().method() === 'POST') pruned += 1
      return route.fulfill({ json: pruningOf(site) })
    })
    await page.goto(`${unoc.url}/operations/backups`)
    await page.getByText(/removes 3\sbackups, .* and 6\scopies off the host/).waitFor()
    await page.getByRole('button', { name: 'Prune now…' }).click()
    for (const { id } of gone) await page.getByRole('dialog').getByText(id).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    expect(pruned).toBe(0)
    await page.getByRole('button', { name: 'Prune now…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Prune now' }).click()
    await page.getByText(/Removed 3\sbackups/).waitFor()
    expect(pruned).toBe(1)
    await close(opened)
  }))

test('a refusal and an older server are shown', () =>
  withUnoc(async (unoc) => {
    const opened = await open(browser, 'about:blank', { expected: [NO_MIRROR, /Failed to load resource/] })
    const { page } = opened
    await page.route('**/api/backups', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({ status: 507, json: { detail: 'A backup needs 40 MiB, and 3 MiB are free.' } })
        : route.fulfill({ json: backupsIn('local') }),
    )
    await page.goto(`${unoc.url}/operations/backups`)
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByText('A backup needs 40 MiB, and 3 MiB are free.').waitFor()
    // No room for a backup does not make the server read-only.
    expect(await page.getByText('Read-only: the server refuses changes.').count()).toBe(0)
    await page.unroute('**/api/backups')
    await page.route('**/api/backups', (route) => route.fulfill({ status: 404, json: { detail: 'Not found' } }))
    await page.reload()
    await page.getByRole('heading', { name: 'This server makes no backups' }).waitFor()
    await close(opened)
  }))

test('with a key and a target: encrypted, off this host, and found there again', async () => {
  const nas = mkdtempSync(join(tmpdir(), 'unoc-nas-'))
  const { recipient, key_id: keyId } = JSON.parse(runUnoc('backup', 'keygen', '--json')) as { recipient: string; key_id: string }
  const env = { UNOC_BACKUP_TARGETS: `file://${nas}?name=nas`, UNOC_BACKUP_RECIPIENTS: recipient }
  const journey = async (unoc: Unoc): Promise<void> => {
    await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
    const opened = await open(browser, `${unoc.url}/operations/backups`, { expected: [NO_MIRROR, /503.*discover/] })
    const { page } = opened
    await idle(unoc)
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByText(/Backed up: unoc_\d{8}_\d{6}/).waitFor()
    const answer = (name: string) => page.getByRole('definition').and(page.locator(`dt:text-is("${name}") + dd`))
    await answer('Off-host copy').getByText('Yes', { exact: true }).waitFor()
    await answer('Off-host copy').getByText('nas').waitFor()
    await answer('Encrypted').getByText('Yes', { exact: true }).waitFor()
    await page.getByText(keyId).waitFor()
    const { backups, encryption, targets } = await unoc.call<Backups>('GET', 'api/backups')
    const [newest] = backups
    if (newest === undefined) throw new Error('a backup was made')
    expect(newest).toMatchObject({ is_encrypted: true, copies: [{ target: 'nas', state: 'done' }] })
    expect(encryption.recipients.map(({ recipient: each }) => each)).toContain(recipient)
    expect(targets).toMatchObject([{ name: 'nas', state: 'ok', copies: 1 }])
    expect(readdirSync(nas, { recursive: true }).some((path) => String(path).endsWith(newest.file))).toBe(true)
    expect(await axeViolations(page)).toEqual([])

    // As after the loss of the host: its own files are gone.
    rmSync(join(unoc.directory, 'backups'), { recursive: true })
    const look = page.getByRole('button', { name: 'Search off-host copies' })
    await look.click()
    await page.getByText(/Found 1\sbackup off the host/).waitFor()
    await rowOf(page, newest.id).getByText('not on this host').waitFor()
    await rowOf(page, newest.id).getByRole('button', { name: /^Restore…/ }).click()
    await page.getByRole('dialog').getByText('No changes will be lost.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()

    await page.getByRole('link', { name: 'Jobs', exact: true }).click()
    await page.locator('section[data-job="copy"]').getByText('Every 10 minutes').waitFor()
    await page.locator('section[data-job="verify-offhost"]').getByRole('button', { name: 'Run now' }).click()
    await page.locator('section[data-job="verify-offhost"]').getByRole('definition').getByText('manual').waitFor()
    await close(opened)
  }
  try {
    await withUnoc(journey, { env })
  } finally {
    rmSync(nas, { recursive: true })
  }
})

test('a backup whose file was damaged is told apart, and another one made', () =>
  withUnoc(async (unoc) => {
    await unoc.provision('GW-1', 'BACKBONE_GATEWAY')
    const { id, file, bytes } = await backUp(unoc)
    truncateSync(join(unoc.directory, 'backups', file), Math.floor(bytes / 2))
    const opened = await open(browser, `${unoc.url}/operations/backups`, { expected: [NO_MIRROR, /409/] })
    const { page } = opened
    await page.getByRole('button', { name: `Verify ${id}` }).click()
    await page.getByText('Do not use this backup.').waitFor()
    expect(await axeViolations(page)).toEqual([])
    const restore = rowOf(page, id).getByRole('button', { name: /^Restore…/ })
    expect(await restore.isDisabled()).toBe(true)
    // The newest is the one that was made in its place.
    const repair = page.getByRole('row').filter({ hasText: 'replaces a bad backup' })
    await repair.getByText('Verified', { exact: true }).waitFor()

    // A restore that meets damage marks the file too, and makes nothing: the site may be what is to be undone.
    const [newest] = (await unoc.call<Backups>('GET', 'api/backups')).backups
    if (newest === undefined) throw new Error('no backup was made in place of the damaged one')
    truncateSync(join(unoc.directory, 'backups', newest.file), Math.floor(newest.bytes / 2))
    await rowOf(page, newest.id).getByRole('button', { name: /^Restore…/ }).click()
    await page.getByRole('dialog').getByRole('alert').getByText(/is damaged/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.reload()
    await rowOf(page, newest.id).getByText('Do not use this backup.').waitFor()
    expect((await unoc.call<Backups>('GET', 'api/backups')).backups).toHaveLength(2)

    // A file that is nowhere any more is not what the site could be restored from.
    const gone = await backUp(unoc)
    rmSync(join(unoc.directory, 'backups', gone.file))
    await page.reload()
    await rowOf(page, gone.id).getByText('File missing').waitFor()
    await page.getByRole('status').getByText('No verified backup').waitFor()
    expect(await axeViolations(page)).toEqual([])
    await close(opened)
  }))

test('the Health page shows the backups, and warns if none is recent', () =>
  withUnoc(async (unoc) => {
    const opened = await open(browser, 'about:blank', { expected: [NO_MIRROR] })
    const { page } = opened
    const check = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^Backups/ }) })
    await page.goto(`${unoc.url}/operations/health`)
    await check.getByText('None verified').waitFor()
    await backUp(unoc)
    await check.getByText('OK', { exact: true }).waitFor()
    const health = await unoc.call<HealthDetail>('GET', 'api/health')
    const old = { ...health, status: 'degraded', backup: { ...health.backup, rpo_s: 200_000, is_stale: true } }
    await page.route('**/api/health', (route) => route.fulfill({ json: old }))
    await check.getByText('Too old').waitFor()
    await page.getByRole('link', { name: 'Health Degraded' }).waitFor()
    expect(await axeViolations(page)).toEqual([])
    await check.getByRole('link', { name: 'Open Backups' }).click()
    await page.getByRole('heading', { level: 1, name: 'Backups' }).waitFor()
    await close(opened)
  }))
