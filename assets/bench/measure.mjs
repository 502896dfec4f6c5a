import { gzipSync } from 'node:zlib'

const VIEW = { width: 1280, height: 800 }
/** Long enough for a median, short enough for a bench of many parts. */
const MOVE_MS = 3_000
const STORM_MS_MAX = 90_000
/** A storm is over when nothing long has run for this time. */
const QUIET_MS = 2_500

/** Watches long tasks and the times of frames, and when the parts of the page appear. */
function watchPage() {
  const seen = { tasks: [], interactiveAt: null, pictureAt: null, isBack: false, returnedAt: null }
  Object.assign(window, { seen })
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.tasks.push([startTime, duration])
  }).observe({ type: 'longtask', buffered: true })
  const afterFrame = (key) => {
    if (seen[key] !== null) return
    seen[key] = 0
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        seen[key] = performance.now()
      }),
    )
  }
  new MutationObserver(() => {
    if (document.querySelector('nav a') !== null) afterFrame('interactiveAt')
    if (document.querySelector('[data-view]') === null) return
    afterFrame(seen.isBack ? 'returnedAt' : 'pictureAt')
  }).observe(document, { childList: true, subtree: true, attributeFilter: ['data-view'] })
}

/** Counts frames and their gaps until told to stop. */
function countFrames() {
  const gaps = []
  let last = performance.now()
  let isOn = true
  const step = () => {
    const now = performance.now()
    gaps.push(now - last)
    last = now
    if (isOn) requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
  Object.assign(window, {
    stopCounting: () => {
      isOn = false
      const sorted = [...gaps].sort((a, b) => a - b)
      const total = gaps.reduce((sum, each) => sum + each, 0)
      return { fps: (1000 * gaps.length) / total, worstMs: sorted.at(-1) ?? 0 }
    },
  })
}

export async function openPage(browser, url) {
  const context = await browser.newContext({ viewport: VIEW, colorScheme: 'light' })
  const page = await context.newPage()
  await page.addInitScript(watchPage)
  const bodies = []
  page.on('response', (response) => {
    if (/\.(js|css|svg)$|\/topology$/.test(new URL(response.url()).pathname)) {
      bodies.push(response.body().catch(() => Buffer.alloc(0)))
    }
  })
  await page.goto(url)
  return { page, bodies, close: () => context.close() }
}

/** Bytes of the page itself, compressed as a server would. */
export async function gzippedBytes(bodies) {
  return (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0)
}

/** Milliseconds from when the lists were there until the first picture was. */
export async function firstPicture(page) {
  await page.waitForFunction(() => window.seen.pictureAt > 0, null, { timeout: 120_000 })
  return page.evaluate(() => {
    const lists = performance
      .getEntriesByType('resource')
      .filter(({ name }) => /api\/(devices|links|interfaces)$/.test(name))
    const arrivedAt = Math.max(...lists.map(({ responseEnd }) => responseEnd))
    const { interactiveAt, pictureAt, tasks } = window.seen
    const building = tasks.filter(([at]) => at >= arrivedAt && at < pictureAt).map(([, ms]) => ms)
    const taskMs = Math.max(0, ...building)
    return { interactiveMs: interactiveAt, pictureMs: pictureAt - arrivedAt, taskMs }
  })
}

/** Milliseconds from the click that leads back from the inventory until the picture is there again. */
export async function returnMs(page) {
  await page.getByRole('link', { name: 'Inventory' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Inventory' }).waitFor()
  await page.waitForFunction(() => document.querySelector('[data-view]') === null)
  await page.evaluate(() => {
    window.seen.isBack = true
    window.seen.returnedAt = null
    const note = () => (window.seen.clickedAt = performance.now())
    document.addEventListener('click', note, { capture: true, once: true })
  })
  await page.getByRole('link', { name: 'Topology' }).first().click()
  await page.waitForFunction(() => window.seen.returnedAt > 0, null, { timeout: 120_000 })
  return page.evaluate(() => window.seen.returnedAt - window.seen.clickedAt)
}

/** Frames per second while the mouse drags the picture to and fro. */
export async function panFps(page, { x, y }) {
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.evaluate(countFrames)
  const until = Date.now() + MOVE_MS
  for (let step = 0; Date.now() < until; step += 1) {
    await page.mouse.move(x + 160 * Math.sin(step / 12), y + 90 * Math.cos(step / 17))
  }
  const counted = await page.evaluate(() => window.stopCounting())
  await page.mouse.up()
  return counted
}

/** Frames per second while the wheel zooms in and out again. */
export async function zoomFps(page, { x, y }) {
  await page.mouse.move(x, y)
  await page.evaluate(countFrames)
  const until = Date.now() + MOVE_MS
  for (let step = 0; Date.now() < until; step += 1) {
    await page.mouse.wheel(0, step % 16 < 8 ? -120 : 120)
    await page.waitForTimeout(16)
  }
  return page.evaluate(() => window.stopCounting())
}

/** The longest task from the change on, until it is over. `isOver`: whether the page shows it. */
export async function stormMs(page, change, isOver) {
  const from = await page.evaluate(() => {
    window.seen.tasks.length = 0
    return performance.now()
  })
  await change()
  const until = Date.now() + STORM_MS_MAX
  while (!(await isOver())) {
    if (Date.now() > until) throw new Error('the storm did not reach the page')
    await page.waitForTimeout(50)
  }
  const shownMs = (await page.evaluate(() => performance.now())) - from
  for (;;) {
    await page.waitForTimeout(QUIET_MS)
    const quiet = await page.evaluate(
      (limit) => window.seen.tasks.every(([at, ms]) => performance.now() - at - ms > limit),
      QUIET_MS,
    )
    if (quiet || Date.now() > until) break
  }
  const tasks = await page.evaluate(() => window.seen.tasks.map(([, ms]) => ms))
  return { longestMs: Math.max(0, ...tasks), shownMs }
}

/** Opens the inventory: milliseconds from opening it until the first rows are shown, and frames per second while they scroll. */
export async function measureInventory(browser, url) {
  const { page, close } = await openPage(browser, `${url}/inventory`)
  await page.waitForFunction(() => document.querySelector('[role=row][data-id]') !== null, null, { timeout: 120_000 })
  const rowsMs = await page.evaluate(() => performance.now())
  await page.waitForTimeout(QUIET_MS)
  const rows = await page.locator('[role=row][data-id]').first().boundingBox()
  await page.mouse.move(rows.x + 200, rows.y + 100)
  await page.evaluate(countFrames)
  const until = Date.now() + MOVE_MS
  while (Date.now() < until) {
    await page.mouse.wheel(0, 120)
    await page.waitForTimeout(16)
  }
  const scroll = await page.evaluate(() => window.stopCounting())
  await close()
  return { rowsMs, scroll }
}
