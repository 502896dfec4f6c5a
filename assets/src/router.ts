import type { Component } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { lazyPart } from './components/frame/lazyPart'
import type { IconName } from './utils/iconNames'
import NotFoundView from './views/NotFoundView.vue'

/** A page of the side navigation and of the search. */
export interface Page {
  path: string
  title: string
  icon: IconName
  /** The group in the navigation. */
  group: '' | 'Operations'
  /** Further search keywords. */
  words: string
  load: () => Promise<{ default: Component }>
}

export const PAGES: readonly Page[] = [
  {
    path: '/topology',
    title: 'Topology',
    icon: 'network',
    group: '',
    words: 'map graph network picture',
    load: () => import('./views/TopologyView.vue'),
  },
  {
    path: '/inventory',
    title: 'Inventory',
    icon: 'table-2',
    group: '',
    words: 'devices list table csv import export',
    load: () => import('./views/InventoryView.vue'),
  },
  {
    path: '/links',
    title: 'Links',
    icon: 'cable',
    group: '',
    words: 'fibres cables cuts list table csv import export',
    load: () => import('./views/LinksView.vue'),
  },
  {
    path: '/operations',
    title: 'Overview',
    icon: 'list-checks',
    group: 'Operations',
    words: 'runbook tasks start home',
    load: () => import('./views/OverviewView.vue'),
  },
  {
    path: '/operations/incidents',
    title: 'Incidents',
    icon: 'siren',
    group: 'Operations',
    words: 'alarms acknowledge notes timeline maintenance window mute contacts notices escalation',
    load: () => import('./views/IncidentsView.vue'),
  },
  {
    path: '/operations/problems',
    title: 'Problems',
    icon: 'triangle-alert',
    group: 'Operations',
    words: 'alarms causes faults outages',
    load: () => import('./views/ProblemsView.vue'),
  },
  {
    path: '/operations/overrides',
    title: 'Overrides',
    icon: 'hand',
    group: 'Operations',
    words: 'held forced planned work maintenance devices links',
    load: () => import('./views/OverridesView.vue'),
  },
  {
    path: '/operations/health',
    title: 'Health',
    icon: 'heart-pulse',
    group: 'Operations',
    words: 'checks disk volume engine store',
    load: () => import('./views/HealthView.vue'),
  },
  {
    path: '/operations/backups',
    title: 'Backups',
    icon: 'archive',
    group: 'Operations',
    words: 'restore verify download undo retention prune off-host encryption disaster',
    load: () => import('./views/BackupsView.vue'),
  },
  {
    path: '/operations/sync',
    title: 'Sync',
    icon: 'database',
    group: 'Operations',
    words: 'postgresql mirror reconcile behind',
    load: () => import('./views/SyncView.vue'),
  },
  {
    path: '/operations/jobs',
    title: 'Jobs',
    icon: 'calendar-clock',
    group: 'Operations',
    words: 'schedule cron timer runs',
    load: () => import('./views/JobsView.vue'),
  },
  {
    path: '/operations/reports',
    title: 'Reports',
    icon: 'clipboard-check',
    group: 'Operations',
    words: 'daily review capacity restore test drill evidence print',
    load: () => import('./views/ReportsView.vue'),
  },
  {
    path: '/operations/logs',
    title: 'Logs',
    icon: 'scroll-text',
    group: 'Operations',
    words: 'log journal warnings errors tail debug level request id',
    load: () => import('./views/LogsView.vue'),
  },
  {
    path: '/operations/changes',
    title: 'Changes',
    icon: 'history',
    group: 'Operations',
    words: 'audit log who when before after',
    load: () => import('./views/ChangesView.vue'),
  },
  {
    path: '/settings',
    title: 'Settings',
    icon: 'settings',
    group: '',
    words: 'theme appearance keyboard about version features limits events storm interval',
    load: () => import('./views/SettingsView.vue'),
  },
]

/** Below the path that the server is configured to be reached at. */
const base = new URL('.', document.baseURI).pathname

export const router = createRouter({
  history: createWebHistory(base),
  routes: [
    { path: '/', redirect: (to) => ({ path: '/operations', query: to.query }) },
    ...PAGES.map(({ path, title, load }) => ({ path, component: lazyPart(load, title), meta: { title } })),
    {
      path: '/operations/problems/:kind(device|link)/:id(\\d+)',
      component: lazyPart(() => import('./views/ProblemView.vue'), 'Problem'),
      meta: { title: 'Problem' },
    },
    {
      path: '/operations/incidents/:id(\\d+)',
      component: lazyPart(() => import('./views/IncidentView.vue'), 'Incident'),
      meta: { title: 'Incident' },
    },
    {
      path: '/operations/reports/:id(\\d+)',
      component: lazyPart(() => import('./views/ReportView.vue'), 'Report'),
      meta: { title: 'Report' },
    },
    {
      path: '/:rest(.*)*',
      component: NotFoundView,
      meta: { title: 'Not found' },
    },
  ],
})
