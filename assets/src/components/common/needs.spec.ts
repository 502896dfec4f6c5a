import { expect, test } from 'vitest'
import type { DirectiveBinding, VNode } from 'vue'
import type { Permission } from '../../domain/access'
import { testSession } from '../../domain/testing'
import { session } from '../../stores/session'
import { needs } from './needs'

type Hook = (element: HTMLElement, binding: DirectiveBinding<HTMLElement, string, Permission>, node: VNode, before: VNode) => void

function run(hook: unknown, element: HTMLElement, value: Permission, oldValue?: Permission): void {
  ;(hook as Hook)(element, { value, oldValue } as unknown as Parameters<Hook>[1], {} as VNode, {} as VNode)
}

test('an element is hidden from those who may not, and follows the session', () => {
  const element = { hidden: false } as HTMLElement
  const { mounted, updated, unmounted } = needs as Record<string, unknown>
  session.value = testSession('viewer')
  run(mounted, element, 'operate')
  expect(element.hidden).toBe(true)
  session.value = testSession('operator')
  expect(element.hidden).toBe(false)
  run(updated, element, 'admin', 'operate')
  expect(element.hidden).toBe(true)
  session.value = testSession('admin')
  expect(element.hidden).toBe(false)
  run(unmounted, element, 'admin')
  session.value = null
  expect(element.hidden).toBe(false)
})
