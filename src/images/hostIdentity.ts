/**
 * The identity of a system: host name and machine id.
 * @module lbuild/images/hostIdentity
 */
import { Failure } from '../api/index.ts'
import type { Layer } from './layer.ts'

/** hostname(7): labels of letters, digits and dashes; at most 64 characters (HOST_NAME_MAX). */
const HOST_NAME = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i

/**
 * Writes hostname(5) and hosts(5), and an empty machine-id(5) that the first boot fills.
 * Throws a Failure when the host name is invalid.
 */
export function setIdentity(layer: Layer, hostname: string): void {
  if (!HOST_NAME.test(hostname))
    throw new Failure(`'${hostname}' is not a valid host name`, {
      hint: 'use letters, digits and dashes, at most 64 characters',
    })
  layer.write('/etc/hostname', `${hostname}\n`)
  layer.write(
    '/etc/hosts',
    `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
  )
  layer.write('/etc/machine-id', '', { mode: 0o444 })
}
