import {
  computed,
  type ComputedRef,
  onBeforeUnmount,
  onMounted,
  type Ref,
  shallowRef,
  type ShallowRef,
} from 'vue'

/** Rows kept ready on either side, so that a quick scroll does not show a gap. */
const OVERSCAN = 12
/** Rows on paper: about 50 pages. */
export const PRINTED_MAX = 2_000

export interface VirtualRows {
  first: ComputedRef<number>
  /** One behind the last row to render. */
  end: ComputedRef<number>
  /** Rows that fit on one page. */
  pageRows: ComputedRef<number>
  onScroll: () => void
  /** Scrolls as little as needed to show the row. */
  reveal: (index: number) => void
}

interface Rows {
  first: number
  end: number
}

/** The rows to print: from the first one on, whatever is scrolled into view. */
export function printedRows(count: number): Rows {
  return { first: 0, end: Math.min(count, PRINTED_MAX) }
}

/** The rows to render when `top` is the uppermost on the screen. */
export function rowsAt(top: number, count: number, pageRows: number): Rows {
  const last = Math.max(0, count - pageRows)
  const first = Math.max(0, Math.min(top, last) - OVERSCAN)
  return { first, end: Math.min(count, first + pageRows + 2 + 2 * OVERSCAN) }
}

/** Virtual scrolling of rows of one height below a sticky head. Heights in pixels. */
export function useVirtualRows(
  scroller: Readonly<ShallowRef<HTMLElement | null>>,
  count: Ref<number>,
  rowHeight: number,
  headHeight: number,
): VirtualRows {
  const top = shallowRef(0)
  const height = shallowRef(0)
  const observer = new ResizeObserver(() => (height.value = scroller.value?.clientHeight ?? 0))

  /** Paper does not scroll. */
  const isPrinting = shallowRef(false)
  const onPrint = (event: Event): boolean => (isPrinting.value = event.type === 'beforeprint')

  onMounted(() => {
    if (scroller.value !== null) observer.observe(scroller.value)
    window.addEventListener('beforeprint', onPrint)
    window.addEventListener('afterprint', onPrint)
  })
  onBeforeUnmount(() => {
    observer.disconnect()
    window.removeEventListener('beforeprint', onPrint)
    window.removeEventListener('afterprint', onPrint)
  })

  const pageRows = computed(() => Math.max(1, Math.floor((height.value - headHeight) / rowHeight)))
  const shown = computed(() =>
    isPrinting.value
      ? printedRows(count.value)
      : rowsAt(Math.floor(top.value / rowHeight), count.value, pageRows.value),
  )
  const first = computed(() => shown.value.first)
  const end = computed(() => shown.value.end)

  function onScroll(): void {
    top.value = scroller.value?.scrollTop ?? 0
  }

  function reveal(index: number): void {
    const element = scroller.value
    if (element === null) return
    const rowTop = index * rowHeight
    const view = element.clientHeight - headHeight
    if (rowTop < element.scrollTop) element.scrollTop = rowTop
    else if (rowTop + rowHeight > element.scrollTop + view) {
      element.scrollTop = rowTop + rowHeight - view
    }
    onScroll()
  }

  return { first, end, pageRows, onScroll, reveal }
}
