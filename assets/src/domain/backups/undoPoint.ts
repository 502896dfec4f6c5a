import type { UndoPoint } from '../../api/types'

/** What can be taken back, in words. */
export interface UndoText {
  /** The backup that the last restore came from. */
  backupId: string
  /** What was done to the site, before and after its moment and its backup are named. */
  done: string
  button: string
  heading: string
  outcome: string
  verb: string
  doing: string
  /** What is typed to confirm. */
  phrase: string
}

/** The server puts this before the name of what was taken back, once each time. */
const BEFORE = 'before '

const RESTORED = {
  done: 'The site was restored',
  button: 'Undo last restore…',
  heading: 'Undo the last restore?',
  outcome: 'The restore is undone',
  verb: 'Undo the restore',
  doing: 'Undoing…',
  phrase: 'undo',
}

const UNDONE = {
  done: 'A restore was undone',
  button: 'Redo last restore…',
  heading: 'Redo the restore that was undone?',
  outcome: 'The restore is redone',
  verb: 'Redo the restore',
  doing: 'Redoing…',
  phrase: 'redo',
}

/** An undo can be taken back in turn, and so on: every second time it is the restore again. */
export function undoText({ backup_id: name }: UndoPoint): UndoText {
  let times = 0
  while (name.startsWith(BEFORE, times * BEFORE.length)) times += 1
  return { backupId: name.slice(times * BEFORE.length), ...(times % 2 === 0 ? RESTORED : UNDONE) }
}
