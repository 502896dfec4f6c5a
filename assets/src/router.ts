import type { Component } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { lazyPart } from './components/frame/lazyPart'
import type { Permission } from './domain/access'
import type { IconName } from './utils/iconNames'
import NotFoundView from './views/NotFoundView.vue'

/** A page of the side navigation and of the search. */
export interface Page {
  path: string
  title: string
  icon: IconName
  /** The group in the navigation; those of the account are in the menu of the user. */
  group: '' | 'Operations' | 'Account'
  /** What one needs to open it; everybody who is let in may open the others. */
  needs?: Permission
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
    needs: 'operate',
    load: () => import('./views/LogsView.vue'),
  },
  {
    path: '/operations/audit',
    title: 'Audit',
    icon: 'history',
    group: 'Operations',
    words: 'changes trail log who when before after logins refusals undo export verify chain',
    needs: 'operate',
    load: () => import('./views/AuditView.vue'),
  },
  {
    path: '/account',
    title: 'Account',
    icon: 'user',
    group: 'Account',
    words: 'password two-factor totp authenticator recovery codes me profile',
    needs: 'account',
    load: () => import('./views/AccountView.vue'),
  },
  {
    path: '/account/sessions',
    title: 'Sessions',
    icon: 'monitor',
    group: 'Account',
    words: 'logins browsers devices revoke end logout',
    needs: 'account',
    load: () => import('./views/SessionsView.vue'),
  },
  {
    path: '/account/tokens',
    title: 'API tokens',
    icon: 'key-round',
    group: 'Account',
    words: 'bearer scripts programs access keys',
    needs: 'account',
    load: () => import('./views/TokensView.vue'),
  },
  {
    path: '/users',
    title: 'Users',
    icon: 'users',
    group: '',
    words: 'accounts people roles viewer operator admin password access',
    needs: 'admin',
    load: () => import('./views/UsersView.vue'),
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

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    needs?: Permission
    /** It stands alone, and needs no login. */
    isBare?: true
  }
}

/** Below the path that the server is configured to be reached at. */
const base = new URL('.', document.baseURI).pathname

export const router = createRouter({
  history: createWebHistory(base),
  routes: [
    { path: '/', redirect: (to) => ({ path: '/operations', query: to.query }) },
    ...PAGES.map(({ path, title, load, needs }) => ({
      path,
      component: lazyPart(load, title),
      meta: needs === undefined ? { title } : { title, needs },
    })),
    // Where the audit trail was before it held more than changes.
    { path: '/operations/changes', redirect: (to) => ({ path: '/operations/audit', query: to.query }) },
    {
      path: '/set-up',
      component: lazyPart(() => import('./views/SetUpView.vue')),
      meta: { title: 'Set-up', isBare: true },
    },
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
