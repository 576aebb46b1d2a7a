// The artifact `modules`: the kernel modules of the running system.
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, file, internal } from 'lbuild'
import { keepModules } from 'lbuild/images/keepModules'
import { packLayer } from 'lbuild/images/layers'
import { moduleClosure, oneKernelVersion, parseList, readModuleIndex } from 'lbuild/images/kernelModules'
import { kernel } from '../kernel/index.ts'

/** The modules of a list, with everything that they require. */
export const modules = artifact('modules', {
  describe: 'the kernel modules of the running system',
  inputs: { all: kernel.output('modules'), list: file('artifacts/modules/modules.list') },
  tools: ['zstd', 'tar', 'depmod'],
  outputs: { tar: internal('modules.tar') },
  async produce({ inputs, outputs, run, scratch, epoch, log }) {
    const tar = join(scratch, 'all.tar')
    const root = join(scratch, 'root')
    await mkdir(root)
    await run('zstd', ['-q', '-f', '-d', inputs.all, '-o', tar])
    await run('tar', [`--directory=${root}`, '--extract', `--file=${tar}`])
    const versions = join(root, 'usr/lib/modules')
    const version = oneKernelVersion(await readdir(versions))
    const index = await readModuleIndex(join(versions, version))
    const kept = moduleClosure(index, parseList(await readFile(inputs.list, 'utf8')))
    log(`${kept.length} of ${index.paths.size} modules of Linux ${version}`)
    await keepModules(join(versions, version), kept)
    await run('depmod', ['-b', join(root, 'usr'), version])
    await packLayer(run, outputs.tar, root, ['usr/lib/modules'], epoch)
  },
})
