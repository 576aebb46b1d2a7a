// What hostile producers try to do to devices, mounts, namespaces and inputs.
import type { Attempt } from './hostileProducers.ts'

/** Attempts to use devices, and to change mounts. */
const MOUNTS: readonly Attempt[] = [
  {
    title: 'makes a block device',
    python: `for n in (0x700, 0x800, 0xfd00, 0x10300): attempt(os.mknod, f'{work}/disk{n}', stat.S_IFBLK | 0o600, n)`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'makes the character devices of memory',
    python: `for n in (1, 2, 4): attempt(os.mknod, f'{work}/memory{n}', stat.S_IFCHR | 0o600, os.makedev(1, n))`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'opens devices of the host',
    code: `return attempts(['mem', 'kmsg', 'sda', 'vda', 'nvme0n1', 'loop0', 'loop-control', 'kvm', 'fuse', 'mapper/control'],
      (name) => fs.openSync('/dev/' + name, 'r+'))`,
    expected: /^refused ENOENT$/,
  },
  {
    title: 'finds only harmless devices',
    code: `const harmless = ['console', 'core', 'fd', 'full', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero']
      return fs.readdirSync('/dev').filter((name) => !harmless.includes(name)).length === 0 ? 'none' : fs.readdirSync('/dev')`,
    expected: /^none$/,
  },
  {
    title: 'mounts file systems',
    python: `for fs in (b'tmpfs', b'proc', b'sysfs', b'overlay'): call('mount', fs, b'/work', fs, 0, None)`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'binds a directory',
    python: `for flags in (4096, 4096 | 16384, 8192): call('mount', b'/usr', b'/work', None, flags, None)`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'remounts inputs and usr writable',
    python: `for path in (b'/inputs/note/note.txt', b'/inputs/object/victim.txt', b'/inputs/tree', b'/usr', b'/', b'/proc'): call('mount', None, path, None, 32 | 4096, None)`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'unmounts inputs and proc',
    python: `for path in (b'/inputs/note/note.txt', b'/proc', b'/etc/passwd', b'/'): call('umount2', path, 2)`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'uses the newer calls for mounts',
    python: `
call('syscall', 428, -100, b'/', 1)
call('syscall', 430, b'tmpfs', 0)
call('syscall', 442, -100, b'/inputs/note/note.txt', 0, struct.pack('QQQQ', 0, 1, 0, 0), 32)
`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'pivots the root directory',
    python: `call('pivot_root', b'/work', b'/work')`,
    expected: /^refused EPERM$/,
  },
  {
    title: 'leaves the root directory by fchdir',
    python: `
names = os.listdir('/')
root = os.open('/', os.O_RDONLY)
os.mkdir('/work/jail')
os.chroot('/work/jail')
os.fchdir(root)
for _ in range(100): os.chdir('..')
os.chroot('.')
print('contained' if sorted(os.listdir('/')) == sorted(names) else 'escaped')
`,
    expected: /^contained$/,
  },
  {
    title: 'opens files by their handles',
    python: `
class Handle(ctypes.Structure): _fields_ = [('bytes', ctypes.c_uint), ('type', ctypes.c_int), ('inode', ctypes.c_uint), ('rest', ctypes.c_uint)]
for path in ('/work', '/usr'):
    directory = os.open(path, os.O_RDONLY)
    call('open_by_handle_at', directory, ctypes.byref(Handle(8, 1, 2, 0)), 0)
`,
    expected: /^refused (EPERM|ESTALE)$/,
  },
  {
    title: 'makes namespaces',
    code: `return ['--user', '--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup', '--map-root-user']
      .map((option) => program('unshare', option, 'true'))`,
    expected: /^refused: unshare: .*Operation not permitted$/,
  },
  {
    title: 'enters the namespaces of another process',
    code: `return ['mount', 'user', 'net', 'ipc', 'uts', 'cgroup']
      .map((name) => program('nsenter', '--target', '1', '--' + name, 'true'))`,
    expected: /^refused: nsenter: cannot open .*: No such file or directory$/,
  },
  {
    title: 'enters the namespaces of the first process by its descriptor',
    python: `for kind in (0x20000, 0x10000000, 0x40000000): call('setns', os.pidfd_open(1), kind)`,
    expected: /^refused EPERM$/,
  },
]

