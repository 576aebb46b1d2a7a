// Lists what an image contains, whatever its format: files, partitions, and entries that readers find in known files.
import { closeSync, openSync, readSync } from 'node:fs'
import type { Run } from '../api/artifact.ts'
import { SECTOR } from '../images/gpt.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { TAR_MAGIC, tarMembers } from './tarMembers.ts'

/** One thing in an image. Members that do not apply are absent. */
export interface Content {
  readonly type: string
  /** Permission bits in octal. */
  readonly mode?: string
  readonly owner?: string
  /** The size in bytes. */
  readonly size?: number
  /** The SHA-256 of a file, the target of a link, the version of a package, the rows of a table. */
  readonly content?: string
  /** The path of an unpacked file, for reading what is inside it. */
  readonly unpackedAt?: string
}

/** The contents of an image by name: `/etc/motd`, `root:/etc/motd` on a disk, `partition 1`, or a reader's `package bash`. */
export type Contents = ReadonlyMap<string, Content>

/** Finds named entries in one file of an image, such as packages in a package database. */
export interface ContentReader {
  /** The path of the file in the image, without a leading slash. */
  readonly path: string
  /** The entries in the text of that file. Never throws, because the text is not trusted. */
  readonly read: (text: string) => Contents
}

/** Runs the tools that reading an image needs. */
export type ContentRun = Run<
  | 'find'
  | 'sha256sum'
  | 'cat'
  | 'mkdir'
  | 'rm'
  | 'fsck.erofs'
  | 'debugfs'
  | 'mcopy'
  | 'xorriso'
  | 'sfdisk'
  | 'qemu-img'
  | 'zstd'
  | 'cpio'
>

/** What reading an image needs besides its path. */
export interface ContentTools {
  readonly disk: Disk
  /** Must confine the tools to writing below the scratch directory: what an image holds is not trusted. */
  readonly run: ContentRun
  readonly readers: readonly ContentReader[]
}

/**
 * Lists the contents of an image. Recognised by their bytes: tar, cpio, EROFS, ISO 9660, ext4, FAT, a disk with a GUID
 * partition table (raw or qcow2), and any of these compressed with zstd. Undefined for anything else. The tools unpack
 * below `scratch`, an empty directory. Throws a Failure for a qcow2 that refers to other files of the host.
 */
export async function imageContents(
  tools: ContentTools,
  path: string,
  scratch: string,
): Promise<Contents | undefined> {
  const { run } = tools
  const magic = (at: number, bytes: string): boolean =>
    bytesAt(path, at, bytes.length).toString('latin1') === bytes
  // ECMA-119, 8.1.2; Linux, Documentation/filesystems/erofs.rst and ext4/super.rst; UEFI 2.10, 5.3.2; QEMU,
  // docs/interop/qcow2.txt; RFC 8878, 3.1.1; Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
  if (magic(TAR_MAGIC.at, TAR_MAGIC.bytes)) return tarContents(tools, path)
  if (magic(0, '\x28\xb5\x2f\xfd')) {
    const [plain, inside] = [`${scratch}/plain`, `${scratch}/inside`]
    await run('mkdir', ['-p', inside])
    await run('zstd', ['--decompress', '--quiet', path, '-o', plain])
    return imageContents(tools, plain, inside)
  }
  if (magic(0, '070701')) {
    const options = ['--extract', '--quiet', '--make-directories', '--no-absolute-filenames']
    return unpackedContents(tools, scratch, (to) => run('cpio', [...options, '-D', to, '-F', path]))
  }
  if (magic(32_769, 'CD001'))
    return unpackedContents(tools, scratch, (to) =>
      run('xorriso', ['-osirrox', 'on', '-indev', path, '-extract', '/', to]),
    )
  if (magic(1024, '\xe2\xe1\xf5\xe0'))
    return unpackedContents(tools, scratch, (to) =>
      run('fsck.erofs', [`--extract=${to}`, '--overwrite', '--preserve', path]),
    )
  if (magic(0, 'QFI\xfb')) {
    assertStandsAlone(path)
    const disk = `${scratch}/disk`
    await run('qemu-img', ['convert', '-O', 'raw', path, disk])
    return diskContents(tools, disk, scratch)
  }
  if (magic(SECTOR, 'EFI PART')) return diskContents(tools, path, scratch)
  return fileSystemContents(tools, path, 0, scratch)
}

