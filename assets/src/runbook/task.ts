/** A task of the runbook: who does it, its state and the evidence. */
export interface RunbookTask {
  key: string
  title: string
  /** When it is due: a schedule or an interval, as text. */
  interval: string
  doneBy: 'UNOC' | 'Operator'
  /** `manual`: UNOC cannot see whether it was done. */
  state: 'ok' | 'warning' | 'error' | 'unknown' | 'manual'
  evidence: string
  /** A command to run on the host. */
  command: string | null
  /** RFC 3339; null if it is not recorded. */
  lastDoneAt: string | null
  /** The page with the details. */
  to: string | null
  action: TaskAction | null
}

/** A button that does the task now. */
export interface TaskAction {
  label: string
  /** The label while it runs. */
  busyLabel: string
  run: () => Promise<void>
}
