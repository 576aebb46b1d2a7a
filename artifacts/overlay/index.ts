import { readFile, writeFile } from 'node:fs/promises'
import { artifact, choice, data, internal, text, tree, type Json } from 'lbuild'
import { Layer } from 'lbuild/images/layer'
import type { Manifest } from 'lbuild/images/manifest'
import { enableUnits } from 'lbuild/images/units'
import { base } from '../base/index.ts'
import { parseUsers, setAccounts, setIdentity, setPermissions, type Permissions } from './settings.ts'
import { addTree } from './tree.ts'

/** What makes a Debian base LevitateOS: files of its own, accounts, a name, and the services that run. */
export const overlay = artifact('overlay', {
  describe: "the distro's own files, accounts and services, over the base system",
  inputs: { base: base.output('manifest'), files: tree('artifacts/overlay/files') },
  params: {
    hostname: text('levitate', 'the name of the system'),
    rootPassword: choice(
      ['empty', 'locked'],
      'empty',
      'how root logs in at the console: without a password, or not',
    ),
    users: data<Json>([], 'users to add: { name, uid, groups, password }'),
    services: data(
      [
        'NetworkManager.service',
        'ssh.service',
        'sshd-keygen.service',
        'chrony.service',
        'systemd-resolved.service',
      ],
      'units to enable',
    ),
    permissions: data<Permissions>({}, 'modes and owners of files and directories, by path'),
  },
  outputs: { tar: internal('overlay.tar') },
  async produce({ inputs, params, outputs, epoch }) {
    const layer = new Layer(JSON.parse(await readFile(inputs.base, 'utf8')) as Manifest)
    await addTree(layer, inputs.files)
    setIdentity(layer, params.hostname)
    setAccounts(layer, parseUsers(params.users), params.rootPassword, epoch)
    setPermissions(layer, params.permissions)
    enableUnits(layer, params.services)
    await writeFile(outputs.tar, await layer.tar(epoch))
  },
})
