// What hostile producers leave behind, print and use up.
import type { Abuse } from './hostileProducers.ts'

const RESULT = '/.lbuild-result.json'
const WRITE = `fs.writeFileSync(outputs.o, 'written')`
const instead = (code: string): string =>
  `const result = work + '${RESULT}'; ${WRITE}; ${code}; process.exit(0)`

/** Outputs that are no regular files, or not the declared ones. */
export const OUTPUTS: readonly Abuse[] = [
  { title: 'output that is a fifo', code: `shell('mkfifo ' + outputs.o)`, failure: /^o: is a special file/m },
  {
    title: 'output that is a socket',
    code: `const { createServer } = await import('node:net')
    process.chdir(outputs.o.slice(0, -1)); await new Promise((done) => createServer().listen('o', done).unref())
    fs.linkSync('o', 'other'); fs.renameSync('other', 'o2'); fs.renameSync('o2', 'o'); process.chdir(work)`,
    failure: /^o: is a special file|was not written/m,
  },
  {
    title: 'output that is a directory',
    code: `fs.mkdirSync(outputs.o + '/deep', { recursive: true })`,
    failure: /^o: is a directory/m,
  },
  {
    title: 'output that is a link to a file of the host',
    code: `fs.symlinkSync('/etc/shadow', outputs.o)`,
    failure: /^o: is a symlink/m,
  },
  {
    title: 'output that is a link to a device',
    code: `fs.symlinkSync('/dev/zero', outputs.o)`,
    failure: /^o: is a symlink/m,
  },
  {
    title: 'output that is a link to an input',
    code: `fs.symlinkSync(inputs.note, outputs.o)`,
    failure: /^o: is a symlink/m,
  },
  { title: 'output that is missing', code: ``, failure: /^o: was not written/m },
  {
    title: 'output of 1 TiB of holes',
    code: `fs.writeFileSync(outputs.o, ''); fs.truncateSync(outputs.o, 2 ** 40)`,
    failure: /^o: has 1099511627776 bytes/m,
  },
  {
    title: 'names with escapes and line breaks',
    code: `${WRITE}; for (const name of ['\\x1b[2Jx', 'a\\nb', 'c\\u202ed', '-rf', ' ']) fs.writeFileSync(outputs.o.slice(0, -1) + name, '')`,
    failure: /was written but is not declared/,
  },
  {
    title: 'names that are not UTF-8',
    code: `${WRITE}; fs.writeFileSync(Buffer.concat([Buffer.from(outputs.o.slice(0, -1)), Buffer.from([0xff, 0xfe])]), '')`,
    failure: /was written but is not declared/,
  },
  {
    title: 'thousands of undeclared outputs',
    code: `${WRITE}; for (let n = 0; n < 5000; n += 1) fs.writeFileSync(outputs.o + n, '')`,
    failure: /was written but is not declared/,
  },
  {
    title: 'undeclared directories deeper than any path',
    code: `${WRITE}; process.chdir(outputs.o.slice(0, -1)); for (let n = 0; n < 400; n += 1) { fs.mkdirSync('directory-'); process.chdir('directory-') }`,
    failure: /directory-: was written but is not declared/,
  },
]

/** Results that are none, and processes that end before they write one. */
export const RESULTS: readonly Abuse[] = [
  {
    title: 'result of another type',
    code: instead(`fs.writeFileSync(result, '[1]')`),
    failure: /is not a result/,
  },
  {
    title: 'result of half a text',
    code: instead(`fs.writeFileSync(result, '{"ok":tr')`),
    failure: /is not a result/,
  },
  {
    title: 'result of nested arrays',
    code: instead(`fs.writeFileSync(result, '['.repeat(1e6))`),
    failure: /is not a result/,
  },
  {
    title: 'result of too many bytes',
    code: instead(`fs.writeFileSync(result, ''); fs.truncateSync(result, 2 ** 33)`),
    failure: /has 8589934592 bytes/,
  },
  { title: 'result that is a directory', code: instead(`fs.mkdirSync(result)`), failure: /is a directory/ },
  {
    title: 'result that links to the host',
    code: instead(`fs.symlinkSync('/etc/passwd', result)`),
    failure: /is a symlink/,
  },
  { title: 'result that is missing', code: instead(''), failure: /ended with: exit code 0/ },
  {
    title: 'result with a prototype',
    code: instead(
      `fs.writeFileSync(result, '{"ok":true,"__proto__":{"ok":false},"versions":{"__proto__":"x","constructor":"y"}}')`,
    ),
    content: /^written$/,
  },
  {
    title: 'result with escapes',
    code: instead(
      `fs.writeFileSync(result, JSON.stringify({ ok: false, failure: { headline: '\\x1b[31mred\\nline', facts: [['\\x1b]0;t\\x07', '\\x9b2J']] } }))`,
    ),
    failure: /red/,
  },
  {
    title: 'result with a failure of 30 MB',
    code: instead(
      `fs.writeFileSync(result, JSON.stringify({ ok: false, failure: { headline: 'long '.repeat(6e6), facts: [] } }))`,
    ),
    failure: /^long/,
  },
  { title: 'error that is null', code: 'throw null', failure: /null/ },
  {
    title: 'error whose properties throw',
    code: `throw new Proxy(new Error('x'), { get() { throw new Error('in a getter') } })`,
    failure: /./,
  },
  {
    title: 'built-ins that are replaced',
    code: `JSON.stringify = () => 'broken'; Array.prototype.map = () => { throw 1 }; ${WRITE}`,
    failure: /is not a result/,
  },
  {
    title: 'process that aborts',
    code: `${WRITE}; process.abort()`,
    failure: /ended with: (signal|SIG|exit code)/,
  },
  {
    title: 'process that kills its group',
    code: `${WRITE}; process.kill(0, 'SIGKILL')`,
    failure: /ended with: (SIGKILL|exit code (1|137))/,
  },
]

