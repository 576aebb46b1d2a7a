// Declares variants: copies of artifacts with other params.
import type { Artifact, Declared, Outputs } from './artifact.ts'
import type { OutputInput } from './inputs.ts'
import type { Json } from './params.ts'

/** A variant as the engine reads it from a handle. */
export interface VariantDeclaration {
  /** The name of the artifact of which it is a variant. */
  readonly base: string
  readonly params: Readonly<Record<string, Json>>
}

/** The property of a handle that holds the declaration of a variant. */
export const VARIANT: unique symbol = Symbol.for('lbuild.variant')

/**
 * Declares a variant of an artifact: the same producer with other params. Dependencies that have one of the params, and
 * those between them and the artifact, are copied as `NAME-DEPENDENCY`; the variant shares all others, which are built once.
 * Published outputs of the variant and of its copies go to the directory `NAME/`.
 *
 * A param that the variant sets keeps this value whatever a profile or `--PARAM` sets; only `NAME.PARAM` or
 * `NAME-DEPENDENCY.PARAM` sets another one. A value that is set as `ARTIFACT.PARAM` also applies to the copies of ARTIFACT.
 *
 * @param name the name on the command line
 * @param params values by `PARAM`, for the artifact and each of its dependencies with that param, or by `DEPENDENCY.PARAM`
 * @returns a handle; list it in the config
 * @example artifacts: [disk, qcow2, variant(qcow2, 'qcow2-debug', { 'disk.size': '8G', logLevel: 'debug' })]
 */
export function variant<const O extends Outputs>(
  base: Artifact<O>,
  name: string,
  params: Readonly<Record<string, Json>>,
): Artifact<O> {
  const declaration: VariantDeclaration = { base: base.name, params }
  const declared: Declared<VariantDeclaration> = { name, declaration, site: new Error() }
  return Object.freeze({
    name,
    output: (output: keyof O & string): OutputInput => ({ kind: 'output', artifact: name, output }),
    [VARIANT]: declared,
  })
}