/** Throws for a qcow2 whose header names another file: a backing file or a data file (qcow2.txt, "Header"). */
function assertStandsAlone(path: string): void {
  const header = bytesAt(path, 0, 104)
  const hasBacking = header.readBigUInt64BE(8) !== 0n
  const hasDataFile = header.readUInt32BE(4) >= 3 && (header.readBigUInt64BE(72) & 4n) !== 0n
  if (hasBacking || hasDataFile)
    throw new Failure('cannot read the image: this qcow2 names another file that contains its data', {
      hint: 'run qemu-img convert to make an image without such a file; qemu-img info names the file',
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

async function tarContents({ disk, readers }: ContentTools, path: string): Promise<Contents> {
  const contents = new Map<string, Content>()
  const pathIn = (name: string): string => name.replace(/^\.?\/?/, '').replace(/\/$/, '')
  const readerOf = (name: string): ContentReader | undefined =>
    readers.find((reader) => reader.path === pathIn(fromRawPath(name)))
  const members = tarMembers(disk, toRawPath(path), (name) => readerOf(name) !== undefined)
  for await (const { name, type, mode, owner, size, digest, linkTarget, content: text } of members) {
    const content = type === 'file' ? digest : fromRawPath(linkTarget) || undefined
    contents.set(`/${pathIn(fromRawPath(name))}`, {
      type,
      mode: mode.toString(8),
      owner,
      ...(type === 'file' ? { size } : {}),
      ...(content === undefined ? {} : { content }),
    })
    if (text) addAll(contents, readerOf(name)?.read(text.toString()) ?? [])
  }
  return contents
}

function addAll(contents: Map<string, Content>, others: Iterable<[string, Content]>): void {
  for (const [name, content] of others) contents.set(name, content)
}

/** What sfdisk(8) `--json` prints of a disk. */
interface PartitionTable {
  readonly partitiontable: {
    readonly id: string
    readonly partitions: readonly { start: number; size: number; type: string; uuid: string; name?: string }[]
  }
}

async function diskContents(tools: ContentTools, disk: string, scratch: string): Promise<Contents> {
  const { stdout } = await tools.run('sfdisk', ['--json', disk])
  const { id, partitions } = (JSON.parse(stdout) as PartitionTable).partitiontable
  const contents = new Map<string, Content>([['partition table', { type: 'GPT', content: id }]])
  for (const [at, { start, size, type, uuid, name = '' }] of partitions.entries()) {
    const content = `${name}, from sector ${start}, ${size} sectors, type ${type}, id ${uuid}`
    contents.set(`partition ${at + 1}`, { type: 'partition', content })
    const inside = await fileSystemContents(tools, disk, start * SECTOR, `${scratch}/${at + 1}`)
    for (const [path, one] of inside ?? [])
      contents.set(path.startsWith('/') ? `${name || at + 1}:${path}` : path, one)
  }
  return contents
}

/**
 * The contents of an ext4 or a FAT that begins at a byte of a file. The places of their magic numbers are from
 * ext4/super.rst and from Microsoft's FAT specification, 3.1.
 */
async function fileSystemContents(
  tools: ContentTools,
  path: string,
  offset: number,
  scratch: string,
): Promise<Contents | undefined> {
  const { run } = tools
  const at = (place: number, length: number): string =>
    bytesAt(path, offset + place, length).toString('latin1')
  if (at(1080, 2) === '\x53\xef')
    return unpackedContents(tools, scratch, (to) =>
      run('debugfs', ['-R', `rdump / "${to}"`, `${path}?offset=${offset}`]),
    )
  if (at(54, 3) === 'FAT' || at(82, 3) === 'FAT')
    return unpackedContents(tools, scratch, (to) =>
      run('mcopy', ['-s', '-n', '-i', `${path}@@${offset}`, '::/*', to], { env: { MTOOLS_SKIP_CHECK: '1' } }),
    )
  return undefined
}

/** Directives of find(1) `-printf` for one path: its path, type, mode, owner, size and link target. */
const FIELDS = ['%P', '%y', '%m', '%U:%G', '%s', '%l']

const TYPES: Readonly<Record<string, string>> = { f: 'file', d: 'directory', l: 'symlink' }

/** Lists a directory into which a tool has unpacked an image. */
async function unpackedContents(
  { run, readers }: ContentTools,
  scratch: string,
  unpack: (to: string) => Promise<unknown>,
): Promise<Contents> {
  const root = `${scratch}/tree`
  await run('mkdir', ['-p', root])
  await unpack(root)
  const format = FIELDS.map((field) => `${field}\\0`).join('')
  const listing = await run('find', ['-P', root, '-mindepth', '1', '-printf', format])
  const sums = await run('find', ['-P', root, '-type', 'f', '-exec', 'sha256sum', '--zero', '{}', '+'])
  // sha256sum(1) prints 64 digits, two characters, and the path.
  const digests = new Map(
    sums.stdout.split('\0').map((line) => [line.slice(66 + root.length + 1), line.slice(0, 64)]),
  )
  const contents = new Map<string, Content>()
  const words = listing.stdout.split('\0')
  for (let at = 0; at + FIELDS.length <= words.length; at += FIELDS.length) {
    const [path = '', type = '', mode = '', owner = '', size, target] = words.slice(at, at + FIELDS.length)
    const content = type === 'f' ? digests.get(path) : target || undefined
    contents.set(`/${path}`, {
      type: TYPES[type] ?? type,
      mode,
      owner,
      ...(type === 'f' ? { size: Number(size), unpackedAt: `${root}/${path}` } : {}),
      ...(content === undefined ? {} : { content }),
    })
  }
  for (const { path, read } of readers)
    if (contents.get(`/${path}`)?.type === 'file')
      addAll(contents, read((await run('cat', [`${root}/${path}`])).stdout))
  return contents
}
