import { ImageError } from './error.ts'
import type { Layer } from './layer.ts'

/** How one logs in: without a password, not by password at all, or by a hash as crypt(5) writes it. */
export type Password = 'empty' | 'locked' | { readonly hash: string }

/** A user to add. */
export interface User {
  readonly name: string
  readonly uid: number
  /** The user's own group; as the uid unless given. */
  readonly gid?: number
  /** Other groups that the user is in; they must exist. */
  readonly groups?: readonly string[]
  /** What passwd(5) calls GECOS: the full name. */
  readonly comment?: string
  readonly home?: string
  readonly shell?: string
  readonly password?: Password
}

/** The account files of an image, as text: passwd(5), group(5), shadow(5), gshadow(5). */
export interface AccountTexts {
  readonly passwd: string
  readonly group: string
  readonly shadow: string
  readonly gshadow: string
}

const FILES = ['passwd', 'group', 'shadow', 'gshadow'] as const

const NAME = /^[a-z_][a-z0-9_-]{0,31}$/

const field = (password: Password): string => {
  if (password === 'empty') return ''
  if (password === 'locked') return '*'
  if (!/^[A-Za-z0-9./$=*,-]+$/.test(password.hash))
    throw new ImageError(
      'a password hash is not as crypt(5) writes it',
      {},
      'make one with: openssl passwd -6',
    )
  return password.hash
}

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))

const unrows = (table: readonly (readonly string[])[]): string =>
  table.map((row) => `${row.join(':')}\n`).join('')

/** Sets the password of one user in the text of a shadow file. Throws an ImageError when there is no such user. */
export function setPassword(shadow: string, user: string, password: Password): string {
  const table = rows(shadow)
  const row = table.find(([name]) => name === user)
  if (!row) throw new ImageError(`there is no user ${user} in /etc/shadow`)
  row[1] = field(password)
  return unrows(table)
}

/**
 * Adds a user, and the group of the same name. `day` is the date of the password, in days since 1970.
 * Throws an ImageError when a name or number is taken, or a group is missing.
 */
export function addUser(texts: AccountTexts, user: User, day: number): AccountTexts {
  const {
    name,
    uid,
    gid = uid,
    groups = [],
    comment = '',
    home = `/home/${name}`,
    shell = '/bin/bash',
  } = user
  if (!NAME.test(name)) throw new ImageError(`'${name}' cannot be the name of a user`)
  for (const text of [comment, home, shell])
    if (/[:\n]/.test(text)) throw new ImageError(`user ${name}: '${text}' holds a colon or a line break`)
  const [passwd, group, shadow, gshadow] = FILES.map((file) => rows(texts[file])) as [
    string[][],
    string[][],
    string[][],
    string[][],
  ]
  const taken = [
    ...passwd
      .filter((row) => row[0] === name || row[2] === String(uid))
      .map((row) => `user ${row[0]} (${row[2]})`),
    ...group
      .filter((row) => row[0] === name || row[2] === String(gid))
      .map((row) => `group ${row[0]} (${row[2]})`),
  ]
  if (taken.length > 0)
    throw new ImageError(`cannot add the user ${name} (${uid})`, { 'there is': taken.join(', ') })
  passwd.push([name, 'x', String(uid), String(gid), comment, home, shell])
  shadow.push([name, field(user.password ?? 'locked'), String(day), '0', '99999', '7', '', '', ''])
  group.push([name, 'x', String(gid), ''])
  gshadow.push([name, '!', '', ''])
  for (const other of groups) {
    const members = [group, gshadow].map((table) => table.find((row) => row[0] === other))
    if (!members[0])
      throw new ImageError(`cannot add the user ${name} to the group ${other}`, {}, 'there is no such group')
    for (const row of members)
      if (row) row[3] = [...(row[3] ?? '').split(',').filter(Boolean), name].join(',')
  }
  return { passwd: unrows(passwd), group: unrows(group), shadow: unrows(shadow), gshadow: unrows(gshadow) }
}

/** The account files of an image, read through a layer. Throws an ImageError when one is missing. */
export function readAccounts(layer: Layer): AccountTexts {
  const read = (file: string): string => {
    const text = layer.read(`/etc/${file}`)
    if (text === undefined) throw new ImageError(`there is no /etc/${file} in the image`)
    return text
  }
  return { passwd: read('passwd'), group: read('group'), shadow: read('shadow'), gshadow: read('gshadow') }
}

/** Writes the account files that differ from what is there, with the mode and owner that they have. */
export function writeAccounts(layer: Layer, texts: AccountTexts): void {
  const before = readAccounts(layer)
  for (const file of FILES) if (before[file] !== texts[file]) layer.rewrite(`/etc/${file}`, texts[file])
}
