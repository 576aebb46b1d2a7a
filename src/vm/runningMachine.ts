// Runs the newest build of an image, one virtual machine at a time.
import { createWriteStream, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import type { MachineOptions } from './machine.ts'
import { prepareMachine } from './machine.ts'
import type { Vm } from './vm.ts'
import { startVm } from './vm.ts'

/** An image, with the digest that tells one build of it from the next. */
export interface MachineImage {
  readonly path: string
  readonly sha256: Digest
}

/** What happens to a {@link RunningMachine}. */
export type MachineEvent =
  | {
      readonly state: 'started'
      readonly image: string
      /** The file that receives the serial console. */
      readonly console: string
    }
  | {
      readonly state: 'ended'
      readonly image: string
      /** What QEMU wrote to its standard error. */
      readonly errors?: string
    }
  /** The machine cannot be started. */
  | { readonly state: 'failed'; readonly failure: Failure }

export interface RunningMachineOptions extends Omit<MachineOptions, 'image'> {
  /** The file that receives the serial console; each start overwrites it. */
  readonly console: string
  /** Whether to open a window for the guest's screen. */
  readonly window: boolean
  readonly listener: (event: MachineEvent) => void
}

/** A machine that runs the newest image on a throw-away overlay. */
export class RunningMachine {
  readonly #options: RunningMachineOptions
  #image: MachineImage | undefined
  #vm: Vm | undefined
  /** Starts and stops run one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: RunningMachineOptions) {
    this.#options = options
  }

  /** Replaces the running machine by a machine with this image, unless that image was started last. */
  update(image: MachineImage): void {
    if (image.sha256 === this.#image?.sha256 && image.path === this.#image.path) return
    this.#image = image
    this.restart()
  }

  /** Restarts the machine with the same image; does nothing before the first {@link update}. */
  restart(): void {
    const image = this.#image
    if (image) this.#turn = this.stop().then(() => this.#run(image.path))
  }

  /** Kills the machine, and resolves when its process has ended. */
  async stop(): Promise<void> {
    await this.#turn
    this.#vm?.kill()
    await this.#vm?.exited.catch(() => {})
  }

  async #run(image: string): Promise<void> {
    const { console, window, listener, ...options } = this.#options
    try {
      const use = { screen: window ? 'window' : 'none', network: 'open', interactive: false } as const
      const { setpriv, command } = await prepareMachine({ ...options, image }, use)
      mkdirSync(dirname(console), { recursive: true })
      // The file must exist when the event names it.
      const fd = openSync(console, 'w')
      const vm = startVm(setpriv, command, options.signal)
      vm.output.pipe(createWriteStream('', { fd }))
      this.#vm = vm
      listener({ state: 'started', image, console })
      void vm.exited.then(
        ({ errors }) => {
          if (this.#vm === vm) this.#vm = undefined
          listener({ state: 'ended', image, ...(errors === '' ? {} : { errors }) })
        },
        (error: Error) => listener({ state: 'ended', image, errors: error.message }),
      )
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      listener({ state: 'failed', failure: error })
    }
  }
}
