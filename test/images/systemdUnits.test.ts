// Tests of enabling systemd units.
import { expect, test } from 'vitest'
import { Layer } from '../../src/images/layer.ts'
import { enableUnits, parseInstall } from '../../src/images/systemdUnits.ts'
import { manifestOf } from '../support/images.ts'

const SSH = '[Unit]\nDescription=x\n\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n'
const WANTS = '/etc/systemd/system/multi-user.target.wants'

/** An image with ssh.service and further files, after these units were enabled. */
function enabled(names: readonly string[], more: Parameters<typeof manifestOf>[0] = {}): Layer {
  const layer = new Layer(
    manifestOf({
      '/usr/lib/systemd/system/ssh.service': SSH,
      '/lib': { to: 'usr/lib' },
      '/etc/passwd': '',
      ...more,
    }),
  )
  enableUnits(layer, names)
  return layer
}

const target = (layer: Layer, path: string) => layer.lookup(path)?.target

test('parses [Install] as systemd does', () => {
  const unit = [
    '[Install]',
    '# WantedBy=comment.target',
    'WantedBy=a.target b.target',
    'WantedBy = c.target \\',
    '  d.target',
    'Alias=x.service',
    'Alias=',
    'Also=y.socket',
    'DefaultInstance=one',
    '[Service]',
    'RequiredBy=not.here',
  ].join('\n')
  expect(parseInstall(unit)).toEqual({
    wantedBy: ['a.target', 'b.target', 'c.target', 'd.target'],
    requiredBy: [],
    alias: [],
    also: ['y.socket'],
    defaultInstance: 'one',
  })
  expect(parseInstall('[Unit]\nDescription=x\n')).toBeUndefined()
  expect(parseInstall('[Install]\nWantedBy=\n')).toBeUndefined()
})

test('links a unit where its [Install] says', () => {
  const layer = enabled(['ssh.service'])
  expect(target(layer, `${WANTS}/ssh.service`)).toBe('/usr/lib/systemd/system/ssh.service')
  expect(target(layer, '/etc/systemd/system/sshd.service')).toBe('/usr/lib/systemd/system/ssh.service')
})

test('keeps correct links, however they are written', () => {
  for (const to of [
    '/usr/lib/systemd/system/ssh.service',
    '/lib/systemd/system/ssh.service',
    '../../../../lib/systemd/system/ssh.service',
  ])
    expect(
      target(enabled(['ssh.service'], { [`${WANTS}/ssh.service`]: { to } }), `${WANTS}/ssh.service`),
    ).toBe(to)
})

test('replaces links that dangle or lead elsewhere', () => {
  const other = { '/usr/lib/systemd/system/other.service': SSH }
  for (const to of [
    '/nowhere/ssh.service',
    '../nothing',
    '/usr/lib/systemd/system/other.service',
    'ssh.service',
  ]) {
    const layer = enabled(['ssh.service'], { ...other, [`${WANTS}/ssh.service`]: { to } })
    expect(target(layer, `${WANTS}/ssh.service`)).toBe('/usr/lib/systemd/system/ssh.service')
  }
})

test('reports a file or directory in place of a link', () => {
  expect(() => enabled(['ssh.service'], { [`${WANTS}/ssh.service`]: 'text' })).toThrow(
    expect.objectContaining({ facts: [['path', `${WANTS}/ssh.service`]] }),
  )
  expect(() =>
    enabled(['ssh.service'], { [`${WANTS}/ssh.service`]: { mode: 0o755, uid: 0, gid: 0 } }),
  ).toThrow('the path of its link is a directory')
})

test('follows a linked directory of links inside the image', () => {
  const layer = enabled(['ssh.service'], { [WANTS]: { to: '/usr/lib/wants' } })
  expect(target(layer, '/usr/lib/wants/ssh.service')).toBe('/usr/lib/systemd/system/ssh.service')
})

test('reports units that are missing, masked, dangling or static', () => {
  expect(() => enabled(['chrony.service'])).toThrow("the image has no unit 'chrony.service'")
  expect(() => enabled(['ssh'])).toThrow("'ssh' is not the name of a unit")
  expect(() => enabled(['../ssh.service'])).toThrow('is not the name of a unit')
  const mask = { '/etc/systemd/system/ssh.service': { to: '/dev/null' } }
  expect(() => enabled(['ssh.service'], mask)).toThrow("unit 'ssh.service' is masked")
  const dangling = { '/etc/systemd/system/gone.service': { to: '/opt/gone.service' } }
  expect(() => enabled(['gone.service'], dangling)).toThrow("cannot read unit 'gone.service'")
  const fixed = { '/usr/lib/systemd/system/fixed.service': '[Service]\nExecStart=/bin/true\n' }
  expect(() => enabled(['fixed.service'], fixed)).toThrow(
    "cannot enable unit 'fixed.service': it has no [Install] section",
  )
})

test('enables the unit behind an alias, and the override in /etc of a unit', () => {
  const alias = enabled(['sshd.service'], {
    '/etc/systemd/system/sshd.service': { to: '/lib/systemd/system/ssh.service' },
  })
  expect(target(alias, `${WANTS}/ssh.service`)).toBe('/usr/lib/systemd/system/ssh.service')
  const override = enabled(['ssh.service'], { '/etc/systemd/system/ssh.service': SSH })
  expect(target(override, `${WANTS}/ssh.service`)).toBe('/etc/systemd/system/ssh.service')
})

test('enables the units of Also=, even in a cycle or without [Install]', () => {
  const layer = enabled(['a.socket'], {
    '/usr/lib/systemd/system/a.socket': '[Install]\nRequiredBy=sockets.target\nAlso=a.service b.service\n',
    '/usr/lib/systemd/system/a.service': '[Install]\nWantedBy=multi-user.target\nAlso=a.socket\n',
    '/usr/lib/systemd/system/b.service': '[Unit]\n',
  })
  expect(target(layer, '/etc/systemd/system/sockets.target.requires/a.socket')).toBeDefined()
  expect(target(layer, `${WANTS}/a.service`)).toBeDefined()
})

test('enables instances of templates', () => {
  const getty = '[Install]\nWantedBy=getty.target\nWantedBy=console-%i.target\n'
  const path = '/usr/lib/systemd/system/getty@.service'
  const layer = enabled(['getty@tty1.service'], { [path]: getty })
  expect(target(layer, '/etc/systemd/system/getty.target.wants/getty@tty1.service')).toBe(path)
  expect(target(layer, '/etc/systemd/system/console-tty1.target.wants/getty@tty1.service')).toBe(path)
  expect(() => enabled(['getty@.service'], { [path]: getty })).toThrow(
    'a template without a default instance',
  )
  const byDefault = enabled(['getty@.service'], { [path]: `${getty}DefaultInstance=tty7\n` })
  expect(target(byDefault, '/etc/systemd/system/getty.target.wants/getty@tty7.service')).toBe(path)
})
