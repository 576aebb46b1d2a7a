// Lists what the code of a config must not call or read while it is evaluated.
import childProcess from 'node:child_process'
import cluster from 'node:cluster'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import inspector from 'node:inspector'
import net from 'node:net'
import os from 'node:os'
import perfHooks from 'node:perf_hooks'
import v8 from 'node:v8'
import vm from 'node:vm'
import workerThreads from 'node:worker_threads'

const FILES =
  "import the file, for example with { type: 'text' }, or declare it as an input and read it in produce"
const PROGRAMS = 'call run(…) in produce, with the program in tools'
const NETWORK = 'declare a lockfile for downloads, or use the network in produce, with network: true'
export const CLOCK = 'write a fixed time, or use epoch in produce: the time inside all outputs'
const RANDOM = 'write a fixed value, or declare a param, which --set NAME=VALUE sets'
const HOST = 'declare a param, which --set NAME=VALUE sets, or ask for the value in produce'

/**
 * Functions that a config must not call, and properties that it must not read. If a library in node_modules calls one, it gets the fixed value of `instead`, if
 * there is one: many libraries read a clock when they are loaded.
 */
export interface Refused {
  readonly name: string
  readonly owner: object
  /** The names of the functions or properties; every function of the owner unless given. */
  readonly only?: readonly string[]
  readonly hint: string
  readonly instead?: () => unknown
}

/** The time that libraries see, in milliseconds since 1970: the default of `epoch`. */
export const FIXED_TIME = 1_767_225_600_000

const RANDOMS =
  'randomBytes randomInt randomUUID randomFill randomFillSync getRandomValues pseudoRandomBytes prng rng generateKey generateKeySync generateKeyPair generateKeyPairSync generatePrime generatePrimeSync createECDH createDiffieHellman createDiffieHellmanGroup getDiffieHellman sign createSign publicEncrypt'
const HOST_FACTS =
  'hostname userInfo networkInterfaces cpus freemem totalmem loadavg uptime homedir tmpdir release version availableParallelism setPriority getPriority'
const PROCESS_FACTS =
  'uptime memoryUsage cpuUsage resourceUsage getuid geteuid getgid getegid getgroups umask constrainedMemory availableMemory binding dlopen pid ppid report'

const V8_FACTS =
  'getHeapStatistics getHeapSpaceStatistics getHeapCodeStatistics getHeapSnapshot writeHeapSnapshot'

export const REFUSED: readonly Refused[] = [
  { name: 'fs', owner: fs, hint: FILES },
  { name: 'fs.promises', owner: fs.promises, hint: FILES },
  { name: 'child_process', owner: childProcess, hint: PROGRAMS },
  { name: 'worker_threads', owner: workerThreads, only: ['Worker'], hint: PROGRAMS },
  { name: 'cluster', owner: cluster, only: ['fork'], hint: PROGRAMS },
  { name: 'net.Socket', owner: net.Socket.prototype, only: ['connect'], hint: NETWORK },
  { name: 'net.Server', owner: net.Server.prototype, only: ['listen'], hint: NETWORK },
  { name: 'dgram', owner: dgram, only: ['createSocket'], hint: NETWORK },
  { name: 'dns', owner: dns, hint: NETWORK },
  { name: 'dns.promises', owner: dns.promises, hint: NETWORK },
  { name: 'globalThis', owner: globalThis, only: ['fetch'], hint: NETWORK },
  { name: 'Date', owner: Date, only: ['now'], hint: CLOCK, instead: () => FIXED_TIME },
  { name: 'performance', owner: performance, only: ['now'], hint: CLOCK, instead: () => 0 },
  {
    name: 'performance',
    owner: performance,
    only: ['timeOrigin', 'mark', 'measure', 'toJSON', 'eventLoopUtilization', 'nodeTiming'],
    hint: CLOCK,
    instead: () => 0,
  },
  {
    name: 'perf_hooks',
    owner: perfHooks,
    only: ['monitorEventLoopDelay', 'PerformanceObserver'],
    hint: CLOCK,
  },
  { name: 'Event', owner: Event.prototype, only: ['timeStamp'], hint: CLOCK, instead: () => 0 },
  // First, because the replacement of hrtime copies it.
  { name: 'process.hrtime', owner: process.hrtime, only: ['bigint'], hint: CLOCK, instead: () => 0n },
  { name: 'process', owner: process, only: ['hrtime'], hint: CLOCK, instead: () => [0, 0] },
  { name: 'Math', owner: Math, only: ['random'], hint: RANDOM, instead: () => 0.5 },
  { name: 'crypto', owner: crypto, only: RANDOMS.split(' '), hint: RANDOM },
  { name: 'crypto', owner: crypto.webcrypto, only: ['getRandomValues', 'randomUUID'], hint: RANDOM },
  {
    name: 'crypto.subtle',
    owner: crypto.webcrypto.subtle,
    only: ['generateKey', 'sign', 'encrypt', 'wrapKey'],
    hint: RANDOM,
  },
  // A new context has a clock and random numbers of its own.
  { name: 'vm', owner: vm, only: ['createContext', 'runInNewContext'], hint: CLOCK },
  { name: 'vm.Script', owner: vm.Script.prototype, only: ['runInNewContext'], hint: CLOCK },
  { name: 'v8', owner: v8, only: V8_FACTS.split(' '), hint: HOST },
  { name: 'inspector', owner: inspector, only: ['Session', 'open'], hint: HOST },
  { name: 'os', owner: os, only: HOST_FACTS.split(' '), hint: HOST },
  { name: 'process', owner: process, only: PROCESS_FACTS.split(' '), hint: HOST },
]
