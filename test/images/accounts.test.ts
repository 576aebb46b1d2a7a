// Tests of accounts: passwords, users and the files that contain them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addUser, setPassword, writeAccounts, readAccounts } from '../../src/images/accounts.ts'
import { Layer } from '../../src/images/layer.ts'
import { manifestOf } from '../support/images.ts'

const TEXTS = {
  passwd: 'root:x:0:0:root:/root:/bin/bash\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n',
  group: 'root:x:0:\nsudo:x:27:root\nadm:x:4:\n',
  shadow: 'root:*:20454:0:99999:7:::\nsshd:!:20454::::::\n',
  gshadow: 'root:*::\nsudo:*::root\nadm:*::\n',
}

test("sets root's password to empty, locked or a hash, and changes nothing else", () => {
  expect(setPassword(TEXTS.shadow, 'root', 'empty')).toBe(TEXTS.shadow.replace('root:*:', 'root::'))
  expect(setPassword(TEXTS.shadow, 'root', 'locked')).toBe(TEXTS.shadow)
  const hash = '$6$salt$abc./XYZ'
  expect(setPassword(TEXTS.shadow, 'root', { hash })).toBe(TEXTS.shadow.replace('root:*:', `root:${hash}:`))
  expect(() => setPassword(TEXTS.shadow, 'ada', 'empty')).toThrow("/etc/shadow has no user 'ada'")
  expect(() => setPassword(TEXTS.shadow, 'root', { hash: 'a:b' })).toThrow('invalid password hash')
})

test('adds a user to all four files and to groups', () => {
  const user = {
    name: 'ada',
    uid: 1000,
    groups: ['sudo', 'adm'],
    comment: 'Ada L.',
    password: 'empty',
  } as const
  expect(addUser(TEXTS, user, 20454)).toEqual({
    passwd: `${TEXTS.passwd}ada:x:1000:1000:Ada L.:/home/ada:/bin/bash\n`,
    group: 'root:x:0:\nsudo:x:27:root,ada\nadm:x:4:ada\nada:x:1000:\n',
    shadow: `${TEXTS.shadow}ada::20454:0:99999:7:::\n`,
    gshadow: 'root:*::\nsudo:*::root,ada\nadm:*::ada\nada:!::\n',
  })
})

test('rejects users that are invalid or conflict with existing ones', () => {
  const add = (user: Partial<Parameters<typeof addUser>[1]>) => () =>
    addUser(TEXTS, { name: 'ada', uid: 1000, ...user }, 0)
  const conflict = (taken: string) => expect.objectContaining({ facts: [['already taken', taken]] })
  expect(add({ name: 'Ada:0' })).toThrow('is not a valid user name')
  expect(add({ uid: 102 })).toThrow(conflict('user sshd (102)'))
  expect(add({ gid: 27 })).toThrow(conflict('group sudo (27)'))
  expect(add({ name: 'root' })).toThrow(conflict('user root (0), group root (0)'))
  expect(add({ groups: ['wheel'] })).toThrow("to group 'wheel'")
  expect(add({ home: '/home/a:b' })).toThrow('a colon or a line break')
})

test('keeps every existing line and adds one line to each file, whichever user is added', () => {
  const user = fc.record({
    name: fc
      .stringMatching(/^[a-z_][a-z0-9_-]{0,30}$/)
      .filter((name) => !/^(root|sudo|adm|sshd)$/.test(name)),
    uid: fc.integer({ min: 1000, max: 60000 }),
    comment: fc.stringMatching(/^[A-Za-z ,.]{0,20}$/),
  })
  fc.assert(
    fc.property(user, (added) => {
      const after = addUser(TEXTS, added, 1)
      for (const file of ['passwd', 'group', 'shadow', 'gshadow'] as const) {
        const before = TEXTS[file].split('\n').slice(0, -1)
        expect(after[file].split('\n').slice(0, before.length)).toEqual(before)
        expect(after[file].split('\n').slice(before.length)).toHaveLength(2)
        expect(after[file].split('\n').at(-2)!.split(':')).toHaveLength(before[0]!.split(':').length)
      }
    }),
  )
})

test('writes only files that changed, and keeps their modes and owners', () => {
  const layer = new Layer(
    manifestOf(Object.fromEntries(Object.entries(TEXTS).map(([file, text]) => [`/etc/${file}`, text]))),
  )
  expect(readAccounts(layer)).toEqual(TEXTS)
  writeAccounts(layer, { ...TEXTS, shadow: setPassword(TEXTS.shadow, 'root', 'empty') })
  expect(layer.lookup('/etc/shadow')).toMatchObject({ mode: 0o644, uid: 0, gid: 0 })
  expect(layer.lookup('/etc/passwd')).not.toHaveProperty('data')
  expect(layer.read('/etc/shadow')).toBe(TEXTS.shadow.replace('root:*:', 'root::'))
})
