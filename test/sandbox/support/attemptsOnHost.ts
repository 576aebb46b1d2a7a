// What hostile producers try to do to processes, the kernel, the network and secrets of the host.
import type { Attempt } from './hostileProducers.ts'

const PROCESSES: readonly Attempt[] = [
  {
    title: 'signals processes of the host',
    code: `return [params.lbuild, params.sleeper].map(Number).map((pid) => attempt(() => process.kill(pid, 'SIGKILL')))`,
    expected: /^refused ESRCH$/,
  },
  {
    title: 'traces processes of the host and the first one',
    python: `for pid in (int(params['sleeper']), 1): call('ptrace', 0x4206, pid, None, None)`,
    expected: /^refused (ESRCH|EPERM)$/,
  },
  {
    title: 'reads the memory of the first process',
    code: `return attempts(['mem', 'environ', 'maps', 'auxv'], (name) => fs.readFileSync('/proc/1/' + name))`,
    python: `
buffer = ctypes.create_string_buffer(8)
span = struct.pack('QQ', ctypes.addressof(buffer), 8)
call('process_vm_readv', 1, span, 1, span, 1, 0)
call('syscall', 438, os.pidfd_open(1), 0, 0)
`,
    expected: /^refused (ENOENT|EPERM)$/,
  },
  {
    title: 'signals every process that it sees',
    code: `if (fs.readdirSync('/proc').filter((name) => Number(name) > 0).length > 9) return 'sees the host'
      spawn('sleep', ['3600'])
      return [attempt(() => process.kill(-1, 'SIGKILL')), attempt(() => process.kill(1, 'SIGKILL'))]`,
    expected: /^(allowed|refused EPERM)$/,
  },
  {
    title: 'sees only processes of its own',
    code: `return String(fs.readdirSync('/proc').filter((name) => Number(name) > 0).length)`,
    expected: /^[1-6]$/,
  },
  {
    title: 'raises its priority and limits',
    python: `
import resource
attempt(os.setpriority, os.PRIO_PROCESS, 0, -20)
attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50))
for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_DATA):
    try: resource.setrlimit(limit, (2 ** 40, 2 ** 40)); show(0)
    except (ValueError, OSError): show(errno.EPERM)
attempt(os.write, os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000')
`,
    expected: /^refused (EPERM|EACCES)$/,
  },
]

const KERNEL: readonly Attempt[] = [
  {
    title: 'writes to the settings of the kernel',
    code: `return attempts(['sys/kernel/core_pattern', 'sys/kernel/hostname', 'sys/kernel/modprobe', 'sys/vm/drop_caches', 'sysrq-trigger',
      'sys/net/ipv4/ip_forward', 'sys/user/max_user_namespaces'], (name) => fs.openSync('/proc/' + name, 'r+'))`,
    expected: /^refused (EACCES|EROFS|ENOENT|EPERM)$/,
  },
  {
    title: 'looks for sysfs and control groups',
    code: `return attempts(['/sys', '/sys/kernel', '/sys/fs/cgroup', '/sys/power/state'], (path) => fs.readdirSync(path))`,
    expected: /^refused ENOENT$/,
  },
  {
    title: 'calls what only root of the host may call',
    python: `
call('sethostname', b'x', 1)
call('reboot', 0x89abcdef)
call('swapon', b'/work/x', 0)
call('klogctl', 8, None, 0)
call('acct', None)
call('syscall', 170 if arm else 164, None, None)
call('init_module', None, 0, b'')
call('quotactl', 0x800002 << 8, b'/dev/x', 0, None)
call('vhangup')
`,
    expected: /^refused (EPERM|ENOTBLK|ENOENT|ENOSYS)$/,
  },
  {
    title: 'uses programs and counters of the kernel',
    python: `
call('syscall', 280 if arm else 321, 0, struct.pack('IIII', 1, 4, 4, 1) + bytes(112), 128)
call('syscall', 241 if arm else 298, struct.pack('IIQ', 1, 112, 0) + bytes(96), -1, 0, -1, 0)
call('syscall', 104 if arm else 246, 0, 0, None, 0)
`,
    expected: /^refused (EPERM|EACCES|ENOSYS|ENOENT)$/,
  },
  {
    title: 'uses the keyrings of the session',
    python: `
add, request, control = (217, 218, 219) if arm else (248, 249, 250)
for ring in (-3, -4, -5): call('syscall', add, b'user', b'lbuild-test', b'secret', 6, ring)
call('syscall', request, b'user', b'lbuild-test', None, 0)
call('syscall', control, 0, -3, 1)
`,
    expected: /^refused ENOSYS$/,
  },
]

const NETWORK: readonly Attempt[] = [
  {
    title: 'connects to the host and beyond',
    code: `const { connect } = await import('node:net')
      const to = (...target) => new Promise((resolve) => connect(...target).on('connect', () => resolve('allowed')).on('error', ({ code }) => resolve('refused ' + code)))
      return [await to(Number(params.port), '127.0.0.1'), await to(Number(params.port), '::1'), await to(53, '192.0.2.1'), await to('\\0' + params.socket)]`,
    expected: /^refused (ECONNREFUSED|ENETUNREACH|EADDRNOTAVAIL)$/,
  },
  {
    title: 'opens raw sockets',
    python: `attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW); attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)`,
    expected: /^refused (EPERM|EAFNOSUPPORT)$/,
  },
  {
    title: 'changes interfaces',
    python: `attempt(fcntl.ioctl, socket.socket(), 0x8914, struct.pack('16sH', b'lo', 0x49) + bytes(22))`,
    expected: /^refused EPERM$/,
  },
]

