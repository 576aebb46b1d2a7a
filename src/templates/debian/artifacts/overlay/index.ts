// The artifact `overlay`: everything that Debian's packages do not contain.
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
import { FSTAB } from '../qcow2/ids.ts'

/** Our own files, accounts, host name and services, as a layer over the installed packages. */
export const overlay = artifact('overlay', {
  describe: 'our own files, accounts and services',
  inputs: { base: base.output('manifest'), files: tree('artifacts/overlay/files') },
  params: {
    hostname: text('mydistro', 'the host name of the system'),
    rootPassword: choice(
      ['empty', 'locked'],
      'empty',
      'empty: root logs in at the console without a password; locked: root cannot log in with a password',
    ),
    users: data<Json>([], 'the users to add, as a list of { name, uid, groups, password, … }'),
    services: data(
      ['systemd-networkd.service', 'systemd-resolved.service', 'ssh.service', 'sshd-keygen.service'],
      'the systemd units to enable; replaces the default list',
    ),
    permissions: data<Permissions>({}, 'modes and owners of files and directories, by path'),
  },
  outputs: { tar: internal('overlay.tar') },
  async produce({ inputs, params, outputs, epoch }) {
    const manifest: Manifest = JSON.parse(await readFile(inputs.base, 'utf8'))
    const layer = new Layer(manifest)
    await addTree(layer, inputs.files)
    layer.write('/etc/fstab', FSTAB)
    setIdentity(layer, params.hostname)
    setAccounts(layer, parseUsers(params.users), params.rootPassword, epoch)
    setPermissions(layer, params.permissions)
    enableUnits(layer, params.services)
    await writeFile(outputs.tar, await layer.tar(epoch))
  },
})
