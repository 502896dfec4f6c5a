import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, appendFileSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { freePort } from './unoc'

const START_MS_MAX = 30_000
const LOOK_EVERY_MS = 50

export type Program = 'caddy' | 'nginx' | 'haproxy'

/** The path of an installed program. Debian keeps servers where not everybody's PATH leads. */
function find(program: Program): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  for (const folder of folders) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // The next folder may have it.
    }
  }
  return null
}

/** Whether the program is missing; the check script counts what was skipped. */
export function isMissing(program: Program): boolean {
  if (find(program) !== null) return false
  const note = process.env['UNOC_TEST_SKIPS']
  if (note !== undefined) appendFileSync(note, `proxies: ${program} is not installed\n`)
  return true
}

/** The block of docs/DEPLOYMENT.md for a proxy. */
function documented(title: string): string {
  const file = resolve(import.meta.dirname, '../../../docs/DEPLOYMENT.md')
  const [, after] = readFileSync(file, 'utf8').split(`<!-- proxy: ${title} -->\n`)
  const block = /^```\w*\n(.*?)^```$/ms.exec(after ?? '')?.[1]
  if (block === undefined) throw new Error(`docs/DEPLOYMENT.md has no block for ${title}`)
  return block
}

/** Replaces the only occurrence of a text. */
function swap(text: string, from: string, to: string): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${parts.length - 1} times ${from} in:\n${text}`)
  return parts.join(to)
}

/** A proxy as documented, on a free port of the loopback, before a server on another. */
export class Proxy {
  private log = ''
  private isGone = false

  private constructor(
    private readonly process: ChildProcess,
    private readonly directory: string,
    /** The address of the page, without a slash at its end. */
    readonly url: string,
  ) {}

  static async start(program: Program, base: '' | '/noc', serverPort: number): Promise<Proxy> {
    const directory = mkdtempSync(join(tmpdir(), `unoc-${program}-`))
    const port = await freePort()
    const path = find(program)
    if (path === null) throw new Error(`${program} is not installed`)
    const block = (title: string): string =>
      swap(documented(title), '127.0.0.1:5001', `127.0.0.1:${serverPort}`)
    const made = await CONFIGURATIONS[program]({ base, block, port, directory })
    const file = join(directory, 'configuration')
    writeFileSync(file, made.text)
    const child = spawn(path, made.flags(file), {
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, XDG_DATA_HOME: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const host = base === '' ? 'noc.example.org' : 'example.org'
    const proxy = new Proxy(child, directory, `${made.scheme}://${host}:${port}${base}`)
    const keep = (text: Buffer): void => void (proxy.log += text.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('exit', () => (proxy.isGone = true))
    child.on('error', (error) => {
      proxy.log += error.message
      // One that did not start has no exit either.
      proxy.isGone ||= child.pid === undefined
    })
    try {
      await proxy.listens(port)
    } catch (error) {
      await proxy.stop()
      throw error
    }
    return proxy
  }

  async stop(): Promise<void> {
    if (!this.isGone) {
      this.process.kill('SIGKILL')
      await once(this.process, 'exit')
    }
    rmSync(this.directory, { recursive: true, force: true })
  }

  private async listens(port: number): Promise<void> {
    const until = Date.now() + START_MS_MAX
    for (;;) {
      const socket = connect(port, '127.0.0.1')
      const isOpen = await new Promise<boolean>((done) => {
        socket.once('connect', () => done(true)).once('error', () => done(false))
      })
      socket.destroy()
      if (isOpen) return
      if (this.isGone || Date.now() > until) {
        throw new Error(`the proxy does not come up:\n${this.log}`)
      }
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS))
    }
  }
}

interface ProxyOptions {
  base: '' | '/noc'
  /** A documented block that leads to the server. */
  block(title: string): string
  port: number
  directory: string
}

interface Configuration {
  text: string
  scheme: 'http' | 'https'
  flags(file: string): string[]
}

/**
 * What has to stand around a block so that it runs here. Caddy speaks TLS, with a certificate of its own
 * making; the others do not, which is harder: then browsers do not say which site a request is from.
 */
const CONFIGURATIONS: Record<Program, (options: ProxyOptions) => Promise<Configuration> | Configuration> = {
  async caddy({ base, block, port, directory }) {
    const options = ['admin off', 'local_certs', 'skip_install_trust', 'default_bind 127.0.0.1']
    options.push(`http_port ${await freePort()}`, `https_port ${port}`, `storage file_system ${directory}`)
    return {
      text: `{\n${options.map((option) => `\t${option}\n`).join('')}}\n${block(`caddy ${base}`.trim())}`,
      scheme: 'https',
      flags: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
    }
  },
  nginx({ base, block, port, directory }) {
    const listen = `listen 127.0.0.1:${port};`
    const root = block('nginx')
    const map = root.slice(0, root.indexOf('server {'))
    const servers =
      base === ''
        ? swap(root, 'listen 443 ssl;', listen)
        : `${map} server { ${listen} server_name example.org;\n${block('nginx /noc')} }`
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => {
      mkdirSync(join(directory, kind))
      return `${kind}_temp_path ${join(directory, kind)};`
    })
    // One process: workers would outlive a master that is killed.
    const head = `daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr; events {}`
    return {
      text: `${head}\nhttp {\naccess_log off;\n${folders.join('\n')}\n${servers}\n}\n`,
      scheme: 'http',
      flags: (file) => ['-p', directory, '-e', 'stderr', '-c', file],
    }
  },
  haproxy({ base, block, port }) {
    const bind = 'bind :443 ssl crt /etc/haproxy/noc.example.org.pem'
    let text = swap(block('haproxy'), bind, `bind 127.0.0.1:${port}`)
    // Told of TLS, the appliance would give a cookie that browsers keep for TLS only.
    text = swap(text, 'X-Forwarded-Proto https', 'X-Forwarded-Proto http')
    if (base !== '') {
      text = swap(text, 'default_backend unoc', documented('haproxy /noc').trim())
      text = swap(text, '/health/live', '/noc/health/live')
    }
    return { text, scheme: 'http', flags: (file) => ['-db', '-f', file] }
  },
}