/** Attempts to change inputs, programs and the system. */
const FILES: readonly Attempt[] = [
  {
    title: 'writes to inputs',
    code: `return [...attempts([inputs.note, inputs.object, inputs.tree + '/deep/file', inputs.tree + '/new'], (path) => fs.writeFileSync(path, 'x')),
      attempt(() => fs.truncateSync(inputs.note)), attempt(() => fs.rmSync(inputs.tree + '/deep/file'))]`,
    expected: /^refused EROFS$/,
  },
  {
    title: 'changes the metadata of inputs',
    code: `return [...attempts([inputs.note, inputs.object], (path) => fs.chmodSync(path, 0o777)), ...attempts([inputs.note, inputs.object], (path) => fs.chownSync(path, 1, 1)),
      attempt(() => fs.utimesSync(inputs.tree, 1, 1))]`,
    python: `attempt(os.setxattr, '/inputs/note/note.txt', 'user.x', b'1')`,
    expected: /^refused EROFS$/,
  },
  {
    title: 'links and renames inputs',
    code: `return [...attempts([inputs.note, inputs.object], (path) => fs.linkSync(path, work + '/link')), attempt(() => fs.renameSync(inputs.note, work + '/moved')),
      attempt(() => fs.renameSync(inputs.tree + '/deep', inputs.tree + '/moved'))]`,
    expected: /^refused (EXDEV|EROFS|EBUSY)$/,
  },
  {
    title: 'reopens an input through proc',
    code: `return [inputs.note, inputs.object].flatMap((input) => {
        const fd = fs.openSync(input, 'r')
        return attempts(['/proc/self/fd/' + fd, '/proc/self/root' + input, '/dev/fd/' + fd], (path) => fs.openSync(path, 'r+'))
      })`,
    expected: /^refused EROFS$/,
  },
  {
    title: 'reaches files through the first process',
    code: `return [...attempts(['/proc/1/root/inputs/note/note.txt', '/proc/1/cwd/note.txt'], (path) => fs.openSync(path, 'r+')),
      attempt(() => fs.readdirSync('/proc/1/root/')), attempt(() => fs.readdirSync('/proc/1/cwd/')), ...attempts([3, 4, 5], (fd) => fs.openSync('/proc/1/fd/' + fd))]`,
    expected: /^refused (EACCES|EROFS|ENOENT)$/,
  },
  {
    title: 'changes the code of lbuild',
    code: `return [...attempts(['/lbuild/code/child.cjs', '/lbuild/code/new', process.argv[1], '/lbuild/new'], (path) => fs.openSync(path, 'a')),
      ...fs.readdirSync('/lbuild').filter((name) => name.endsWith('.mjs')).map((name) => attempt(() => fs.openSync('/lbuild/' + name, 'a')))]`,
    expected: /^refused (EROFS|EACCES)$/,
  },
  {
    title: 'changes the system and its own node',
    code: `return attempts(['/usr/new', '/usr/bin/env', '/bin/new', '/etc/new', '/etc/ld.so.cache', '/new'], (path) => fs.openSync(path, 'a'))
      .concat(attempt(() => fs.chmodSync(process.execPath, 0o755)))`,
    expected: /^refused (EROFS|EACCES)$/,
  },
  {
    title: 'replaces the directory of outputs',
    code: `return [attempt(() => fs.rmdirSync('/outputs')), attempt(() => fs.renameSync('/work', '/outputs/work')),
      attempt(() => fs.renameSync('/outputs', '/moved'))]`,
    expected: /^refused (EBUSY|EROFS|EXDEV)$/,
  },
  {
    title: 'makes files immutable',
    python: `
fixed = os.open(work + '/fixed', os.O_RDONLY | os.O_CREAT)
attempt(fcntl.ioctl, fixed, 0x40086602, struct.pack('l', 0x10))
`,
    expected: /^refused (EPERM|ENOTTY|EOPNOTSUPP)$/,
  },
]

/** All attempts on mounts and files. */
export const ATTEMPTS_ON_MOUNTS: readonly Attempt[] = [...MOUNTS, ...FILES]
