import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { MachineOptions } from '../boot/machine.ts'
import { prepareMachine } from '../boot/machine.ts'
import type { Vm } from '../boot/vm.ts'
import { startVm } from '../boot/vm.ts'
import { Failure } from '../host/failure.ts'
import { failureData } from '../run/report.ts'
import type { WatchListener } from './events.ts'

/** A machine that runs the newest image, on an overlay that is thrown away, with its console in a file. */
export class RunningMachine {
  readonly #options: MachineOptions
  readonly #console: string
  readonly #window: boolean
  readonly #listener: WatchListener
  #vm: Vm | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(options: MachineOptions, console: string, window: boolean, listener: WatchListener) {
    this.#options = options
    this.#console = console
    this.#window = window
    this.#listener = listener
  }

  /** Starts the image anew; a machine that runs is ended first. */
  start(): void {
    this.#turn = this.stop().then(() => this.#run())
  }

  /** Ends the machine, and resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#turn
    this.#vm?.kill()
    await this.#vm?.exited.catch(() => {})
  }

  async #run(): Promise<void> {
    const { image } = this.#options
    try {
      const screen = this.#window ? 'window' : 'none'
      const use = { screen, network: 'open', interactive: false } as const
      const { setpriv, command } = await prepareMachine(this.#options, use)
      mkdirSync(dirname(this.#console), { recursive: true })
      const vm = startVm(setpriv, command, this.#options.signal)
      vm.output.pipe(createWriteStream(this.#console))
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
