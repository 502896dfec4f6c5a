import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { firstPicture, gzippedBytes, measureInventory, openPage, panFps, returnMs, stormMs, zoomFps } from './measure.mjs'
import { startPages, startSite } from './server.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { binary: { type: 'string' }, pages: { type: 'string' }, write: { type: 'string' } },
})
const sizes = positionals.length > 0 ? positionals.map(Number) : [1_000, 10_000, 50_000, 100_000]
/** The budgets hold for a site of this size; some others for a large one. */
const BUDGET_SIZE = 10_000
const LARGE_SIZE = 100_000
/** Beyond this size Cytoscape shows a frame in ten seconds: there is nothing left to compare. */
const COMPARED_SIZE_MAX = 50_000
/** From here on, subscribers are drawn one by one. */
const SUBSCRIBERS_SCALE = 0.4
/** Many times what it takes. */
const ZOOM_STEPS_MAX = 100
const MIDDLE = { x: 700, y: 430 }
/** Without a graphics card, as a thin client or a virtual machine draws: WebGL and the page itself. */
const SOFTWARE = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-gpu-compositing',
]

const scratch = mkdtempSync(join(process.env.UNOC_BENCH_DIR ?? tmpdir(), 'unoc-bench-ui.'))
const loadBefore = loadavg()[0]
const rows = []
try {
  for (const size of sizes) await measureSite(size)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
const table = render()
console.log(table)
if (options.write !== undefined) put(options.write, table)

/** A browser of its own for each page: what one leaves to the software renderer must not slow the next. */
async function inBrowser(measure, url) {
  const browser = await chromium.launch({
    executablePath: process.env.UNOC_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', ...SOFTWARE],
  })
  try {
    return await measure(browser, url)
  } finally {
    await browser.close()
  }
}

async function measureSite(size) {
  const site = await startSite(options.binary, join(scratch, String(size)), size)
  try {
    const inventory = await inBrowser(measureInventory, site.url)
    const ours = { inventory, ...(await inBrowser(measureOurs, site.url)) }
    report(size, ours, size > COMPARED_SIZE_MAX ? null : await compare(site.url))
  } finally {
    await site.stop()
  }
}

async function compare(url) {
  const pages = await startPages(options.pages, url)
  const theirs = await inBrowser(measureCytoscape, pages.url)
  pages.stop()
  return theirs
}

async function measureOurs(browser, url) {
  const { page, bodies, close } = await openPage(browser, `${url}/topology`)
  const first = await firstPicture(page)
  const bytes = await gzippedBytes(bodies)
  const backMs = await returnMs(page)
  const pan = await panFps(page, MIDDLE)
  const zoom = await zoomFps(page, MIDDLE)
  // All subscribers drawn: where a picture without level of detail would always be.
  for (let step = 0; step < 6 || (await scaleOf(page)) < SUBSCRIBERS_SCALE; step += 1) {
    if (step >= ZOOM_STEPS_MAX) throw new Error('the picture does not grow with the key +')
    // The page may still be taking the stage up again, which costs it the focus.
    await page.locator('.stage').press('+')
    // The scale is reported with the next frame.
    if (step >= 6) await page.waitForTimeout(50)
  }
  await page.waitForTimeout(600)
  const near = await panFps(page, MIDDLE)
  await page.keyboard.press('0')
  const cores = await (await fetch(`${url}/api/devices?device_type=CORE_ROUTER`)).json()
  const total = (await (await fetch(`${url}/api/topology/summary`)).json()).by_status
  // Every edge router has two cores above it: the second one lost is the outage.
  for (const { id } of cores.slice(1)) await hold(url, id)
  await page.waitForTimeout(3_000)
  const expected = Object.values(total).reduce((sum, each) => sum + each, 0) * 0.85
  const storm = await stormMs(
    page,
    () => hold(url, cores[0].id),
    async () => Number(/^[\d,]+/.exec(await page.title())?.[0].replaceAll(',', '') ?? 0) > expected,
  )
  await close()
  return { ...first, backMs, bytes, pan, zoom, near, storm }
}

/** Pixels per unit of the picture. */
async function scaleOf(page) {
  const view = await page.locator('.topology-canvas').getAttribute('data-view')
  return Number(view.split(' ')[2])
}

async function hold(url, id) {
  const answer = await fetch(`${url}/api/devices/${id}/override`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status_override: 'DOWN' }),
  })
  if (!answer.ok) throw new Error(`the override was refused: ${answer.status}`)
}

