// Tests that the sources follow the rules of the project's structure, and that every rule can fail.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { TEMPLATES } from '../src/templates/templates.ts'
import * as structure from './support/structure.ts'
import { temporaryDirectory } from './support/temporary.ts'
import { TestWorkspace } from './support/workspace.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Expects at most this many violations, and shows all of them if there are more. */
const expectAtMost = (limit: number, violations: readonly string[]): void =>
  expect(violations.length > limit ? violations : [], `more than ${limit} violations`).toEqual([])

/** A project with these files. */
const project = (files: Readonly<Record<string, string>>): string =>
  new TestWorkspace(
    { 'build.config.ts': '', 'src/lbuild.ts': '', 'test/none.ts': '', ...files },
    temporaryDirectory(),
  ).root

describe('imports', () => {
  it('run downwards between the folders of src/', () => {
    expect(structure.upwardImports(ROOT)).toEqual([])
  })

  it('of the reference distro and of the templates are available to every distro', () => {
    expect(structure.privateImports(ROOT)).toEqual([])
    for (const template of TEMPLATES.keys())
      expect(structure.privateImports(`${ROOT}src/templates/${template}`), template).toEqual([])
  })
})

describe('src/', () => {
  it('names no distro, package manager or artifact', () => {
    expect(structure.distroNames(ROOT)).toEqual([])
  })

  it('and artifacts/ have few type casts and non-null assertions', () => {
    expectAtMost(12, structure.casts(ROOT, 'src', 'artifacts'))
    expectAtMost(4, structure.nonNullAssertions(ROOT, 'src', 'artifacts'))
  })
})

describe('every file', () => {
  it('begins with a sentence about its purpose', () => {
    expect(structure.filesWithoutPurpose(ROOT, 'src', 'artifacts', 'test')).toEqual([])
  })

  it('has at most 300 lines, and functions of at most 80', () => {
    expect(structure.longFiles(ROOT)).toEqual([])
    expect(structure.longFunctions(ROOT, 80, 'src', 'artifacts', 'test')).toEqual([])
  })
})

describe('test/', () => {
  it('mirrors src/', () => {
    expect(structure.strayTestFolders(ROOT)).toEqual([])
  })
})

describe('docs/trust.md', () => {
  it('names only tests that exist', () => {
    const named = readFileSync(`${ROOT}/docs/trust.md`, 'utf8').match(/test\/[\w/.]+\.ts/g) ?? []
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([])
  })
})

// valibot's optional peer dependency on typescript is left out of package-lock.json: with it, npm would install
// typescript for everybody who builds an image.
it('npm ci --omit=dev installs neither vite, vitest nor TypeScript', () => {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    packages: Record<string, { dev?: true }>
  }
  const always = Object.keys(packages).filter((path) => packages[path]?.dev !== true)
  expect(always).toContain('node_modules/esbuild')
  expect(always.filter((path) => /node_modules\/(vite|vitest|typescript)$/.test(path))).toEqual([])
})

describe('each rule reports', () => {
  it('an import that runs upwards, as a value, as a type and at run time', () => {
    const root = project({
      'src/store/objects.ts':
        "import { run } from '../vm/run.ts'\nimport { sha256 } from '../platform/digest.ts'\n",
      'src/graph/graph.ts': "import type {\n  Build,\n} from '../executor/build.ts'\n",
      'src/api/index.ts': "export * from './artifact.ts'\nawait import('../cli/main.ts')\n",
      'src/oddments/one.ts': '',
    })
    expect(structure.upwardImports(root)).toEqual([
      'src/api/index.ts imports src/cli/main.ts',
      'src/graph/graph.ts imports src/executor/build.ts',
      'src/oddments/one.ts is in a folder without a place in the order',
      'src/store/objects.ts imports src/vm/run.ts',
    ])
  })

  it('a name of a distro outside the folders for it', () => {
    const root = project({
      'src/debian/apt.ts': '// apt\n',
      'src/vm/run.ts':
        "import { archive } from '../debian/archive.ts'\nconst image = 'output/levitateos.iso'\n",
      'src/cli/main.ts': "const hint = 'see artifacts/iso/index.ts'\n",
    })
    expect(structure.distroNames(root)).toEqual([
      "src/cli/main.ts:1: const hint = 'see artifacts/iso/index.ts'",
      "src/vm/run.ts:2: const image = 'output/levitateos.iso'",
    ])
  })

  it('an import that another distro could not have', () => {
    const root = project({
      'build.config.ts':
        "import { iso } from './artifacts/iso/index.ts'\nimport { file } from './src/api/index.ts'\n",
      'artifacts/iso/index.ts': "import { iso } from 'lbuild/images/iso'\nimport { execa } from 'execa'\n",
    })
    expect(structure.privateImports(root)).toEqual([
      'build.config.ts imports ./src/api/index.ts',
      'artifacts/iso/index.ts imports execa',
    ])
  })

  it('a file and a function that are too long', () => {
    const long = `function long(): void {\n${'  void 0\n'.repeat(300)}}\n`
    const root = project({
      'src/cli/main.ts': long,
      'test/cli/main.test.ts': `describe('a', () => {\n${long}})\n`,
    })
    expect(structure.longFiles(root)).toEqual([
      'src/cli/main.ts has 302 lines',
      'test/cli/main.test.ts has 304 lines',
    ])
    expect(structure.longFunctions(root, 80, 'src', 'test')).toEqual([
      'src/cli/main.ts:1',
      'test/cli/main.test.ts:2',
    ])
  })

  it('a folder of tests that mirrors no folder of src/', () => {
    expect(
      structure.strayTestFolders(project({ 'test/oddments/a.test.ts': '', 'test/e2e/b.test.ts': '' })),
    ).toEqual(['oddments'])
  })

  it('a file that does not begin with a sentence', () => {
    const root = project({
      'src/a.ts': '// Says what it is for.\n',
      'src/b.ts': '/** Says what it is for. */\n',
      'src/c.ts': '/** Says what\n * it is for. */\n',
      'src/e.ts': '/**\n * Says what it is for.\n * @module e\n */\n',
      'src/d.ts': '// says\n',
    })
    expect(structure.filesWithoutPurpose(root, 'src')).toEqual(['src/d.ts', 'src/lbuild.ts'])
  })

  it('a cast and a non-null assertion', () => {
    const root = project({
      'src/a.ts': 'const one = ["a"] as const\n\nexport const other = (one as string[])[0]!\n',
    })
    expect(structure.casts(root, 'src')).toEqual(['src/a.ts:3'])
    expect(structure.nonNullAssertions(root, 'src')).toEqual(['src/a.ts:3'])
  })
})