/** Files that producers leave, and what they print. */
export const LEFTOVERS: readonly Abuse[] = [
  {
    title: 'two names of an output',
    code: `${WRITE}; attempt(() => fs.linkSync(outputs.o, work + '/link')); attempt(() => fs.chmodSync(work + '/link', 0o600))`,
    content: /^written$/,
  },
  {
    title: 'setuid bits on an output',
    code: `${WRITE}; fs.chmodSync(outputs.o, 0o6777)`,
    content: /^written$/,
  },
  {
    title: 'an output of another user',
    code: `${WRITE}; try { fs.chownSync(outputs.o, 1234, 1234) } catch {}`,
    content: /^written$/,
  },
  {
    title: 'an output without permissions',
    code: `${WRITE}; fs.chmodSync(outputs.o, 0)`,
    content: /^written$/,
  },
  {
    title: 'directories without permissions',
    code: `${WRITE}; fs.mkdirSync(work + '/a/b', { recursive: true }); fs.chmodSync(work + '/a/b', 0); fs.chmodSync(work + '/a', 0)`,
    content: /^written$/,
  },
  {
    title: 'directories in work deeper than any path',
    code: `${WRITE}; process.chdir(work); for (let n = 0; n < 400; n += 1) { fs.mkdirSync('directory-'); process.chdir('directory-') }`,
    content: /^written$/,
  },
  {
    title: 'fifos and links in work',
    code: `${WRITE}; shell('cd ' + work + ' && mkfifo fifo && ln -s / root && ln -s /dev/zero zero && ln -s loop loop')`,
    content: /^written$/,
  },
  {
    title: 'a timer that writes later',
    code: `${WRITE}; setInterval(() => fs.writeFileSync(outputs.o, 'later'), 1)`,
    content: /^written$/,
  },
  {
    title: '200 MB on standard error',
    code: `${WRITE}; spawnSync('sh', ['-c', 'head -c 200000000 /dev/zero >&2'], { stdio: ['ignore', 'inherit', 'inherit'] })`,
    content: /^written$/,
  },
  {
    title: 'a line of 50 MB in the log',
    code: `${WRITE}; log('\\x1b[2J' + 'x'.repeat(5e7))`,
    content: /^written$/,
  },
  {
    title: 'closed standard streams',
    code: `${WRITE}; for (const fd of [1, 2]) fs.closeSync(fd)`,
    content: /^written$/,
  },
]

/** Processes that outlive their producer. */
export const DAEMONS: readonly Abuse[] = [
  {
    title: 'a daemon that writes to the output',
    code: `${WRITE}; spawn('setsid', ['sh', '-c', 'trap "" HUP TERM INT; while :; do printf . >>"$0"; done', outputs.o], { detached: true, stdio: 'ignore' }).unref()`,
    content: /^written\.*$/,
  },
  {
    title: 'a daemon that holds the pipes',
    code: `${WRITE}; spawn('setsid', ['sleep', '3600'], { detached: true, stdio: 'inherit' }).unref()`,
    content: /^written$/,
  },
]

/** Producers that exceed a limit. */
export const EXCESSES: readonly Abuse[] = [
  {
    title: 'forks without end',
    declaration: 'limits: { processes: 100 },',
    code: `for (;;) { spawn('sleep', ['600']).on('error', () => {}); await new Promise((next) => setTimeout(next, 1)) }`,
    failure: /too many processes and threads/,
  },
  {
    title: 'a fork bomb of a shell',
    declaration: 'limits: { processes: 200, seconds: 60 },',
    code: `shell('b() { b | b & }; b; sleep 600')`,
    failure: /too many processes and threads|Cannot fork/,
  },
  {
    title: 'memory without end',
    declaration: `limits: { memory: '200M' },`,
    code: `const held = []; for (;;) held.push(Buffer.alloc(2 ** 20, 1))`,
    failure: /too much memory/,
  },
  {
    title: 'files in memory without end',
    declaration: `limits: { memory: '200M' },`,
    code: `spawnSync('sh', ['-c', 'head -c 400M /dev/zero >/dev/shm/file; sleep 600'])`,
    failure: /too much memory/,
  },
  {
    title: 'a full disk',
    declaration: `limits: { disk: '30M' },`,
    code: `shell('head -c 60M /dev/zero >' + work + '/file; sleep 600')`,
    failure: /too much to the disk/,
  },
  {
    title: 'many files on the disk',
    declaration: `limits: { disk: '30M' },`,
    code: `shell('cd ' + work + ' && head -c 20M /dev/zero >a && cp a ../outputs/b && sleep 600')`,
    failure: /too much to the disk/,
  },
  {
    title: 'sleep without end',
    declaration: 'limits: { seconds: 2 },',
    code: `await new Promise((done) => setTimeout(done, 1e9))`,
    failure: /did not finish in time/,
  },
  {
    title: 'a stopped process',
    declaration: 'limits: { seconds: 2 },',
    code: `shell('kill -STOP $$')`,
    failure: /did not finish in time/,
  },
  {
    title: 'a loop without end that ignores signals',
    declaration: 'limits: { seconds: 2 },',
    code: `process.on('SIGTERM', () => {}); for (;;) {}`,
    failure: /did not finish in time/,
  },
]
