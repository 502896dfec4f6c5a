import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** A cold start on a busy machine; usually a tenth of a second. */
const START_MS_MAX = 30_000
const LOOK_EVERY_MS = 50
/** Of all users of the tests. */
export const PASSWORD = 'correct horse battery staple'

/** The binary under test: `UNOC_BINARY`, or what `cargo build --release` left. */
export function binary(): string {
  const root = resolve(import.meta.dirname, '../../..')
  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target')
  const path = process.env['UNOC_BINARY'] ?? resolve(root, target, 'release/unoc')
  if (!existsSync(path)) throw new Error(`there is no ${path}; cargo build --release makes it`)
  return path
}

/** What a command of the binary prints; without the settings of this process, which are not its. */
export function runUnoc(...args: string[]): string {
  return runUnocWith('', ...args)
}

function runUnocWith(input: string, ...args: string[]): string {
  const { PATH = '', HOME = '' } = process.env
  // What it says on standard error is in the error that is thrown when it fails.
  return execFileSync(binary(), args, { encoding: 'utf8', env: { PATH, HOME }, input, stdio: 'pipe' })
}

export interface UnocOptions {
  /** `/a/b`, or nothing. */
  basePath?: string
  /** The demo network and what else comes with it; off by default. */
  devFeatures?: boolean
  /** Further flags of `unoc serve`. */
  flags?: readonly string[]
  /** Settings by the environment. */
  env?: Record<string, string>
}

/** An appliance of its own, in a temporary directory on a free port of the loopback. */
export class Unoc {
  private process: ChildProcess | null = null
  private log = ''
  /** By which `call` is let in once there are users. */
  private token: string | null = null

  private constructor(
    /** Of the data; the backups are in it. */
    readonly directory: string,
    readonly port: number,
    private readonly options: UnocOptions,
  ) {}

  static async start(options: UnocOptions = {}): Promise<Unoc> {
    const directory = mkdtempSync(join(tmpdir(), 'unoc-e2e-'))
    const unoc = new Unoc(directory, await freePort(), options)
    await unoc.run()
    return unoc
  }

  /** The address of the page, without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${this.options.basePath ?? ''}`
  }

  /** Starts the process and waits until it serves. */
  async run(): Promise<void> {
    const { PATH = '', HOME = '' } = process.env
    const flags = ['--host', '127.0.0.1', '--port', String(this.port)]
    flags.push('--data-dir', this.directory, '--dev-features', this.options.devFeatures === true ? '1' : '0')
    if (this.options.basePath !== undefined) flags.push('--base-path', this.options.basePath)
    const child = spawn(binary(), ['serve', ...flags, ...(this.options.flags ?? [])], {
      env: { PATH, HOME, ...this.options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (text: Buffer) => (this.log += text.toString()))
    child.stderr.on('data', (text: Buffer) => (this.log += text.toString()))
    this.process = child
    const until = Date.now() + START_MS_MAX
    while (!(await this.isReady())) {
      if (child.exitCode !== null) throw new Error(`unoc ended:\n${this.log}`)
      if (Date.now() > until) throw new Error(`unoc does not come up:\n${this.log}`)
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS))
    }
  }

  /** Ends the process as a power cut would. The directory stays, for `run`. */
  async kill(): Promise<void> {
    const child = this.process
    this.process = null
    if (child === null || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** The one-time link of the log that makes the first user. */
  get setUpLink(): string {
    const link = /https?:\/\/\S+\/set-up#[\w-]+/.exec(this.log)?.[0]
    if (link === undefined) throw new Error(`the log has no set-up link:\n${this.log}`)
    return link
  }

  /** Runs a command on this appliance. */
  command(...args: string[]): string {
    return runUnoc(...args, '--data-dir', this.directory)
  }

  /** Adds a user by the command line. From the first one on, everybody has to log in. */
  addUser(name: string, role: 'viewer' | 'operator' | 'admin'): void {
    runUnocWith(`${PASSWORD}\n`, 'user', 'add', name, '--role', role, '--password-stdin', '--data-dir', this.directory)
  }

  /** From now on `call` calls with a token of this user. */
  useToken(owner: string): void {
    const flags = ['--scope', 'operate', '--for', owner]
    const token = /unoc_[\w-]{43}/.exec(this.command('token', 'create', 'e2e', ...flags))?.[0]
    if (token === undefined) throw new Error('the command prints no token')
    this.token = token
  }

  /** Calls the API; throws what is not 2xx. */
  async call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (this.token !== null) headers['authorization'] = `Bearer ${this.token}`
    const init: RequestInit = { method, headers }
    if (body !== undefined) init.body = JSON.stringify(body)
    const response = await fetch(`${this.url}/${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? null : JSON.parse(text)) as T
  }

  /** Provisions a device and returns its id. */
  async provision(name: string, device_type: string, more: object = {}): Promise<number> {
    const body = { name, device_type, validate_upstream: false, ...more }
    const made = await this.call<{ device: { id: number } }>('POST', 'api/devices/provision', body)
    return made.device.id
  }

  async connect(device_a_id: number, device_b_id: number, more: object = {}): Promise<number> {
    const body = { device_a_id, device_b_id, link_type: 'fiber', ...more }
    const made = await this.call<{ link: { id: number } }>('POST', 'api/links/create-simple', body)
    return made.link.id
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/health/ready`)).ok
    } catch {
      return false
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
