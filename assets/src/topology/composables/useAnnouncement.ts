import { shallowRef } from 'vue'

/** The text of the page's live region, which screen readers read out. */
export function useAnnouncement() {
  const announcement = shallowRef('')

  function announce(text: string): void {
    announcement.value = text
  }

  /** Adds a sentence to the announcement. */
  function append(text: string): void {
    announcement.value = `${announcement.value} ${text}`
  }

  return { announcement, announce, append }
}

export type Announcer = ReturnType<typeof useAnnouncement>
