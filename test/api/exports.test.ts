// The boundary of the package: what package.json exports, from sources and from the compiled package alike.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { expect, it } from 'vitest'

const HOME = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string): unknown => JSON.parse(readFileSync(`${HOME}/${name}`, 'utf8'))

const PackageJson = v.object({
  exports: v.record(v.string(), v.record(v.string(), v.string())),
  engines: v.object({ node: v.string() }),
})
const { exports, engines } = v.parse(PackageJson, read('package.json'))

/** The modules of a folder that only the engine uses. */
const { exclude } = v.parse(v.object({ exclude: v.array(v.string()) }), read('tsconfig.package.json'))

it('exports each library module of images and debian under its own name, and nothing else', () => {
  const modules = ['images', 'debian'].flatMap((folder) =>
    readdirSync(`${HOME}/src/${folder}`).map((name) => `${folder}/${name.replace(/\.ts$/, '')}`),
  )
  const library = modules.filter((name) => !exclude.includes(`src/${name}.ts`))
  expect(Object.keys(exports).sort()).toEqual(['.', ...library.map((name) => `./${name}`)].sort())
  for (const [subpath, targets] of Object.entries(exports)) {
    const name = subpath === '.' ? 'api/index' : subpath.slice(2)
    // The order decides: the first condition that holds is taken.
    expect(Object.entries(targets)).toEqual([
      ['lbuild:source', `./src/${name}.ts`],
      ['types', `./dist/${name}.d.ts`],
      ['default', `./dist/${name}.js`],
    ])
  }
})

it('asks for the version of Node.js that the starter checks', () => {
  const needed = /const NEEDED = \[(\d+), (\d+)\]/.exec(readFileSync(`${HOME}/src/starter.cjs`, 'utf8'))
  expect(engines.node).toBe(`>=${needed?.[1]}.${needed?.[2]}.0`)
})
