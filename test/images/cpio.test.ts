// Tests of cpio: GNU cpio is the oracle.
import fc from 'fast-check'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packCpio, parentDirectories, type CpioEntry } from '../../src/images/cpio.ts'
import { EPOCH, run, temporary } from '../support/images.ts'

/** Paths of one to three parts, without names that the listing of cpio would change. */
const path = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9 _.é-]{1,12}$/), { minLength: 1, maxLength: 3 })
  .filter((parts) => parts.every((part) => part !== '.' && part !== '..' && part.trim() === part))
  .map((parts) => parts.join('/'))

const entries = fc
  .uniqueArray(
    fc.record({
      path,
      mode: fc.integer({ min: 0o400, max: 0o777 }),
      data: fc.uint8Array({ maxLength: 300 }),
    }),
    { selector: (entry) => entry.path, maxLength: 8 },
  )
  .map((files) => files.filter((a) => !files.some((b) => b.path.startsWith(`${a.path}/`))))
  .map((files) => {
    const members = files.map((file): CpioEntry => ({ ...file, type: 'file' }))
    return [...parentDirectories(files.map((file) => file.path)), ...members]
  })

test('packs archives that cpio unpacks to the same names, modes and contents', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (members) => {
      const root = await temporary()
      const archive = packCpio(members, EPOCH)
      await run('cpio', ['-i', '--quiet', '-d', '-m', '--no-absolute-filenames'], {
        cwd: root,
        input: archive,
      })
      const { stdout } = await run('find', [root, '-mindepth', '1', '-printf', '%P\\t%y\\t%m\\t%U:%G\\n'])
      const found = stdout.split('\n').filter(Boolean).sort()
      const expected = members.map(({ path: at, type, mode }) => {
        return `${at}\t${type === 'file' ? 'f' : 'd'}\t${mode.toString(8)}\t0:0`
      })
      expect(found).toEqual(expected.sort())
      for (const member of members)
        if (member.type === 'file') {
          expect(Math.floor((await stat(join(root, member.path))).mtimeMs / 1000)).toBe(EPOCH)
          expect(Buffer.compare(await readFile(join(root, member.path)), member.data)).toBe(0)
        }
    }),
    { numRuns: 20 },
  )
})

test('packs links and devices', async () => {
  const members: CpioEntry[] = [
    { path: 'bin', type: 'directory', mode: 0o755 },
    { path: 'bin/sh', type: 'symlink', mode: 0o777, target: 'busybox' },
    { path: 'dev', type: 'directory', mode: 0o755 },
    { path: 'dev/console', type: 'character', mode: 0o600, major: 5, minor: 1 },
  ]
  const { stdout } = await run('cpio', ['-i', '-t', '-v', '--quiet', '--numeric-uid-gid'], {
    input: packCpio(members, EPOCH),
  })
  expect(stdout.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
    'drwxr-xr-x 2 0 0 0 Jan 1 2026 bin',
    'lrwxrwxrwx 1 0 0 7 Jan 1 2026 bin/sh -> busybox',
    'drwxr-xr-x 2 0 0 0 Jan 1 2026 dev',
    'crw------- 1 0 0 5, 1 Jan 1 2026 dev/console',
    '',
  ])
})

test('rejects a path that occurs twice or precedes its directory', () => {
  const file = (at: string): CpioEntry => ({ path: at, type: 'file', mode: 0o644, data: Buffer.alloc(0) })
  expect(() => packCpio([file('a'), file('a')], EPOCH)).toThrow("'a' occurs twice")
  expect(() => packCpio([file('a/b')], EPOCH)).toThrow("'a/b' precedes its directory")
})
