// Notices modules of a config that change values of other modules, or globals, while the config is evaluated.
import type { Module } from './modules.ts'
import { SharedState } from './sharedState.ts'
import { ValueSnapshot } from './valueSnapshot.ts'

/** What modules changed besides their own values. */
export interface Influence {
  /** For each module whose values changed after it was evaluated, the modules that changed them; '' for a callback. */
  readonly changedBy: ReadonlyMap<string, ReadonlySet<string>>
  /** Whether a property of the global object, of a built-in, of a module of Node.js or of `process.env` changed. */
  readonly changesGlobals: boolean
}

/** The variables at the top level of a module. */
type Variables = () => readonly unknown[]

/**
 * The exports of each evaluated module, by label. Each module registers itself at its end. Compares the values of a module
 * then with its values after each module that can reach it by imports.
 */
export class ModuleRegistry extends Map<string, Readonly<Record<string, unknown>>> implements Influence {
  readonly #modules: ReadonlyMap<string, Module>
  readonly #variables = new Map<string, Variables>()
  readonly #states = new Map<string, ValueSnapshot>()
  readonly changedBy = new Map<string, Set<string>>()
  changesGlobals = false
  #shared: SharedState | undefined

  constructor(modules: ReadonlyMap<string, Module>) {
    super()
    this.#modules = modules
  }

  /** Must be called before the first module is evaluated. */
  begin(): void {
    this.#shared = new SharedState()
  }

  /** Must be called after the last module was evaluated. */
  finish(): void {
    this.#compare(this.keys(), '')
    this.changesGlobals = this.#shared?.hasChanged() ?? false
  }

  override set(
    label: string,
    exports: Readonly<Record<string, unknown>>,
    variables: Variables = () => [],
  ): this {
    this.#compare(this.#below(label), label)
    // A document that is imported with and without attributes is evaluated twice.
    const [earlier, others] = [this.get(label), this.#variables.get(label)]
    super.set(label, exports)
    this.#variables.set(label, () => [...(others?.() ?? []), earlier?.['default'], ...variables()])
    this.#states.set(label, new ValueSnapshot(this.#valuesOf(label)))
    return this
  }

  #compare(labels: Iterable<string>, by: string): void {
    for (const label of labels) {
      const before = this.#states.get(label)
      if (before === undefined) continue
      const values = this.#valuesOf(label)
      if (before.matches(values)) continue
      this.#states.set(label, new ValueSnapshot(values))
      this.changedBy.set(label, (this.changedBy.get(label) ?? new Set()).add(by))
    }
  }

  #below(start: string): ReadonlySet<string> {
    const reached = new Set(this.#modules.get(start)?.imports)
    // The loop also visits the labels that it adds.
    for (const label of reached) for (const next of this.#modules.get(label)?.imports ?? []) reached.add(next)
    return reached
  }

  #valuesOf(label: string): readonly unknown[] {
    const exports = this.get(label) ?? {}
    const exported = Object.keys(exports).map((name) => exportedValue(exports, name))
    return [...exported, ...(this.#variables.get(label)?.() ?? [])]
  }
}

/** The value of an export; undefined before its module has set it, as in a cycle of imports. */
function exportedValue(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return exports[name]
  } catch {
    return undefined
  }
}
