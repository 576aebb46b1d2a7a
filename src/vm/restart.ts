import { createWriteStream, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { MachineOptions } from './machine.ts'
import { prepareMachine } from './machine.ts'
import type { Vm } from './vm.ts'
import { startVm } from './vm.ts'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { failureData } from '../executor/report.ts'
import type { WatchListener } from '../watch/events.ts'

/** What is started, by its path, and what tells it from another one that comes to its place. */
export interface MachineImage {
  readonly path: string
  readonly sha256: Digest
}

/** A machine that runs the newest image, on an overlay that is thrown away, with its console in a file. */
export class RunningMachine {
  readonly #options: Omit<MachineOptions, 'image'>
  readonly #console: string
  readonly #window: boolean
  readonly #listener: WatchListener
  #image: MachineImage | undefined
  #vm: Vm | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(
    options: Omit<MachineOptions, 'image'>,
    console: string,
    window: boolean,
    listener: WatchListener,
  ) {
    this.#options = options
    this.#console = console
    this.#window = window
    this.#listener = listener
  }

  /** Starts an image, unless it is the one that was started last: a machine that runs is ended first. */
  update(image: MachineImage): void {
    if (image.sha256 === this.#image?.sha256 && image.path === this.#image.path) return
    this.#image = image
    this.restart()
  }

  /** Starts the image anew, if there is one yet. */
  restart(): void {
    const image = this.#image
    if (image) this.#turn = this.stop().then(() => this.#run(image.path))
  }

  /** Ends the machine, and resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#turn
    this.#vm?.kill()
    await this.#vm?.exited.catch(() => {})
  }

  async #run(image: string): Promise<void> {
    try {
      const screen = this.#window ? 'window' : 'none'
      const use = { screen, network: 'open', interactive: false } as const
      const { setpriv, command } = await prepareMachine({ ...this.#options, image }, use)
      mkdirSync(dirname(this.#console), { recursive: true })
      // It is there when it is told.
      const fd = openSync(this.#console, 'w')
      const vm = startVm(setpriv, command, this.#options.signal)
      vm.output.pipe(createWriteStream('', { fd }))
      this.#vm = vm
      this.#listener({ type: 'machine', state: 'started', image, console: this.#console })
      void vm.exited.then(
        ({ errors }) => {
          if (this.#vm === vm) this.#vm = undefined
          this.#listener({ type: 'machine', state: 'ended', image, ...(errors === '' ? {} : { errors }) })
        },
        (error: Error) => this.#listener({ type: 'machine', state: 'ended', image, errors: error.message }),
      )
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#listener({ type: 'failed', what: 'machine', failure: failureData(error) })
    }
  }
}
