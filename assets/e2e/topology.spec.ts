import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { act, close, launch, open, type Opened, until } from './support/browser'
import { runUnoc, Unoc } from './support/unoc'

/** Without PostgreSQL there is no such resource. */
const NO_MIRROR = [/404.*api\/sync/]
const HOSTILE = '<img src=x onerror=alert(1)>'

let browser: Browser
let unoc: Unoc
const ids: Record<string, number> = {}

beforeAll(async () => {
  browser = await launch()
  unoc = await Unoc.start()
  const pop = await make('pop', 'POP', 0, 300)
  const inside = { parent_container_id: pop }
  await make('gateway', 'BACKBONE_GATEWAY', 0, -300)
  await make('core', 'CORE_ROUTER', 0, -150)
  await make('edge', 'EDGE_ROUTER', 0, 20, inside)
  await make('olt', 'OLT', 0, 160, inside)
  await make('splitter', 'SPLITTER', 0, 320, inside)
  await make('good', 'ONT', -120, 460)
  await make('bad', 'ONT', 0, 460)
  await make('hostile', 'ONT', 120, 460, { name: HOSTILE })
  for (const [a, b] of [
    ['gateway', 'core'],
    ['core', 'edge'],
    ['edge', 'olt'],
    ['olt', 'splitter'],
    ['splitter', 'good'],
    ['splitter', 'bad'],
    ['splitter', 'hostile'],
  ] as const) {
    await unoc.connect(id(a), id(b), { length_km: 1, physical_medium_id: 'G652D' })
  }
})

afterAll(async () => {
  await browser.close()
  await unoc.stop()
})

async function make(key: string, type: string, x: number, y: number, more = {}): Promise<number> {
  ids[key] = await unoc.provision(key, type, { x, y, ...more })
  return ids[key]
}

function id(key: string): number {
  const found = ids[key]
  if (found === undefined) throw new Error(`no device ${key}`)
  return found
}

async function visit(query = ''): Promise<Opened> {
  const opened = await open(browser, `${unoc.url}/topology${query}`, { expected: NO_MIRROR })
  await opened.page.locator('.topology-canvas[data-view]').waitFor()
  return opened
}

/** The point of the screen that a world point is at. */
async function onScreen(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const canvas = page.locator('.topology-canvas')
  const box = await canvas.boundingBox()
  const view = (await canvas.getAttribute('data-view'))?.split(' ').map(Number)
  const [left = 0, top = 0, scale = 1] = view ?? []
  return { x: (box?.x ?? 0) + (x - left) * scale, y: (box?.y ?? 0) + (y - top) * scale }
}

async function position(key: string): Promise<{ x: number; y: number }> {
  return unoc.call('GET', `api/devices/${id(key)}`)
}

async function clickDevice(page: Page, key: string): Promise<void> {
  const { x, y } = await position(key)
  const at = await onScreen(page, x, y)
  await page.mouse.move(at.x, at.y)
  await page.mouse.click(at.x, at.y)
}

function announced(page: Page, text: RegExp | string): Promise<void> {
  return page.locator('p[role="status"]').filter({ hasText: text }).waitFor({ state: 'attached' })
}

