import { watchEffect } from 'vue'
import { ApiError, readJson, request, url } from './api/http'
import { startTheme, theme } from './stores/theme'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/docs.css'

const UNAUTHORIZED = 401

interface Description {
  servers?: { url: string }[]
}

startTheme()
watchEffect(() => document.documentElement.classList.toggle('dark-mode', theme.value === 'dark'))
const reference = document.querySelector<HTMLElement>('#reference')
if (reference !== null) void render(reference)

async function render(target: HTMLElement): Promise<void> {
  try {
    const [{ default: SwaggerUI }, description] = await Promise.all([
      import('./docs/swagger'),
      fetchDescription(),
    ])
    SwaggerUI({
      domNode: target,
      spec: description,
      // The public validator would be sent this description.
      validatorUrl: null,
      // Its links are fragments, and those would leave the page: they follow `<base>`.
      deepLinking: false,
      tryItOutEnabled: false,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
    })
  } catch (error) {
    const note = document.createElement('p')
    note.className = 'docs-note'
    const isUnknown = error instanceof ApiError && error.status === UNAUTHORIZED
    note.textContent = isUnknown
      ? 'Log in to UNOC first, then open this page again.'
      : 'The API description cannot be shown. See openapi.json instead.'
    target.replaceChildren(note)
  }
  target.removeAttribute('aria-busy')
}

/** The description; its paths are made to start at the page's base when it does not say so. */
async function fetchDescription(): Promise<Description> {
  const description = await readJson<Description>(await request('GET', 'openapi.json'))
  const base = url('.').pathname.replace(/\/$/, '')
  return base === '' ? description : { servers: [{ url: base }], ...description }
}
