// Refuses what code of a config must not do while it is evaluated, because no key contains the result.
import childProcess from 'node:child_process'
import cluster from 'node:cluster'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import workerThreads from 'node:worker_threads'
import { Failure } from '../platform/failure.ts'
import { placeIn } from './evaluate.ts'

const FILES =
  "import the file, for example with { type: 'text' }, or declare it as an input and read it in produce"
const PROGRAMS = 'call run(…) in produce, with the program in tools'
const NETWORK = 'declare a lockfile for downloads, or use the network in produce, with network: true'
const CLOCK = 'write a fixed time, or use epoch in produce: the time inside all outputs'
const RANDOM = 'write a fixed value, or declare a param, which --set NAME=VALUE sets'
const HOST = 'declare a param, which --set NAME=VALUE sets, or ask for the value in produce'

/** A function as a property of any object. */
type Caller = (...args: never[]) => unknown
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/**
 * Functions that a config must not call. If a library in node_modules calls one, it gets the fixed value of `instead`, if
 * there is one: many libraries read a clock when they are loaded.
 */
interface Refused {
  readonly name: string
  readonly owner: object
  /** The names of the functions; every function of the owner unless given. */
  readonly only?: readonly string[]
  readonly hint: string
  readonly instead?: () => unknown
}

/** The time that libraries see, in milliseconds since 1970: the default of `epoch`. */
const FIXED_TIME = 1_767_225_600_000

const RANDOMS =
  'randomBytes randomInt randomUUID randomFill randomFillSync getRandomValues pseudoRandomBytes prng rng generateKey generateKeySync generateKeyPair generateKeyPairSync generatePrime generatePrimeSync'
const HOST_FACTS =
  'hostname userInfo networkInterfaces cpus freemem totalmem loadavg uptime homedir tmpdir release version availableParallelism setPriority getPriority'
const PROCESS_FACTS =
  'uptime memoryUsage cpuUsage resourceUsage getuid geteuid getgid getegid getgroups umask constrainedMemory availableMemory binding dlopen'

const REFUSED: readonly Refused[] = [
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
  // First, because the replacement of hrtime copies it.
  { name: 'process.hrtime', owner: process.hrtime, only: ['bigint'], hint: CLOCK, instead: () => 0n },
  { name: 'process', owner: process, only: ['hrtime'], hint: CLOCK, instead: () => [0, 0] },
  { name: 'Math', owner: Math, only: ['random'], hint: RANDOM, instead: () => 0.5 },
  { name: 'crypto', owner: crypto, only: RANDOMS.split(' '), hint: RANDOM },
  { name: 'crypto', owner: crypto.webcrypto, only: ['getRandomValues', 'randomUUID'], hint: RANDOM },
  { name: 'os', owner: os, only: HOST_FACTS.split(' '), hint: HOST },
  { name: 'process', owner: process, only: PROCESS_FACTS.split(' '), hint: HOST },
]

/** Guards the evaluation of one config. */
export class HostGuard {
  #refusal: Failure | undefined
  #isActive = false
  readonly #undo: (() => void)[] = []

  /** The first refusal, even if the config caught it: the config may have taken another path because of it. */
  get refusal(): Failure | undefined {
    return this.#refusal
  }

  /** Turns on the guard. */
  enter(): void {
    // Node.js opens these with functions that are refused from here on.
    void [process.stdout, process.stderr]
    for (const refused of REFUSED)
      for (const key of refused.only ?? Object.keys(refused.owner)) this.#replace(refused, key)
    this.#replaceDate()
    const { argv } = process
    process.argv = [process.execPath, 'build.config.ts']
    this.#undo.push(() => void (process.argv = argv))
    syncBuiltinESMExports()
    this.#isActive = true
  }

  /** Turns off the guard, if it is on. */
  leave(): void {
    if (!this.#isActive) return
    this.#isActive = false
    for (const undo of this.#undo.splice(0).reverse()) undo()
    syncBuiltinESMExports()
  }

  #replace({ name, owner, hint, instead }: Refused, key: string): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key) ?? inherited(owner, key)
    const original: unknown = Reflect.get(owner, key)
    if (!descriptor || descriptor.configurable === false || !isCallable(original) || key.startsWith('_'))
      return
    const refuse = (caller: Caller, args: unknown[]): unknown =>
      this.#refuse(`${name}.${key}`, hint, instead, caller, args)
    const isActive = (): boolean => this.#isActive
    const replacement: AnyFunction = function (...args) {
      if (isActive()) return refuse(replacement, args)
      return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args)
    }
    Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
    const own = Object.getOwnPropertyDescriptor(owner, key)
    Object.defineProperty(owner, key, {
      value: replacement,
      configurable: true,
      enumerable: descriptor.enumerable ?? true,
      writable: true,
    })
    this.#undo.push(() => (own ? Object.defineProperty(owner, key, own) : Reflect.deleteProperty(owner, key)))
  }

  /** A date without arguments is the current time. */
  #replaceDate(): void {
    const now = (caller: Caller): unknown =>
      this.#isActive ? this.#refuse('new Date', CLOCK, () => FIXED_TIME, caller, []) : Date.now()
    const original = Date
    const construct = (target: DateConstructor, args: unknown[], newTarget: Caller): object =>
      Reflect.construct(target, args.length > 0 ? args : [now(construct)], newTarget)
    const apply = (): string => new original(Number(now(apply))).toString()
    globalThis.Date = new Proxy(original, { construct, apply })
    this.#undo.push(() => void (globalThis.Date = original))
  }

  #refuse(
    call: string,
    hint: string,
    instead: (() => unknown) | undefined,
    caller: Caller,
    args: readonly unknown[],
  ): unknown {
    const error: { stack?: string } = {}
    this.#isActive = false
    Error.captureStackTrace(error, caller)
    const where = placeIn(error.stack)
    this.#isActive = true
    if (instead && where?.includes('/node_modules/')) return instead()
    const [argument] = args
    this.#refusal ??= new Failure(`build.config.ts must not call ${call} while it is evaluated`, {
      facts: [
        ...(typeof argument === 'string' ? [['argument', argument] as const] : []),
        ...(where === undefined ? [] : [['at', where] as const]),
        ['reason', 'lbuild could not notice that the result changed'],
      ],
      hint,
      exitCode: 2,
    })
    throw this.#refusal
  }
}

const isCallable = (value: unknown): value is AnyFunction => typeof value === 'function'

function inherited(owner: object, key: string): PropertyDescriptor | undefined {
  const prototype: unknown = Object.getPrototypeOf(owner)
  return typeof prototype === 'object' && prototype !== null
    ? (Object.getOwnPropertyDescriptor(prototype, key) ?? inherited(prototype, key))
    : undefined
}
