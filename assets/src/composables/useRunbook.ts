import { computed, type ComputedRef, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { fetchDevicePage } from '../api/devices'
import { fetchExport } from '../api/export'
import { runSync } from '../api/sync'
import { lastLiveAt, connection, reconnectNow } from '../live/feed'
import type { RunbookTask } from '../runbook/task'
import { type ApiCheck, type RunbookActions, runbookTasks } from '../runbook/tasks'
import { backups, backUpNow, verifyNow } from '../stores/backups'
import { counts, devices } from '../stores/devices'
import { health, syncStatus } from '../stores/health'
import { jobs, startJob } from '../stores/jobs'
import { logSummary } from '../stores/logs'
import { downloadText } from '../utils/download'

/** The tasks of the runbook, from what the page knows now. */
export function useRunbook(): ComputedRef<RunbookTask[]> {
  const router = useRouter()
  const apiCheck = shallowRef<ApiCheck | null>(null)

  async function checkApi(): Promise<void> {
    const from = performance.now()
    const { seq } = await fetchDevicePage(1)
    apiCheck.value = { at: new Date().toISOString(), duration_ms: performance.now() - from, seq }
  }

  const actions: RunbookActions = {
    checkHealth: health.refresh,
    checkApi,
    syncNow: async () => syncStatus.put(await runSync('now')),
    reconnect: () => Promise.resolve(reconnectNow()),
    reloadBackups: backups.refresh,
    downloadExport: async () => downloadText('unoc', 'jsonl', await fetchExport()),
    backUp: backUpNow,
    verify: verifyNow,
    startJob,
    openBackups: async () => {
      await router.push('/operations/backups')
    },
  }
  void checkApi().catch(() => undefined)
  return computed(() =>
    runbookTasks(
      {
        health: health.state.value,
        sync: syncStatus.state.value,
        backups: backups.state.value,
        logs: logSummary.state.value,
        jobs: jobs.state.value.value,
        connection: connection.value,
        lastLiveAt: lastLiveAt.value,
        apiCheck: apiCheck.value,
        deviceCount: devices.value.size,
        overriddenCount: counts.overridden,
      },
      actions,
    ),
  )
}
