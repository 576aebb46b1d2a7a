// A package.json as far as it decides which file an import resolves to.
import { isObject } from '../platform/json.ts'

/** The fields of one package.json. */
export class PackageManifest {
  readonly directory: string
  readonly #content: Readonly<Record<string, unknown>>

  constructor(directory: string, content: Readonly<Record<string, unknown>>) {
    this.directory = directory
    this.#content = content
  }

  text(field: string): string | undefined {
    const value = this.#content[field]
    return typeof value === 'string' ? value : undefined
  }

  /**
   * At least every target to which a field may map an import. A `*` of a pattern, or what follows a directory, stands for some
   * end of the import's path (nodejs.org/api/packages.html, "Subpath patterns").
   */
  targets(field: 'imports' | 'exports', specifier: string): readonly string[] {
    const ends = [...specifier.matchAll(/[/#]/g)].map(({ index }) => specifier.slice(index + 1))
    const key = field === 'imports' ? specifier : `.${specifier.slice(packageName(specifier).length)}`
    return texts(valuesFor(this.#content[field], key)).flatMap((target) =>
      target.includes('*')
        ? ends.map((end) => target.replaceAll('*', end))
        : target.endsWith('/')
          ? ends.map((end) => `${target}${end}`)
          : [target],
    )
  }
}

/** The package that an import names: `p` of `p/a`, `@s/p` of `@s/p/a`. */
export const packageName = (specifier: string): string =>
  /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier

/** Parses a package.json; undefined if it is no JSON object. */
export function parseManifest(directory: string, content: Buffer | undefined): PackageManifest | undefined {
  try {
    const value: unknown = JSON.parse(content?.toString() ?? '')
    return isObject(value) ? new PackageManifest(directory, value) : undefined
  } catch {
    return undefined
  }
}

/** What a field states for a key: the values of the key itself, of patterns and of directories. Other keys are conditions. */
function valuesFor(value: unknown, key: string): unknown {
  if (!isObject(value) || !Object.keys(value).some((one) => /^[.#]/.test(one))) return value
  return Object.entries(value).flatMap(([one, targets]) =>
    one === key || one.includes('*') || one.endsWith('/') ? [targets] : [],
  )
}

/** All texts in a value of package.json, such as the targets of `exports`. */
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : []
