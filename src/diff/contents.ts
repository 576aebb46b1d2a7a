import { createHash } from 'node:crypto'
import { createReadStream, openSync, readSync, closeSync } from 'node:fs'
import { extract } from 'tar-stream'
import type { Run } from '../api/artifact.ts'
import { Failure } from '../platform/failure.ts'
import { SECTOR } from '../images/gpt.ts'

/** One thing in an image. What does not apply is missing. */
export interface Content {
  readonly type: string
  /** Permission bits in octal. */
  readonly mode?: string
  readonly owner?: string
  /** In bytes. */
  readonly size?: number
  /** The SHA-256 of a file, the target of a link, the version of a package, the rows of a table. */
  readonly content?: string
  /** Of a file that was unpacked: where it lies, for looking into it. */
  readonly unpackedAt?: string
}

/** What is in an image, by name: `/etc/motd`, `root:/etc/motd` on a disk, `package bash`, `partition 1`. */
export type Contents = ReadonlyMap<string, Content>

/** What runs the tools that reading an image needs. */
export type ContentRun = Run<
  | 'find'
  | 'sha256sum'
  | 'cat'
  | 'mkdir'
  | 'fsck.erofs'
  | 'debugfs'
  | 'mcopy'
  | 'xorriso'
  | 'sfdisk'
  | 'qemu-img'
  | 'zstd'
  | 'cpio'
>

/** Where the packages of a Debian system are listed (dpkg(1), FILES). */
const STATUS = 'var/lib/dpkg/status'

/**
 * Lists what is in an image, which is recognised by its bytes: a tar, a cpio, an EROFS, an ISO 9660, an ext4, a FAT, a disk
 * with a GUID partition table, raw or as qcow2, and what zstd packed of these. Undefined for anything else. Real tools
 * unpack below `scratch`, an empty directory; `run` must keep them from writing anywhere else, for what an image holds is
 * not to be trusted. Throws a Failure for a qcow2 that would have other files of the host read.
 */
export async function contentsOf(
  run: ContentRun,
  path: string,
  scratch: string,
): Promise<Contents | undefined> {
  const magic = (at: number, bytes: string): boolean =>
    bytesAt(path, at, bytes.length).toString('latin1') === bytes
  // pax(1), "ustar Interchange Format"; ECMA-119, 8.1.2; Linux, Documentation/filesystems/erofs.rst and ext4/super.rst;
  // UEFI 2.10, 5.3.2; QEMU, docs/interop/qcow2.txt; RFC 8878, 3.1.1; Linux, Documentation/driver-api/early-userspace/
  // buffer-format.rst.
  if (magic(257, 'ustar')) return tarContents(path)
  if (magic(0, '\x28\xb5\x2f\xfd')) {
    const [plain, inside] = [`${scratch}/plain`, `${scratch}/inside`]
    await run('mkdir', ['-p', inside])
    await run('zstd', ['--decompress', '--quiet', path, '-o', plain])
    return contentsOf(run, plain, inside)
  }
  if (magic(0, '070701'))
    return unpacked(run, scratch, (to) =>
      run('cpio', [
        '--extract',
        '--quiet',
        '--make-directories',
        '--no-absolute-filenames',
        '-D',
        to,
        '-F',
        path,
      ]),
    )
  if (magic(32_769, 'CD001'))
    return unpacked(run, scratch, (to) =>
      run('xorriso', ['-osirrox', 'on', '-indev', path, '-extract', '/', to]),
    )
  if (magic(1024, '\xe2\xe1\xf5\xe0'))
    return unpacked(run, scratch, (to) =>
      run('fsck.erofs', [`--extract=${to}`, '--overwrite', '--preserve', path]),
    )
  if (magic(0, 'QFI\xfb')) {
    checkStandsAlone(path)
    const disk = `${scratch}/disk`
    await run('qemu-img', ['convert', '-O', 'raw', path, disk])
    return diskContents(run, disk, scratch)
  }
  if (magic(SECTOR, 'EFI PART')) return diskContents(run, path, scratch)
  return fileSystemContents(run, path, 0, scratch)
}

/** Throws for a qcow2 whose header names another file: a backing file, or one with the data (qcow2.txt, "Header"). */
function checkStandsAlone(path: string): void {
  const header = bytesAt(path, 0, 104)
  const hasBacking = header.readBigUInt64BE(8) !== 0n
  const hasDataFile = header.readUInt32BE(4) >= 3 && (header.readBigUInt64BE(72) & 4n) !== 0n
  if (hasBacking || hasDataFile)
    throw new Failure('what is inside cannot be shown: this qcow2 names another file that holds its data', {
      hint: 'qemu-img info tells which; qemu-img convert makes one that stands alone',
    })
}

function bytesAt(path: string, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const fd = openSync(path, 'r')
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, length, at))
  } finally {
    closeSync(fd)
  }
}

