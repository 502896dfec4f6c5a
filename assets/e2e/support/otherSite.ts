import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

/** The official client, as a page loads it. */
const SOCKET_IO_CLIENT = createRequire(import.meta.url)
  .resolve('socket.io-client')
  .replace(/socket\.io-client\/.*$/, 'socket.io-client/dist/socket.io.min.js')

/** A page of somebody else, with Socket.IO's client in it, on a port of its own. */
export class OtherSite {
  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async start(body = ''): Promise<OtherSite> {
    const page = `<!doctype html><title>Other site</title><script src="/socket.io.js"></script><body>${body}`
    const server = createServer((request, response) => {
      if (request.url === '/socket.io.js') {
        response.setHeader('content-type', 'text/javascript').end(readFileSync(SOCKET_IO_CLIENT))
      } else {
        response.setHeader('content-type', 'text/html').end(page)
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new OtherSite(server, (server.address() as AddressInfo).port)
  }

  /** The page by a name of this host: `127.0.0.1` or `localhost`. */
  at(host: string): string {
    return `http://${host}:${this.port}/`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}