/** The number of red pixels on the canvas, without the mini-map. */
async function redPixels(page: Page): Promise<number> {
  const box = await page.locator('.stage').boundingBox()
  if (box === null) return 0
  const shot = await page.screenshot({ clip: { ...box, width: box.width - 260 } })
  return page.evaluate(async (data) => {
    const image = new Image()
    image.src = `data:image/png;base64,${data}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.width
    canvas.height = image.height
    const context = canvas.getContext('2d')
    if (context === null) return 0
    context.drawImage(image, 0, 0)
    const { data: bytes } = context.getImageData(0, 0, image.width, image.height)
    let count = 0
    for (let at = 0; at < bytes.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]]
      if (red > 150 && green < 60 && blue < 70) count += 1
    }
    return count
  }, shot.toString('base64'))
}

test('a drag saves the position, survives a reload, and can be undone', async () => {
  const opened = await visit()
  const { page } = opened
  const before = await position('good')
  const from = await onScreen(page, before.x, before.y)
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x - 30, from.y + 20, { steps: 4 })
  await page.mouse.move(from.x - 60, from.y + 40, { steps: 4 })
  await page.mouse.up()
  await until('the position is saved', async () => (await position('good')).x < before.x - 20)
  const after = await position('good')
  expect(after.y).toBeGreaterThan(before.y)
  await page.reload()
  await page.locator('.topology-canvas[data-view]').waitFor()
  await clickDevice(page, 'good')
  await announced(page, /^good, ONT, /)
  await page.getByRole('button', { name: 'Undo the last move' }).isDisabled()
  await close(opened)
})

/** The link between two devices. */
async function linkOf(a: string, b: string): Promise<number> {
  const ports = await unoc.call<{ id: number; device_id: number }[]>('GET', 'api/interfaces')
  const deviceOf = new Map(ports.map((port) => [port.id, port.device_id]))
  const links = await unoc.call<{ id: number; a_interface_id: number; b_interface_id: number }[]>('GET', 'api/links')
  const found = links.find((link) => deviceOf.get(link.a_interface_id) === id(a) && deviceOf.get(link.b_interface_id) === id(b))
  if (found === undefined) throw new Error(`no link ${a} – ${b}`)
  return found.id
}

/** Half-way between two devices, which is a point of every line between them. */
async function middleOf(page: Page, a: string, b: string): Promise<{ x: number; y: number }> {
  const [from, to] = [await position(a), await position(b)]
  return onScreen(page, (from.x + to.x) / 2, (from.y + to.y) / 2)
}

test('a feeder is cut on the canvas with 3 clicks, the forecast shows its subscribers, and one click undoes it', async () => {
  const opened = await visit()
  const { page } = opened
  await page.evaluate(() => {
    const counted = { clicks: 0 }
    Object.assign(window, { counted })
    window.addEventListener('pointerdown', () => (counted.clicks += 1), true)
  })
  const clicks = (): Promise<number> =>
    page.evaluate(() => (window as unknown as { counted: { clicks: number } }).counted.clicks)
  const before = await redPixels(page)
  const at = await middleOf(page, 'olt', 'splitter')
  await page.mouse.move(at.x, at.y)
  await page.locator('.stage.line').waitFor()
  await page.mouse.click(at.x, at.y)
  const panel = page.getByRole('complementary', { name: 'Link olt – splitter' })
  await announced(page, /^Link olt – splitter, UP, 1.km/)
  await panel.getByRole('button', { name: 'Fibre cut…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('3 subscribers lose service').waitFor()
  await dialog.getByRole('button', { name: 'Set override' }).click()
  await panel.getByText('3 subscribers DOWN because of it.').waitFor()
  await until('the cut is red', async () => (await redPixels(page)) > before + 100)
  expect(await clicks()).toBe(3)
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await panel.getByText('3 subscribers would go DOWN with it.').waitFor()
  expect(await clicks()).toBe(4)
  await close(opened)
})

test('a link in the address is shown, and the keyboard goes through the links of a device', async () => {
  const feeder = await linkOf('olt', 'splitter')
  const opened = await visit(`?link=${feeder}`)
  const { page } = opened
  await page.getByRole('complementary', { name: 'Link olt – splitter' }).waitFor()
  await clickDevice(page, 'olt')
  await announced(page, /^olt, /)
  await page.locator('.stage').focus()
  await page.keyboard.press('l')
  await announced(page, /^Link edge – olt, UP/)
  await page.keyboard.press('l')
  await announced(page, /^Link olt – splitter, UP/)
  await page.getByRole('complementary', { name: 'Link olt – splitter' }).waitFor()
  expect(page.url()).toContain(`link=${feeder}`)
  await page.keyboard.press('Escape')
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  await close(opened)
})

test('links in a box are overridden together', async () => {
  const opened = await visit()
  const { page } = opened
  await page.locator('.stage').focus()
  await page.keyboard.press('b')
  const middles = await Promise.all(['good', 'bad', 'hostile'].map((ont) => middleOf(page, 'splitter', ont)))
  const [xs, ys] = [middles.map(({ x }) => x), middles.map(({ y }) => y)]
  await page.mouse.move(Math.min(...xs) - 8, Math.min(...ys) - 8)
  await page.mouse.down()
  await page.mouse.move(Math.max(...xs) + 8, Math.max(...ys) + 8, { steps: 5 })
  await page.mouse.up()
  await announced(page, '3\u00a0links selected.')
  await page.keyboard.press('Escape')
  await page.getByRole('toolbar', { name: 'Selection' }).getByRole('button', { name: /Override 3.links/ }).click()
  await page.getByRole('dialog').getByText('3 subscribers lose service').waitFor()
  await page.keyboard.press('Escape')
  await close(opened)
})

test('undo brings a device back', async () => {
  const opened = await visit()
  const { page } = opened
  const before = await position('core')
  const from = await onScreen(page, before.x, before.y)
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x + 80, from.y + 10, { steps: 6 })
  await page.mouse.up()
  await until('the position is saved', async () => (await position('core')).x > before.x + 20)
  await page.getByRole('button', { name: 'Undo the last move' }).click()
  await until('the old position is back', async () => (await position('core')).x === before.x)
  await close(opened)
})

test('connect mode refuses what no rule allows, and offers what one does', async () => {
  const opened = await visit()
  const { page } = opened
  await page.getByRole('button', { name: 'Connect two devices' }).first().click()
  await clickDevice(page, 'olt')
  await announced(page, 'Choose the device to connect olt to.')
  await clickDevice(page, 'gateway')
  await announced(page, 'No valid link rule between OLT and BACKBONE_GATEWAY.')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await clickDevice(page, 'good')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await close(opened)
})

test('a click on an ONT shows its path to the backbone', async () => {
  const opened = await visit()
  const { page } = opened
  await clickDevice(page, 'good')
  await announced(page, 'Path to the backbone: good, splitter, olt, edge, core, gateway.')
  await page.getByText('reaches gateway via 6 devices').waitFor()
  await page.getByRole('complementary', { name: /good/ }).waitFor()
  await page.locator('.stage').focus()
  await page.keyboard.press('t')
  await page.getByText('reaches gateway').waitFor({ state: 'detached' })
  await close(opened)
})

test('a link to an ONT shows its path, and so does the search', async () => {
  const opened = await visit(`?device=${id('good')}`)
  const { page } = opened
  await page.getByText('reaches gateway via 6 devices').waitFor()
  await act(page, '<img')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await announced(page, /^<img.*Path to the backbone: <img.*, splitter, olt, edge, core, gateway\.$/)
  await page.goBack()
  await announced(page, /Path to the backbone: good, /)
  await close(opened)
})

test('a problem shows at once, zoomed in and zoomed out', async () => {
  const opened = await visit()
  const { page } = opened
  await until('nothing is red', async () => (await redPixels(page)) === 0)
  await unoc.call('PATCH', `api/devices/${id('bad')}/override`, { status_override: 'DOWN' })
  await until('the ONT is red', async () => (await redPixels(page)) > 20)
  await page.locator('.stage').focus()
  for (let step = 0; step < 8; step += 1) await page.keyboard.press('-')
  await page.getByRole('button', { name: 'In view' }).click()
  await page.getByRole('list', { name: /in view/ }).getByText(/3\ssubscribers, 1 down/).waitFor()
  expect(await page.getByRole('list', { name: /in view/ }).getByText('bad').count()).toBe(0)
  await until('the group is red', async () => (await redPixels(page)) > 20)
  await unoc.call('DELETE', `api/devices/${id('bad')}/override`)
  await until('nothing is red any more', async () => (await redPixels(page)) === 0)
  await close(opened)
})

test('the keyboard moves between devices, opens and closes the panel', async () => {
  const opened = await visit()
  const { page } = opened
  await clickDevice(page, 'gateway')
  await announced(page, /^gateway, Backbone gateway, UP/)
  await page.locator('.stage').focus()
  await page.keyboard.press('ArrowDown')
  await announced(page, /^core, Core router, UP/)
  await page.keyboard.press('ArrowDown')
  await announced(page, /^edge, Edge router, UP/)
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: /edge/ }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('complementary').waitFor({ state: 'detached' })
  await close(opened)
})

test('a device type of the palette is provisioned where the canvas is clicked', async () => {
  const opened = await visit()
  const { page } = opened
  await page.getByRole('button', { name: 'Add device' }).click()
  await page.getByRole('button', { name: 'NVT' }).click()
  const at = await onScreen(page, 200, 100)
  await page.mouse.click(at.x, at.y)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('street cabinet')
  await dialog.getByRole('button', { name: /^Provision/ }).click()
  await dialog.waitFor({ state: 'detached' })
  const [made] = await unoc.call<{ id: number; x: number; y: number }[]>('GET', 'api/devices?device_type=NVT')
  expect(Math.abs((made?.x ?? 0) - 200)).toBeLessThan(3)
  expect(Math.abs((made?.y ?? 0) - 100)).toBeLessThan(3)
  await unoc.call('DELETE', `api/devices/${made?.id}`)
  await close(opened)
})

test('devices without a position are arranged, and that can be undone', async () => {
  for (const key of ['first', 'second', 'third']) {
    await make(key, 'ONT', 0, 0)
    await unoc.connect(id('splitter'), id(key), { length_km: 1, physical_medium_id: 'G652D' })
  }
  const opened = await visit()
  const { page } = opened
  await page.getByRole('button', { name: 'Arrange 2' }).click()
  await until('they have positions', async () => (await position('third')).y !== 0)
  expect(await position('second')).not.toMatchObject(await position('third'))
  expect(await position('first')).toMatchObject({ x: 0, y: 0 })
  await page.getByRole('button', { name: 'Undo the last move' }).click()
  await until('they have none again', async () => (await position('third')).y === 0)
  for (const key of ['first', 'second', 'third']) await unoc.call('DELETE', `api/devices/${id(key)}`)
  await close(opened)
})

test('a hostile name is shown as text', async () => {
  const opened = await visit()
  const { page } = opened
  await clickDevice(page, 'hostile')
  await announced(page, HOSTILE)
  const { x, y } = await position('hostile')
  const at = await onScreen(page, x, y)
  await page.mouse.move(at.x + 1, at.y + 1)
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  await close(opened)
})

test('a worker lays a large site out, with a base path too, and the model is kept between visits', async () => {
  const large = await Unoc.start({ basePath: '/noc/unoc' })
  await large.kill()
  runUnoc('seed', '--size', '3000', '--replace', '--data-dir', large.directory)
  await large.run()
  const opened = await open(browser, `${large.url}/inventory`, { expected: NO_MIRROR })
  const { page } = opened
  const scripts: string[] = []
  const warnings: string[] = []
  page.on('worker', (worker) => scripts.push(new URL(worker.url()).pathname))
  page.on('console', (message) => {
    if (message.text().includes('without a worker')) warnings.push(message.text())
  })
  await page.getByRole('link', { name: 'Topology' }).first().click()
  await page.locator('.topology-canvas[data-view]').waitFor()
  expect(scripts).toEqual([expect.stringMatching(/^\/noc\/unoc\/assets\/layout\.worker-[\w-]+\.js$/)])
  await page.getByRole('link', { name: 'Inventory' }).first().click()
  await page.locator('.topology-canvas').waitFor({ state: 'detached' })
  const [ont] = await large.call<{ id: number; name: string }[]>('GET', 'api/devices?device_type=ONT&limit=1')
  await large.call('PATCH', `api/devices/${ont?.id}/override`, { status_override: 'DOWN' })
  await until('the page shows the problem', async () => (await page.title()).startsWith('1 down'))
  await page.getByRole('link', { name: 'Topology' }).first().click()
  await page.locator('.topology-canvas[data-view]').waitFor()
  await page.getByRole('button', { name: 'In view' }).click()
  await page.getByRole('list', { name: /in view/ }).getByText(/, 1 down/).first().waitFor()
  await page.goto(`${large.url}/topology?device=${ont?.id}`)
  await page.getByRole('complementary', { name: new RegExp(ont?.name ?? '?') }).waitFor()
  await until('the ONT is red', async () => (await redPixels(page)) > 20)
  expect(warnings).toEqual([])
  await close(opened)
  await large.stop()
})

test('without WebGL the page offers the inventory', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.addInitScript(() => {
    const original = HTMLCanvasElement.prototype.getContext
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
      return kind.startsWith('webgl') ? null : Reflect.apply(original, this, [kind])
    } as typeof original
  })
  await page.goto(`${unoc.url}/topology`)
  await page.getByRole('link', { name: 'Open the inventory' }).click()
  await page.getByRole('heading', { level: 1, name: 'Inventory' }).waitFor()
  await context.close()
})