async function tarContents(path: string): Promise<Contents> {
  const found = new Map<string, Content>()
  const archive = createReadStream(path, { highWaterMark: 1 << 20 }).pipe(extract())
  for await (const entry of archive) {
    const { name, type, mode, uid, gid, size, linkname } = entry.header
    const hash = createHash('sha256')
    const isStatus = name.replace(/^\.?\//, '') === STATUS
    const chunks: Buffer[] = []
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk)
      if (isStatus) chunks.push(chunk)
    }
    const content = type === 'file' ? hash.digest('hex') : (linkname ?? undefined)
    found.set(`/${name.replace(/^\.?\/?/, '').replace(/\/$/, '')}`, {
      type: type ?? 'file',
      mode: (mode ?? 0).toString(8),
      owner: `${uid ?? 0}:${gid ?? 0}`,
      ...(type === 'file' ? { size: size ?? 0 } : {}),
      ...(content === undefined ? {} : { content }),
    })
    if (isStatus) addPackages(found, Buffer.concat(chunks).toString())
  }
  return found
}

interface PartitionTable {
  readonly partitiontable: {
    readonly id: string
    readonly partitions: readonly { start: number; size: number; type: string; uuid: string; name?: string }[]
  }
}

async function diskContents(run: ContentRun, disk: string, scratch: string): Promise<Contents> {
  const { stdout } = await run('sfdisk', ['--json', disk])
  const { id, partitions } = (JSON.parse(stdout) as PartitionTable).partitiontable
  const found = new Map<string, Content>([['partition table', { type: 'GPT', content: id }]])
  for (const [at, { start, size, type, uuid, name = '' }] of partitions.entries()) {
    const content = `${name}, from sector ${start}, ${size} sectors, type ${type}, id ${uuid}`
    found.set(`partition ${at + 1}`, { type: 'partition', content })
    const inside = await fileSystemContents(run, disk, start * SECTOR, `${scratch}/${at + 1}`)
    for (const [path, one] of inside ?? [])
      found.set(path.startsWith('/') ? `${name || at + 1}:${path}` : path, one)
  }
  return found
}

/** A file system that begins somewhere in a file. The locations of magic numbers are those of ext4/super.rst and of Microsoft's FAT specification, 3.1. */
async function fileSystemContents(
  run: ContentRun,
  path: string,
  offset: number,
  scratch: string,
): Promise<Contents | undefined> {
  const at = (place: number, length: number): string =>
    bytesAt(path, offset + place, length).toString('latin1')
  if (at(1080, 2) === '\x53\xef')
    return unpacked(run, scratch, (to) =>
      run('debugfs', ['-R', `rdump / "${to}"`, `${path}?offset=${offset}`]),
    )
  if (at(54, 3) === 'FAT' || at(82, 3) === 'FAT')
    return unpacked(run, scratch, (to) =>
      run('mcopy', ['-s', '-n', '-i', `${path}@@${offset}`, '::/*', to], { env: { MTOOLS_SKIP_CHECK: '1' } }),
    )
  return undefined
}

/** Lists a directory into which a tool unpacked an image. */
async function unpacked(
  run: ContentRun,
  scratch: string,
  unpack: (to: string) => Promise<unknown>,
): Promise<Contents> {
  const root = `${scratch}/tree`
  await run('mkdir', ['-p', root])
  await unpack(root)
  const fields = ['%P', '%y', '%m', '%U:%G', '%s', '%l'].join('\\0')
  const { stdout: listing } = await run('find', ['-P', root, '-mindepth', '1', '-printf', `${fields}\\0`])
  const { stdout: sums } = await run('find', [
    '-P',
    root,
    '-type',
    'f',
    '-exec',
    'sha256sum',
    '--zero',
    '{}',
    '+',
  ])
  const digests = new Map(
    sums.split('\0').map((line) => [line.slice(66 + root.length + 1), line.slice(0, 64)]),
  )
  const found = new Map<string, Content>()
  const words = listing.split('\0')
  for (let at = 0; at + 6 <= words.length; at += 6) {
    const [path, type, mode, owner, size, target] = words.slice(at, at + 6) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    const content = type === 'f' ? digests.get(path) : target || undefined
    found.set(`/${path}`, {
      type: { f: 'file', d: 'directory', l: 'symlink' }[type] ?? type,
      mode,
      owner,
      ...(type === 'f' ? { size: Number(size), unpackedAt: `${root}/${path}` } : {}),
      ...(content === undefined ? {} : { content }),
    })
  }
  if (found.get(`/${STATUS}`)?.type === 'file')
    addPackages(found, (await run('cat', [`${root}/${STATUS}`])).stdout)
  return found
}

/** Adds the installed packages of a list of dpkg(1): stanzas of fields (deb822(5)). */
function addPackages(found: Map<string, Content>, status: string): void {
  for (const stanza of status.split(/\n\n+/)) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]
    const [name, version] = [field('Package'), field('Version')]
    if (name !== undefined && version !== undefined && field('Status')?.endsWith(' installed') === true)
      found.set(`package ${name}`, { type: 'package', content: version })
  }
}
