import { type Directive, watchEffect, type WatchHandle } from 'vue'
import type { Permission } from '../../domain/access'
import { may } from '../../stores/session'

const handles = new WeakMap<HTMLElement, WatchHandle>()

/**
 * Offers an element, such as a button that changes something, only to those who may: `v-needs="'operate'"`. It is
 * hidden from the others and not removed, so that a form keeps what was filled in. `src/guards.spec.ts` finds what
 * changes something without it.
 */
export const needs: Directive<HTMLElement, Permission> = {
  mounted: follow,
  updated: (element, binding) => {
    if (binding.value !== binding.oldValue) follow(element, binding)
  },
  unmounted: (element) => handles.get(element)?.stop(),
}

function follow(element: HTMLElement, { value }: { value: Permission }): void {
  handles.get(element)?.stop()
  handles.set(
    element,
    watchEffect(() => (element.hidden = !may(value)), { flush: 'sync' }),
  )
}

declare module 'vue' {
  interface GlobalDirectives {
    vNeeds: typeof needs
  }
}
