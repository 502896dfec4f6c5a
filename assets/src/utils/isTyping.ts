const TEXT_TYPES = ['text', 'search', 'number', 'tel', 'email', 'url', 'password']

/** Whether a key that was pressed there is text, or chooses from a list. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return TEXT_TYPES.includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
