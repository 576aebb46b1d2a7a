// What `lbuild check` finds.

/** Where a finding is: a file of the workspace, with line and column from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One mistake in a declaration or its code. */
export interface Finding {
  /** `undeclared` and `unused` names, `missing-input`, `missing-tool`, and `type` for an error of TypeScript. */
  readonly kind: 'undeclared' | 'unused' | 'missing-input' | 'missing-tool' | 'type'
  readonly message: string
  /** The undeclared or unused name. */
  readonly name?: string
  readonly hint?: string
  readonly place?: Place
}

/**
 * The errors of TypeScript that no finding about names reports as well: for an undeclared param, both are at the same line
 * and quote its name.
 */
export const onlyTypes = (types: readonly Finding[], names: readonly Finding[]): readonly Finding[] =>
  types.filter(
    ({ message, place }) =>
      !names.some(
        (one) =>
          one.kind === 'undeclared' &&
          one.place?.file === place?.file &&
          one.place?.line === place?.line &&
          message.includes(`'${one.name}'`),
      ),
  )
