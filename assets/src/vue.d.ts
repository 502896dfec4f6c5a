export {}

/** Attributes of HTML that Vue's types do not have yet. */
declare module '@vue/runtime-dom' {
  interface HTMLAttributes {
    popover?: '' | 'auto' | 'manual'
  }
  interface ButtonHTMLAttributes {
    popovertarget?: string
  }
}
