// Tests of layers: tar and find are the oracles.
import fc from 'fast-check'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Layer } from '../../src/images/layer.ts'
import { extractLayers, packLayer } from '../../src/images/layers.ts'
import { readManifest } from '../../src/images/manifest.ts'
import { EPOCH, manifestOf, plant, run, temporaryInMemory } from '../support/images.ts'

/** Everything below a directory, as sorted lines `path type mode uid:gid target`. */
async function listing(directory: string): Promise<string[]> {
  const { stdout } = await run('find', [directory, '-mindepth', '1', '-printf', '/%P %y %m %U:%G %l\\n'])
  return stdout.split('\n').filter(Boolean).sort()
}

/** A small image as a tar: a merged /usr, and files of another owner. */
async function baseTar(): Promise<{ directory: string; tar: string }> {
  const directory = await temporaryInMemory()
  const tree = await plant(join(directory, 'tree'), {
    'usr/lib/os-release': 'NAME=Debian\n',
    lib: { to: 'usr/lib' },
    'etc/shadow': 'root:*:1::::::\n',
    'etc/os-release': { to: '../usr/lib/os-release' },
    'var/log/app/old.log': 'old\n',
    absolute: { to: '/var/log' },
  })
  await run('chmod', ['2750', join(tree, 'var/log/app')])
  await run('chmod', ['640', join(tree, 'etc/shadow')])
  await run('chown', ['-R', '0:0', tree])
  await run('chown', ['-h', '0:42', join(tree, 'etc/shadow'), join(tree, 'var/log/app')])
  const tar = join(directory, 'base.tar')
  await run('tar', ['-C', tree, '--sort=name', '--numeric-owner', '-cf', tar, '.'])
  return { directory, tar }
}

test('lists every path of a manifest as find does', async () => {
  const { directory, tar } = await baseTar()
  const { entries, texts } = await readManifest(tar, (path) => path === '/etc/shadow')
  const described = entries
    .filter(({ path }) => path !== '/')
    .map(({ path, type, mode, uid, gid, target = '' }) => {
      const letter = { file: 'f', directory: 'd', symlink: 'l', other: '?' }[type]
      return `${path} ${letter} ${mode.toString(8)} ${uid}:${gid} ${target}`
    })
  expect(described.sort()).toEqual(await listing(join(directory, 'tree')))
  expect(texts).toEqual({ '/etc/shadow': 'root:*:1::::::\n' })
})

test('resolves paths inside the image, and keeps the attributes of directories', async () => {
  const { directory, tar } = await baseTar()
  const layer = new Layer(await readManifest(tar, () => true))
  layer.write('/lib/new', 'new\n', { mode: 0o755 })
  layer.write('/absolute/app/x.log', 'x\n', { mode: 0o600, uid: 7, gid: 8 })
  layer.rewrite('/etc/shadow', 'root::1::::::\n')
  layer.symlink('/etc/os-release', 'own')
  layer.directory('/lib/deep/er', { mode: 0o700 })
  const own = join(directory, 'layer.tar')
  await writeFile(own, await layer.tar(EPOCH))
  const tree = join(directory, 'out')
  await extractLayers(run, [tar, own], tree, EPOCH)
  expect(await listing(tree)).toEqual([
    '/absolute l 777 0:0 /var/log',
    '/etc d 755 0:0 ',
    '/etc/os-release l 777 0:0 own',
    '/etc/shadow f 640 0:42 ',
    '/lib l 777 0:0 usr/lib',
    '/usr d 755 0:0 ',
    '/usr/lib d 755 0:0 ',
    '/usr/lib/deep d 755 0:0 ',
    '/usr/lib/deep/er d 700 0:0 ',
    '/usr/lib/new f 755 0:0 ',
    '/usr/lib/os-release f 644 0:0 ',
    '/var d 755 0:0 ',
    '/var/log d 755 0:0 ',
    '/var/log/app d 2750 0:42 ',
    '/var/log/app/old.log f 644 0:0 ',
    '/var/log/app/x.log f 600 7:8 ',
  ])
  const { stdout } = await run('cat', [join(tree, 'etc/shadow'), join(tree, 'usr/lib/new')])
  expect(stdout).toBe('root::1::::::\nnew\n')
  const late = await run('find', [tree, '-newermt', `@${EPOCH}`])
  expect(late.stdout).toBe('')
})

test('rejects impossible paths and names them', () => {
  const layer = new Layer(manifestOf({ '/etc/motd': 'x', '/a': { to: 'b' }, '/b': { to: 'a' } }))
  expect(() => layer.write('/etc', 'x')).toThrow("cannot create file '/etc': the path is a directory")
  expect(() => layer.symlink('/etc', 'x')).toThrow("cannot create symlink '/etc': the path is a directory")
  expect(() => layer.directory('/etc/motd')).toThrow(
    "cannot create directory '/etc/motd': the path is a file",
  )
  expect(() => layer.write('/etc/motd/x', 'x')).toThrow('is not a directory')
  expect(() => layer.write('/a/x', 'x')).toThrow('loop')
  expect(() => layer.rewrite('/etc/nothing', 'x')).toThrow("the image has no file '/etc/nothing'")
  expect(() => layer.setAttributes('/nowhere', { uid: 1 })).toThrow("cannot set permissions of '/nowhere'")
  expect(() => layer.setAttributes('/etc/motd', { uid: 1 })).toThrow('not part of this layer')
})

test('extracts to the entries of the layer, whatever was written', async () => {
  const name = fc.constantFrom('a', 'b', 'lib', 'usr', 'link', '..')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
  const attributes = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 65535 }),
    gid: fc.integer({ min: 0, max: 65535 }),
  })
  const action = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path, attributes }),
    fc.record({ kind: fc.constant('directory' as const), path, attributes }),
    fc.record({ kind: fc.constant('symlink' as const), path, target: path }),
  )
  const image = { '/usr/lib/x': 'x', '/lib': { to: 'usr/lib' }, '/link': { to: '/usr' } }
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 8 }), async (actions) => {
      const directory = await temporaryInMemory()
      const tree = await plant(join(directory, 'tree'), {
        'usr/lib/x': 'x',
        lib: { to: 'usr/lib' },
        link: { to: '/usr' },
      })
      const base = join(directory, 'base.tar')
      await packLayer(run, base, tree, ['usr', 'lib', 'link'], EPOCH)
      const layer = new Layer(manifestOf(image))
      const written: string[] = []
      for (const step of actions)
        try {
          const at = layer.resolve(step.path, step.kind === 'directory')
          if (step.kind === 'symlink') layer.symlink(step.path, step.target)
          else if (step.kind === 'directory') layer.directory(step.path, step.attributes)
          else layer.write(step.path, 'content', step.attributes)
          written.push(at)
        } catch {
          // an error does not change the layer
        }
      const own = join(directory, 'layer.tar')
      await writeFile(own, await layer.tar(EPOCH))
      const out = join(directory, 'out')
      await extractLayers(run, [base, own], out, EPOCH)
      const lines = await listing(out)
      const paths = lines.map((line) => line.slice(0, line.indexOf(' ')))
      expect(written.filter((at) => at !== '/' && !paths.includes(at))).toEqual([])
      for (const [index, line] of lines.entries()) {
        const at = paths[index]!
        const { type, mode, uid, gid, target = '' } = layer.lookup(at)!
        const letter = { file: 'f', directory: 'd', symlink: 'l', other: '?' }[type]
        expect(line).toBe(`${at} ${letter} ${mode.toString(8)} ${uid}:${gid} ${target}`)
      }
    }),
    { numRuns: 20 },
  )
})
