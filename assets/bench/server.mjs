import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { extname, join, normalize } from 'node:path'

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const READY_MS = 20_000
/** Without UNOC_CHROMIUM, which is no setting of the server. */
const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('UNOC_')))

/** A site of this many subscribers, served by the real binary on a free port. */
export async function startSite(binary, directory, leaves) {
  const flags = ['--data-dir', directory]
  const seeded = spawnSync(binary, ['seed', '--size', String(leaves), ...flags], { encoding: 'utf8', env })
  if (seeded.status !== 0) throw new Error(`seed failed: ${seeded.stderr}`)
  const port = await freePort()
  const child = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port), ...flags], {
    stdio: 'ignore',
    env,
  })
  const url = `http://127.0.0.1:${port}`
  const until = Date.now() + READY_MS
  for (;;) {
    const isReady = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) break
    if (Date.now() > until || child.exitCode !== null) throw new Error('the server did not start')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stop = () =>
    new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGTERM')
    })
  return { url, stop }
}

/** The comparison page, with the site's API behind it. */
export async function startPages(directory, api) {
  const server = createServer((incoming, answer) => {
    const path = normalize(new URL(incoming.url, 'http://localhost').pathname)
    if (path.startsWith('/api/')) {
      const { hostname, port } = new URL(api)
      const onward = request({ hostname, port, path }, (reply) => {
        answer.writeHead(reply.statusCode, reply.headers)
        reply.pipe(answer)
      })
      onward.end()
      return
    }
    const file = join(directory, path)
    if (!existsSync(file)) {
      answer.writeHead(404).end()
      return
    }
    answer.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(answer)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  return { url, stop: () => server.close() }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
