import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { theme } from '../../stores/theme'
import { newModel, type TopologyModel } from '../model/graph'
import { Scene } from '../scene/scene'
import { useScene } from './useScene'

vi.hoisted(() => {
  vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) })
  vi.stubGlobal('document', { body: {}, createElement: () => ({}) })
  vi.stubGlobal('getComputedStyle', () => ({ fontFamily: 'Sans' }))
})
vi.mock('../../stores/theme', async () => {
  const { shallowRef: ref } = await import('vue')
  return { theme: ref('light') }
})
vi.mock('../render/colorScheme', () => ({
  readColorScheme: (_element: HTMLElement, isDark: boolean) => ({ isDark }),
}))
vi.mock('../scene/scene', () => ({
  Scene: class {
    isDead = false
    scale = 2
    camera = { view: { left: 1, top: -3.456 } }
    onFrame = (): void => undefined
    replace = vi.fn()
    setColors = vi.fn()
    kill(): void {
      this.isDead = true
    }
  },
}))

function open() {
  const scene = shallowRef<Scene | null>(null)
  const model = shallowRef<TopologyModel | null>(newModel())
  const scope = effectScope()
  const result = scope.run(() => useScene(scene, model))
  if (result === undefined) throw new Error('the scope has ended')
  const element = { dataset: {} } as HTMLElement
  return { scene, model, scope, element, ...result }
}

test('a started scene draws the model, and tells the view of each frame', async () => {
  const { scene, model, element, frameCount, start } = open()
  const started = await start(element)
  expect(started).toBe(scene.value)
  expect(started?.replace).toHaveBeenCalledWith(model.value)
  started?.onFrame()
  expect(frameCount.value).toBe(1)
  expect(element.dataset['view']).toBe('1.00 -3.46 2.000000')
})

test('a scene that is stopped while it starts is not shown', async () => {
  const { scene, element, start, stop } = open()
  const starting = start(element)
  stop()
  expect(await starting).toBeNull()
  expect(scene.value).toBeNull()
})

test('another theme changes the colours, and the end of the page ends the scene', async () => {
  const { scope, element, start } = open()
  const started = await start(element)
  Object.assign(theme, { value: 'dark' })
  await nextTick()
  expect(started?.setColors).toHaveBeenCalledWith({ isDark: true })
  scope.stop()
  expect(started?.isDead).toBe(true)
})
