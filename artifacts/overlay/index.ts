// The artifact `overlay`: everything of LevitateOS that Debian's packages do not contain.
import { readFile, writeFile } from 'node:fs/promises'
import { artifact, choice, data, internal, text, tree, type Json } from 'lbuild'
import { parseUsers, setAccounts } from 'lbuild/images/accounts'
import { setIdentity } from 'lbuild/images/hostIdentity'
import { Layer } from 'lbuild/images/layer'
import { addTree } from 'lbuild/images/layerTree'
import type { Manifest } from 'lbuild/images/manifest'
import { setPermissions, type Permissions } from 'lbuild/images/permissions'
import { enableUnits } from 'lbuild/images/systemdUnits'
import { base } from '../base/index.ts'

/** LevitateOS's own files, accounts, host name and services, as a layer over the base system. */
export const overlay = artifact('overlay', {
  describe: "the distro's own files, accounts and services, over the base system",
  inputs: { base: base.output('manifest'), files: tree('artifacts/overlay/files') },
  params: {
    hostname: text('levitate', 'the host name of the system'),
    rootPassword: choice(
      ['empty', 'locked'],
      'empty',
      'empty: root logs in at the console without a password; locked: root cannot log in with a password',
    ),
    users: data<Json>([], 'the users to add, as a list of { name, uid, groups, password, … }'),
    services: data(
      [
        'NetworkManager.service',
        'ssh.service',
        'sshd-keygen.service',
        'chrony.service',
        'systemd-resolved.service',
      ],
      'the systemd units to enable; replaces the default list',
    ),
    permissions: data<Permissions>({}, 'modes and owners of files and directories, by path'),
  },
  outputs: { tar: internal('overlay.tar') },
  async produce({ inputs, params, outputs, epoch }) {
    const manifest: Manifest = JSON.parse(await readFile(inputs.base, 'utf8'))
    const layer = new Layer(manifest)
    await addTree(layer, inputs.files)
    setIdentity(layer, params.hostname)
    setAccounts(layer, parseUsers(params.users), params.rootPassword, epoch)
    setPermissions(layer, params.permissions)
    enableUnits(layer, params.services)
    await writeFile(outputs.tar, await layer.tar(epoch))
  },
})
