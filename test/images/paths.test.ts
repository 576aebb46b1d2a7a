// Tests of paths inside an image: the kernel is the oracle.
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Failure } from '../../src/api/index.ts'
import { manifestLookup } from '../../src/images/manifest.ts'
import { resolveInRoot } from '../../src/images/paths.ts'
import { manifestOf, plant, run, temporaryInMemory } from '../support/images.ts'

const resolve = (paths: Parameters<typeof manifestOf>[0], path: string, followLast = true) =>
  resolveInRoot(manifestLookup(manifestOf(paths)), path, followLast)

test('follows links inside the image, wherever they point', () => {
  const image = {
    '/usr/lib/os-release': '',
    '/lib': { to: 'usr/lib' },
    '/abs': { to: '/usr' },
    '/up': { to: '../../../../etc/shadow' },
    '/usr/lib/back': { to: '../../lib' },
  }
  expect(resolve(image, '/lib/os-release')).toBe('/usr/lib/os-release')
  expect(resolve(image, '/abs/lib/back/x')).toBe('/usr/lib/x')
  expect(resolve(image, '/up')).toBe('/etc/shadow')
  expect(resolve(image, '/../../lib/./x//')).toBe('/usr/lib/x')
  expect(resolve(image, '/lib', false)).toBe('/lib')
  expect(resolve(image, '/')).toBe('/')
})

test('reports loops, and files in the middle of a path', () => {
  expect(() => resolve({ '/a': { to: 'b' }, '/b': { to: 'a' } }, '/a/x')).toThrow(
    "cannot resolve '/a/x' in the image: its links loop",
  )
  expect(() => resolve({ '/etc/passwd': '' }, '/etc/passwd/x')).toThrow('a component is not a directory')
})

/** Resolves paths in a process that is chrooted into the image. */
const ORACLE = `
import os, sys, json
root, paths = sys.argv[1], json.load(sys.stdin)
os.chroot(root); os.chdir('/')
def answer(path):
    try:
        os.stat(path)
    except FileNotFoundError:
        return None
    except (OSError, ) as error:
        return 'error'
    return os.path.realpath(path)
print(json.dumps([answer(path) for path in paths]))
`

test('resolves paths as the kernel does in a real root directory', async () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const path = fc.array(fc.oneof(name, fc.constantFrom('..', '.')), { minLength: 1, maxLength: 5 })
  const target = fc
    .tuple(fc.boolean(), path)
    .map(([absolute, parts]) => (absolute ? '/' : '') + parts.join('/'))
  const node = fc.oneof(
    fc.constant(''),
    fc.constant({ mode: 0o755, uid: 0, gid: 0 }),
    target.map((to) => ({ to })),
  )
  const locations = fc.uniqueArray(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), node), {
    selector: ([parts]) => parts.join('/'),
    minLength: 1,
    maxLength: 9,
  })
  await fc.assert(
    fc.asyncProperty(locations, fc.array(path, { minLength: 10, maxLength: 10 }), async (entries, asked) => {
      // a path below a file or link cannot exist
      const leaves = entries
        .filter(([, short]) => short === '' || 'to' in short)
        .map(([parts]) => parts.join('/'))
      const fits = entries.filter(([parts]) => !leaves.some((leaf) => parts.join('/').startsWith(`${leaf}/`)))
      const image = Object.fromEntries(fits.map(([parts, short]) => [`/${parts.join('/')}`, short]))
      const root = await temporaryInMemory()
      for (const [at, short] of Object.entries(image))
        await (typeof short === 'object' && 'mode' in short
          ? run('mkdir', ['-p', join(root, at)])
          : plant(root, { [at]: short }))
      const paths = asked.map((parts) => `/${parts.join('/')}`)
      const { stdout } = await run('python3', ['-c', ORACLE, root], { input: JSON.stringify(paths) })
      const answers: readonly (string | null)[] = JSON.parse(stdout)
      expect(answers).toHaveLength(paths.length)
      for (const [index, path] of paths.entries()) {
        const expected = answers[index]
        if (expected === 'error') expect(() => resolve(image, path)).toThrow(Failure)
        else if (typeof expected === 'string') expect(resolve(image, path)).toBe(expected)
      }
    }),
    { numRuns: 25 },
  )
})
