// Clients while a service restarts: official Socket.IO clients that stay connected, and HTTP clients that open a
// connection for each request.
//
//   node restart_load.mjs http://127.0.0.1:PORT     reads lines from standard input
//
// A line `restart` begins a restart: the script answers with one line of JSON once every Socket.IO client is back, or after
// 30 s. The line `end` ends it. Each answer has the seconds from the line to the last client's return, how many clients came
// back, and what the HTTP clients got since the last one: answered, refused, and failed in another way, with the longest wait.

import { Agent, get } from 'node:http'
import { createInterface } from 'node:readline'

import { Manager } from 'socket.io-client'

const base = process.argv[2]
const SOCKET_CLIENTS = 50
const HTTP_CLIENTS = 8
/** A client that is not back after this is lost. */
const RETURN_MS_MAX = 30_000

const sockets = Array.from({ length: SOCKET_CLIENTS }, () => {
  const manager = new Manager(base, { transports: ['websocket'], forceNew: true })
  return manager.socket('/live')
})
await Promise.all(sockets.map((socket) => new Promise((connected) => socket.once('snapshot', connected))))

let counts
function reset() {
  counts = { answered: 0, refused: 0, failed: 0, longest_s: 0 }
}
reset()

let ended = false
function requestOnce() {
  return new Promise((done) => {
    const begun = performance.now()
    const request = get(`${base}/api/devices/1`, { agent: new Agent() }, (answer) => {
      answer.resume()
      answer.on('end', () => {
        counts[answer.statusCode < 500 ? 'answered' : 'failed'] += 1
        counts.longest_s = Math.max(counts.longest_s, (performance.now() - begun) / 1000)
        done()
      })
      answer.on('error', () => { counts.failed += 1; done() })
    })
    request.on('error', (error) => {
      counts[error.code === 'ECONNREFUSED' ? 'refused' : 'failed'] += 1
      done()
    })
  })
}
const loops = Array.from({ length: HTTP_CLIENTS }, async () => {
  while (!ended) await requestOnce()
})

/** Resolves with the seconds until the client has left and is back, or with null. */
function comesBack(socket, begun) {
  return new Promise((done) => {
    const limit = setTimeout(() => done(null), RETURN_MS_MAX)
    socket.once('disconnect', () => {
      socket.once('snapshot', () => {
        clearTimeout(limit)
        done((performance.now() - begun) / 1000)
      })
    })
  })
}

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'end') break
  const begun = performance.now()
  const times = await Promise.all(sockets.map((socket) => comesBack(socket, begun)))
  const back = times.filter((time) => time !== null)
  console.log(JSON.stringify({ clients_back_s: Math.max(...back), clients_back: back.length, ...counts }))
  reset()
}
ended = true
await Promise.all(loops)
for (const socket of sockets) socket.disconnect()
process.exit(0)