const RIGHTS: readonly Attempt[] = [
  {
    title: 'gains nothing from setuid programs',
    code: `fs.copyFileSync('/usr/bin/id', work + '/id'); fs.chmodSync(work + '/id', 0o6755)
      return ['/usr/bin/su -s /bin/true root', '/usr/bin/mount -t tmpfs none /work', work + '/id -un | grep root']
        .map((command) => program('setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups', 'sh', '-c', command))`,
    expected: /^refused/,
  },
  {
    title: 'gains nothing from the capabilities of files',
    python: `
shutil.copy('/usr/bin/cat', work + '/cat')
os.setxattr(work + '/cat', 'security.capability', struct.pack('IIIII', 0x2000001, 1 << 21 | 1 << 12, 0, 0, 0))
status = subprocess.run([work + '/cat', '/proc/self/status'], capture_output=True, text=True).stdout
effective = [line.split()[1] for line in status.splitlines() if line.startswith('CapEff')]
print('gained' if effective and int(effective[0], 16) & (1 << 21 | 1 << 12) else 'refused')
`,
    expected: /^refused/,
  },
  {
    title: 'has no capabilities over the host',
    code: `const status = fs.readFileSync('/proc/self/status', 'utf8')
      const field = (name) => BigInt('0x' + new RegExp(name + ':\\\\s+(\\\\w+)').exec(status)[1])
      const forbidden = { net_admin: 12, net_raw: 13, sys_module: 16, sys_rawio: 17, sys_ptrace: 19, sys_admin: 21, sys_boot: 22, mknod: 27, setfcap_not: 63, bpf: 39 }
      const has = Object.entries(forbidden).filter(([, bit]) => ['CapEff', 'CapPrm', 'CapBnd', 'CapInh', 'CapAmb'].some((name) => (field(name) >> BigInt(bit)) & 1n))
      return [...has.map(([name]) => name), 'NoNewPrivs ' + field('NoNewPrivs')]`,
    expected: /^NoNewPrivs 1$/,
  },
  {
    title: 'gives files to users of its namespace only',
    code: `fs.writeFileSync(work + '/f', ''); fs.chownSync(work + '/f', 1234, 5678); const { uid, gid } = fs.statSync(work + '/f')
      return [uid === 1234 && gid === 5678 ? 'contained' : 'changed', attempt(() => fs.chownSync(work + '/f', 70000, 0)).replace('refused EINVAL', 'contained')]`,
    expected: /^contained$/,
  },
]

/** The parts of /proc that a producer searches for a text. */
const SEARCH = `const found = []
      const search = (path) => {
        try { if (fs.lstatSync(path).isSymbolicLink() ? fs.readlinkSync(path).includes(secret) : fs.readFileSync(path, 'latin1').includes(secret)) found.push('found in ' + path) } catch {}
      }
      for (const pid of fs.readdirSync('/proc').filter((name) => /^(\\d+|self)$/.test(name))) {
        for (const name of ['cmdline', 'environ', 'mountinfo', 'mounts', 'mountstats', 'maps', 'cwd', 'exe', 'root', 'cgroup']) search('/proc/' + pid + '/' + name)
        try { for (const fd of fs.readdirSync('/proc/' + pid + '/fd')) search('/proc/' + pid + '/fd/' + fd) } catch {}
      }
      return found.length === 0 ? 'hidden' : found`

const SECRETS: readonly Attempt[] = [
  {
    title: 'looks for the path of the workspace',
    code: `const secret = params.root; ${SEARCH}`,
    expected: /^hidden$/,
  },
  {
    title: 'looks for undeclared variables',
    code: `const secret = 'not-' + 'declared'; ${SEARCH}`,
    expected: /^hidden$/,
  },
  {
    title: 'has no undeclared variables',
    code: `return Object.keys(process.env).sort().join(' ')`,
    expected: /^HOME LC_ALL PATH( PWD)? SOURCE_DATE_EPOCH TMPDIR TZ$/,
  },
  {
    title: 'reads files of the host',
    code: `return attempts(['/etc/shadow', '/etc/machine-id', '/etc/hostname', '/etc/ssh', '/var/lib', '/root/.bashrc', '/home', '/boot', '/mnt', '/srv', '/opt', '/media'],
      (path) => fs.lstatSync(path))`,
    expected: /^refused ENOENT$/,
  },
  {
    title: 'reads the workspace and its store',
    code: `return attempts(['', '/note.txt', '/cache/objects', '/output/victim.txt', '/build.config.ts'], (path) => fs.lstatSync(params.root + path))`,
    expected: /^refused ENOENT$/,
  },
  {
    title: 'finds temporary directories empty',
    code: `return ['/tmp', '/run', '/dev/shm'].map((path) => fs.readdirSync(path).length === 0 ? 'empty' : path + ' has ' + fs.readdirSync(path))`,
    expected: /^empty$/,
  },
  {
    title: 'has only pipes open',
    code: `return fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch { return 'pipe:closed' } })
        .map((target) => target.replace(/^(pipe|anon_inode|socket):.*|^\\/proc\\/\\d+\\/fd$|^\\/dev\\/null$/, 'harmless'))`,
    expected: /^harmless$/,
  },
]

/** All attempts on the host. */
export const ATTEMPTS_ON_HOST: readonly Attempt[] = [
  ...PROCESSES,
  ...KERNEL,
  ...NETWORK,
  ...RIGHTS,
  ...SECRETS,
]
