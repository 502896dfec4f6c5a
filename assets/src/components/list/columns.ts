/** Row and head of a table, in pixels: virtual scrolling computes with them. */
export const ROW_HEIGHT = 40
export const HEAD_HEIGHT = 40

/** A column; `isDescendingFirst`: the first click sorts downwards. */
export interface Column {
  key: string
  label: string
  isDescendingFirst?: boolean
}

/** What the component of a row is given: the attributes of its element, and its tick. */
export interface RowProps {
  id: number
  attributes: Record<string, unknown>
  isTicked: boolean
  tick: (event: MouseEvent) => void
}