async function measureCytoscape(browser, url) {
  const { page, close } = await openPage(browser, `${url}/cytoscape.html`)
  await page.waitForFunction(() => window.bench !== undefined, null, { timeout: 180_000 })
  const pictureMs = await page.evaluate(() => window.bench.drawnAt - window.bench.arrivedAt)
  const at = { x: 640, y: 300 }
  const pan = await panFps(page, at)
  const zoom = await zoomFps(page, at)
  const storm = await stormMs(
    page,
    () => page.evaluate(() => window.bench.storm()),
    () => true,
  )
  await close()
  return { pictureMs, pan, zoom, storm }
}

function report(size, ours, theirs) {
  const isBudget = size === BUDGET_SIZE
  const isLarge = size === LARGE_SIZE
  const within = (limit) => ({ limit, isMet: (value) => value <= limit, sign: '<=' })
  const least = (limit) => (isBudget ? { limit, isMet: (value) => value >= limit, sign: '>=' } : null)
  const most = (limit, always = false) => (isBudget || always ? within(limit) : null)
  const add = (what, target, unit, value, other, note = '') =>
    rows.push({ what: `${size} subscribers: ${what}`, target, unit, value, other: other ?? null, note })
  if (size === sizes[0]) add('first load, gzipped', most(400, true), 'kB', ours.bytes / 1000, null)
  add('page can be used', most(1_500, true), 'ms', ours.interactiveMs, null, 'from opening it')
  const picture = isLarge ? within(3_000) : most(1_500)
  add('first picture after the data', picture, 'ms', ours.pictureMs, theirs?.pictureMs)
  add('longest task until then', isLarge ? within(200) : most(200), 'ms', ours.taskMs, null)
  add('back from the inventory', isLarge ? within(1_000) : null, 'ms', ours.backMs, null)
  add('panning the whole network', least(30), 'fps', ours.pan.fps, theirs?.pan.fps, worst(ours.pan, theirs?.pan))
  add('panning with subscribers drawn', least(30), 'fps', ours.near.fps, null, worst(ours.near))
  add('zooming', least(30), 'fps', ours.zoom.fps, theirs?.zoom.fps, worst(ours.zoom, theirs?.zoom))
  add('first rows of the inventory', isLarge ? within(2_000) : null, 'ms', ours.inventory.rowsMs, null, 'from opening it')
  const scrolled = isLarge ? { limit: 30, isMet: (value) => value >= 30, sign: '>=' } : null
  add('scrolling the inventory', scrolled, 'fps', ours.inventory.scroll.fps, null, worst(ours.inventory.scroll))
  const shown = `all shown after ${round(ours.storm.shownMs)} ms`
  add('longest task in an outage', most(200), 'ms', ours.storm.longestMs, theirs?.storm.longestMs, shown)
}

function worst(ours, theirs) {
  const other = theirs === undefined ? '' : ` against ${round(theirs.worstMs)}`
  return `longest frame ${round(ours.worstMs)}${other} ms`
}

function render() {
  const date = new Date().toISOString().slice(0, 10)
  const memory = Math.round(totalmem() / 2 ** 30)
  const commit = execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], { encoding: 'utf8' }).trim()
  const load = `${loadBefore.toFixed(2)} to ${loadavg()[0].toFixed(2)}`
  const lines = [
    `${date}, commit ${commit}, ${cpus().length} cores, ${memory} GiB, shared virtual machine, no graphics card; load ${load}`,
    '',
    '| what | target | UNOC | Cytoscape | verdict | measured values |',
    '|---|---|---|---|---|---|',
  ]
  for (const { what, target, unit, value, other, note } of rows) {
    const aim = target === null ? '' : `${target.sign} ${target.limit} ${unit}`
    const verdict = target === null ? '' : target.isMet(value) ? 'met' : 'missed'
    const beside = other === null ? '' : `${round(other)} ${unit}`
    lines.push(`| ${what} | ${aim} | ${round(value)} ${unit} | ${beside} | ${verdict} | ${note} |`)
  }
  return lines.join('\n')
}

function round(value) {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}

/** Puts the table between its markers. */
function put(path, text) {
  const before = readFileSync(path, 'utf8')
  const [open, close] = ['<!-- bench:ui -->', '<!-- /bench:ui -->']
  const [from, until] = [before.indexOf(open), before.indexOf(close)]
  if (from < 0 || until < 0) throw new Error(`${path} has no place for the table`)
  writeFileSync(path, `${before.slice(0, from + open.length)}\n${text}\n${before.slice(until)}`)
}
