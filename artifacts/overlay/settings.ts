import type { Json } from 'lbuild'
import { addUser, readAccounts, setPassword, writeAccounts, type User } from 'lbuild/images/accounts'
import { ImageError } from 'lbuild/images/error'
import type { Attributes, Layer } from 'lbuild/images/layer'

const SECONDS_PER_DAY = 86_400

const HOST_NAME = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i

/**
 * Names the system (hostname(5), hosts(5)) and leaves machine-id(5) empty, to be filled at the first boot.
 * Throws an ImageError when the name cannot be one.
 */
export function setIdentity(layer: Layer, hostname: string): void {
  if (!HOST_NAME.test(hostname))
    throw new ImageError(
      `'${hostname}' cannot be a host name`,
      {},
      'letters, digits and dashes, at most 64 in all',
    )
  layer.write('/etc/hostname', `${hostname}\n`)
  layer.write(
    '/etc/hosts',
    `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
  )
  layer.write('/etc/machine-id', '', { mode: 0o444 })
}

/** Adds users with their homes, filled from /etc/skel, and sets root's password. `epoch` is in seconds since 1970. */
export function setAccounts(
  layer: Layer,
  users: readonly User[],
  root: 'empty' | 'locked',
  epoch: number,
): void {
  let texts = readAccounts(layer)
  texts = { ...texts, shadow: setPassword(texts.shadow, 'root', root) }
  for (const user of users) texts = addUser(texts, user, Math.floor(epoch / SECONDS_PER_DAY))
  writeAccounts(layer, texts)
  for (const { name, uid, gid = uid, home = `/home/${name}` } of users) {
    layer.directory(home, { mode: 0o700, uid, gid })
    for (const path of layer.filesBelow('/etc/skel'))
      layer.write(`${home}${path.slice('/etc/skel'.length)}`, layer.read(path)!, { uid, gid })
  }
}

/** The permissions of some paths: `{ "/etc/secret": { "mode": "0600", "uid": 0, "gid": 0 } }`. */
export type Permissions = Readonly<
  Record<string, { readonly mode?: string; readonly uid?: number; readonly gid?: number }>
>

/** Sets the permissions of a table. Throws an ImageError when a path is not there or a mode cannot be read. */
export function setPermissions(layer: Layer, table: Permissions): void {
  for (const [path, { mode, ...owner }] of Object.entries(table)) {
    if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode))
      throw new ImageError(
        `cannot read the mode '${mode}' of ${path}`,
        {},
        'write it in octal digits: "0640"',
      )
    const attributes: Partial<Attributes> = {
      ...owner,
      ...(mode === undefined ? {} : { mode: parseInt(mode, 8) }),
    }
    layer.setAttributes(path, attributes)
  }
}

/** A list of users as a param gives it. Throws an ImageError when an entry lacks its name or number. */
export function parseUsers(value: Json): User[] {
  const users = Array.isArray(value) ? (value as unknown as User[]) : undefined
  if (!users?.every((user) => typeof user?.name === 'string' && Number.isInteger(user.uid)))
    throw new ImageError('cannot read the list of users', {}, 'write users like { name: "ada", uid: 1000 }')
  return users
}
