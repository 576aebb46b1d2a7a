// The artifact `base`: the installed packages.
import { writeFile } from 'node:fs/promises'
import { artifact, internal, text, tree } from 'lbuild'
import { makeRepository } from 'lbuild/debian/repository'
import { readManifest } from 'lbuild/images/manifest'
import { packages } from '../packages/index.ts'

/** Excludes documentation and translations from every package, but no licenses. */
const EXCLUSIONS = ['exclude=/usr/share/man/*', 'exclude=/usr/share/doc/*', 'exclude=/usr/share/locale/*']
const INCLUSION = 'include=/usr/share/doc/*/copyright'

/** The texts that the overlay reads or changes: accounts, the skeleton of home directories, and units. */
const TEXTS = /^\/etc\/(passwd|group|shadow|gshadow)$|^\/etc\/skel\/|^\/(etc|usr\/lib)\/systemd\/system\//

/** A Debian system, installed from the pinned packages without network, and cleaned of all traces of the build. */
export const base = artifact('base', {
  describe: 'the installed Debian packages',
  inputs: { packages: packages.downloads(), hooks: tree('artifacts/base/hooks') },
  params: { suite: text('bookworm', 'the Debian release') },
  // The producer runs only mmdebstrap, which runs the others; they are listed for the key.
  tools: [{ name: 'mmdebstrap', atLeast: '1.3' }, 'apt-get', 'dpkg', 'dpkg-deb', 'tar'],
  outputs: { tar: internal('base.tar'), manifest: internal('base.json') },
  async produce({ inputs, params, outputs, run, scratch, log }) {
    const repository = await makeRepository(run, inputs.packages, `${scratch}/repository`, params.suite)
    log(`installing ${repository.names.length} packages`)
    await run('mmdebstrap', [
      '--mode=root',
      '--variant=minbase',
      '--format=tar',
      // Merges /usr before the first package is unpacked, so that usr-is-merged suffices.
      '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
      // customize.sh cleans up instead, without looking up the user _apt on the host.
      '--skip=cleanup/apt',
      `--include=${repository.names.join(',')}`,
      '--aptopt=APT::Install-Recommends "false"',
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Sandbox::User "root"',
      ...[...EXCLUSIONS, INCLUSION].map((option) => `--dpkgopt=path-${option}`),
      `--essential-hook=${inputs.hooks}/essential.sh`,
      `--customize-hook=${inputs.hooks}/customize.sh`,
      params.suite,
      outputs.tar,
      `deb [trusted=yes] copy://${repository.directory} ./`,
    ])
    const manifest = await readManifest(outputs.tar, (path) => TEXTS.test(path))
    await writeFile(outputs.manifest, JSON.stringify(manifest))
  },
})
