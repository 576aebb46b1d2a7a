// Refuses what code of a config must not do while it is evaluated, because no key contains the result.
import { syncBuiltinESMExports } from 'node:module'
import { Failure } from '../platform/failure.ts'
import { placeIn } from './evaluate.ts'
import type { Refused } from './refusedCalls.ts'
import { CLOCK, FIXED_TIME, REFUSED } from './refusedCalls.ts'

/** A function as a property of any object. */
type Caller = (...args: never[]) => unknown
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

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
    this.#replaceDateFormats()
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

  #replace({ name, owner, only, hint, instead }: Refused, key: string): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key) ?? inherited(owner, key)
    const original: unknown = descriptor?.value
    if (!descriptor || descriptor.configurable === false || key.startsWith('_')) return
    const refuse = (caller: Caller, args: unknown[]): unknown =>
      this.#refuse(`${name}.${key}`, hint, instead, caller, args)
    const isActive = (): boolean => this.#isActive
    const own = Object.getOwnPropertyDescriptor(owner, key)
    this.#undo.push(() => (own ? Object.defineProperty(owner, key, own) : Reflect.deleteProperty(owner, key)))
    if (!isCallable(original)) {
      // Constants tell nothing about the host.
      if (!only) return
      const get = function (this: unknown): unknown {
        if (isActive()) return refuse(get, [])
        return descriptor.get ? Reflect.apply(descriptor.get, this, []) : original
      }
      return void Object.defineProperty(owner, key, { get, configurable: true })
    }
    const replacement: AnyFunction = function (...args) {
      if (isActive()) return refuse(replacement, args)
      return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args)
    }
    Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
    Object.defineProperty(owner, key, {
      value: replacement,
      configurable: true,
      enumerable: descriptor.enumerable ?? true,
      writable: true,
    })
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

  /** A format without a date shows the current time. */
  #replaceDateFormats(): void {
    const { prototype } = Intl.DateTimeFormat
    const format = Object.getOwnPropertyDescriptor(prototype, 'format') ?? {}
    const parts = Object.getOwnPropertyDescriptor(prototype, 'formatToParts') ?? {}
    const check = (caller: Caller, [date]: readonly unknown[]): readonly unknown[] => [
      date === undefined && this.#isActive
        ? this.#refuse('Intl.DateTimeFormat.format', CLOCK, () => FIXED_TIME, caller, [])
        : date,
    ]
    const get = function (this: unknown): AnyFunction {
      const bound: AnyFunction = Reflect.apply(format.get ?? Object, this, [])
      const call: AnyFunction = (...args) => bound(...check(call, args))
      return call
    }
    const value: AnyFunction = function (...args) {
      return Reflect.apply(parts.value, this, check(value, args))
    }
    Object.defineProperty(prototype, 'format', { ...format, get })
    Object.defineProperty(prototype, 'formatToParts', { ...parts, value })
    this.#undo.push(() => Object.defineProperties(prototype, { format, formatToParts: parts }))
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
