/**
 * The account files of an image: passwd(5), group(5), shadow(5), gshadow(5).
 * @module lbuild/images/accounts
 */
import { Failure } from '../api/index.ts'
import type { Layer } from './layer.ts'

/** How a user logs in: without a password, never by password, or by a hash in the format of crypt(5). */
export type Password = 'empty' | 'locked' | { readonly hash: string }

/** A user to add. */
export interface User {
  readonly name: string
  readonly uid: number
  /** The user's own group; the same number as `uid` by default. */
  readonly gid?: number
  /** Existing groups that the user joins. */
  readonly groups?: readonly string[]
  /** The GECOS field of passwd(5): the full name. */
  readonly comment?: string
  /** `/home/NAME` by default. */
  readonly home?: string
  /** `/bin/bash` by default. */
  readonly shell?: string
  /** Locked by default. */
  readonly password?: Password
}

/** The account files of an image, as text. */
export interface AccountFiles {
  readonly passwd: string
  readonly group: string
  readonly shadow: string
  readonly gshadow: string
}

const FILES = ['passwd', 'group', 'shadow', 'gshadow'] as const

const SECONDS_PER_DAY = 86_400

/** useradd(8), CAVEATS. */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/

type Row = string[]

const parseRows = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))

const formatRows = (table: readonly Row[]): string => table.map((row) => `${row.join(':')}\n`).join('')

function passwordField(password: Password): string {
  if (password === 'empty') return ''
  if (password === 'locked') return '*'
  if (!/^[A-Za-z0-9./$=*,-]+$/.test(password.hash))
    throw new Failure('invalid password hash', { hint: 'create one with: openssl passwd -6' })
  return password.hash
}

/** Sets one user's password in the text of a shadow file. Throws a Failure when the user does not exist. */
export function setPassword(shadow: string, user: string, password: Password): string {
  const table = parseRows(shadow)
  const row = table.find(([name]) => name === user)
  if (!row) throw new Failure(`/etc/shadow has no user '${user}'`)
  row[1] = passwordField(password)
  return formatRows(table)
}

/**
 * Adds a user, and a group with the same name. `day` dates the password, in days since 1970-01-01.
 * Throws a Failure when the name or a number is invalid or taken, or when a group is missing.
 */
export function addUser(files: AccountFiles, user: User, day: number): AccountFiles {
  const { name, uid, gid = uid, groups = [], comment = '', shell = '/bin/bash' } = user
  const home = homeOf(user)
  if (!USER_NAME.test(name)) throw new Failure(`'${name}' is not a valid user name`)
  for (const text of [comment, home, shell])
    if (/[:\n]/.test(text)) throw new Failure(`user '${name}': '${text}' contains a colon or a line break`)
  const passwd = parseRows(files.passwd)
  const group = parseRows(files.group)
  const shadow = parseRows(files.shadow)
  const gshadow = parseRows(files.gshadow)
  const conflicts = [
    ...conflictsIn(passwd, 'user', name, uid),
    ...conflictsIn(group, 'group', name, gid),
  ].join(', ')
  if (conflicts !== '')
    throw new Failure(`cannot add user '${name}' (${uid})`, { facts: [['already taken', conflicts]] })
  passwd.push([name, 'x', String(uid), String(gid), comment, home, shell])
  shadow.push([name, passwordField(user.password ?? 'locked'), String(day), '0', '99999', '7', '', '', ''])
  group.push([name, 'x', String(gid), ''])
  gshadow.push([name, '!', '', ''])
  for (const other of groups) {
    if (!group.some((row) => row[0] === other))
      throw new Failure(`cannot add user '${name}' to group '${other}'`, {
        hint: `create the group '${other}', or remove it from the user's groups`,
      })
    addMember(group, other, name)
    addMember(gshadow, other, name)
  }
  return {
    passwd: formatRows(passwd),
    group: formatRows(group),
    shadow: formatRows(shadow),
    gshadow: formatRows(gshadow),
  }
}

const homeOf = ({ name, home = `/home/${name}` }: User): string => home

const conflictsIn = (table: readonly Row[], kind: string, name: string, id: number): string[] =>
  table
    .filter((row) => row[0] === name || row[2] === String(id))
    .map((row) => `${kind} ${row[0]} (${row[2]})`)

/** Adds a member to a group in a table of group(5) or gshadow(5), where the fourth field lists the members. */
function addMember(table: readonly Row[], group: string, member: string): void {
  const row = table.find(([name]) => name === group)
  if (row) row[3] = [...(row[3] ?? '').split(',').filter(Boolean), member].join(',')
}

/** Reads the account files of an image through a layer. Throws a Failure when one is missing. */
export function readAccounts(layer: Layer): AccountFiles {
  const read = (file: string): string => {
    const text = layer.read(`/etc/${file}`)
    if (text === undefined) throw new Failure(`the image has no /etc/${file}`)
    return text
  }
  return { passwd: read('passwd'), group: read('group'), shadow: read('shadow'), gshadow: read('gshadow') }
}

/** Writes the account files whose content changed; their modes and owners stay. */
export function writeAccounts(layer: Layer, files: AccountFiles): void {
  const before = readAccounts(layer)
  for (const file of FILES) if (before[file] !== files[file]) layer.rewrite(`/etc/${file}`, files[file])
}

/**
 * Sets root's password and adds users, each with a home directory that contains the files of /etc/skel.
 * `epoch` dates their passwords, in seconds since 1970-01-01. Throws the same Failures as `addUser`.
 */
export function setAccounts(
  layer: Layer,
  users: readonly User[],
  rootPassword: Password,
  epoch: number,
): void {
  let files = readAccounts(layer)
  files = { ...files, shadow: setPassword(files.shadow, 'root', rootPassword) }
  for (const user of users) files = addUser(files, user, Math.floor(epoch / SECONDS_PER_DAY))
  writeAccounts(layer, files)
  for (const user of users) {
    const { uid, gid = uid } = user
    const home = homeOf(user)
    layer.directory(home, { mode: 0o700, uid, gid })
    for (const path of layer.filesBelow('/etc/skel'))
      layer.write(`${home}${path.slice('/etc/skel'.length)}`, layer.read(path) ?? '', { uid, gid })
  }
}

const isUser = (value: unknown): value is User =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'uid' in value &&
  Number.isInteger(value.uid)

/** The members of a user. */
const MEMBERS = ['name', 'uid', 'gid', 'groups', 'comment', 'home', 'shell', 'password']

/**
 * Reads the value of a param as users. Throws a Failure when it is not a list, or a user lacks its name or uid, or has a member
 * that users do not have.
 */
export function parseUsers(value: unknown): readonly User[] {
  if (!Array.isArray(value)) throw invalidUsers(value)
  return value.map(parseUser)
}

function parseUser(value: unknown): User {
  if (!isUser(value)) throw invalidUsers(value)
  const unknown = Object.keys(value).find((member) => !MEMBERS.includes(member))
  if (unknown === undefined) return value
  throw new Failure(`the user '${value.name}' has an unknown member '${unknown}'`, {
    hint: `choose from: ${MEMBERS.join(', ')}`,
  })
}

const invalidUsers = (value: unknown): Failure =>
  new Failure('invalid list of users', {
    facts: [['user', JSON.stringify(value)]],
    hint: 'write a list of users as { name: "ada", uid: 1000 }',
  })
