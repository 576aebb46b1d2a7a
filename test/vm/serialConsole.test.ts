// Tests the reader of a serial console: its text, its patterns and its limits.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Console, type ConsolePattern, type Outcome } from '../../src/vm/serialConsole.ts'
import {
  bootPatterns,
  LOGIN_REFUSED,
  loginPrompts,
  PASSWORD_PROMPT,
  RESTART,
  SHELL_PROMPT,
} from '../../src/vm/consolePatterns.ts'
import { ConsoleText, readableText } from '../../src/vm/consoleText.ts'
import { ScriptedClock, PROMPT as PROMPT_TEXT } from './scriptedGuest.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const clean = (...chunks: Uint8Array[]): string => {
  const text = new ConsoleText()
  return chunks.map((chunk) => text.push(chunk)).join('') + text.end()
}

/** The bytes in pieces, cut at the given offsets. */
const cut = (all: Uint8Array, offsets: readonly number[]): Uint8Array[] => {
  const edges = [
    0,
    ...offsets.map((offset) => offset % (all.length + 1)).toSorted((a, b) => a - b),
    all.length,
  ]
  return edges.slice(1).map((edge, i) => all.subarray(edges[i], edge))
}

describe('the text of a console', () => {
  test.each([
    ['plain lines', 'one\r\ntwo\n', 'one\ntwo\n'],
    ['doubled carriage returns', 'one\r\r\ntwo', 'one\ntwo'],
    ['a line that is written over', '50 %\r100 %\r\n', '50 %\n100 %\n'],
    ['colours', '\x1b[0;32m  OK  \x1b[0m done', '  OK   done'],
    ['private modes', '\x1b[?2004hroot# \x1b[=3h', 'root# '],
    ['a title, ended by BEL or by ST', '\x1b]0;title\x07a\x1b]3008;x\x1b\\b', 'ab'],
    ['a title that never ends', '\x1b]0;title\nnext', 'next'],
    ['character sets and single escapes', '\x1b(B\x1bca', 'a'],
    ['moves of the cursor', 'one\x1b[01;01Htwo\x1b[2Jthree', 'one\ntwo\nthree'],
    ['an escape inside an escape', '\x1b[1\x1b[0mx', 'x'],
    ['control characters', 'a\x00\x08\x07b\tc\x7f', 'ab\tc'],
    ['UTF-8', '… ● ×', '… ● ×'],
  ])('is plain for %s', (_, raw, expected) => {
    expect(clean(bytes(raw))).toBe(expected)
  })

  test('replaces invalid UTF-8 and reads on', () => {
    expect(clean(Uint8Array.of(0x61, 0xff, 0xfe, 0xe2, 0x80, 0x62), bytes('levitate login: '))).toBe(
      'a\uFFFD\uFFFD\uFFFDblevitate login: ',
    )
  })

  test('is the same wherever the bytes are cut', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0x1b, 0x5b, 0x5d, 0x0d, 0x0a, 0x5c, 0xe2),
    )
    const data = fc.array(byte, { maxLength: 60 }).map((all) => Uint8Array.from(all))
    fc.assert(
      fc.property(data, fc.array(fc.nat(), { maxLength: 6 }), (all, offsets) => {
        expect(clean(...cut(all, offsets))).toBe(clean(all))
      }),
    )
  })

  test('for people has no frames, no repeated empty lines and each countdown once', () => {
    const raw =
      'a  \n\n\n\nBoot in 3 s.\n\uFFFD\uFFFD\uFFFD\nBoot in 2 s.\n[*     ] Job a (1s)\n[**    ] Job a (2s)\nb\nb\n'
    expect(readableText(raw)).toBe('a\n\n[**    ] Job a (2s)\nb\nb')
  })
})

/** What the tests' distro declares. */
const DECLARED = {
  login: '^Your name, please: ',
  initramfs: '^tiny-initramfs: root ',
  failures: [{ pattern: '^tiny-initramfs: failed: ([^\\n]*)\\n', headline: 'the initramfs gave up' }],
}

const NAMED: ReadonlyMap<ConsolePattern, string> = new Map<ConsolePattern, string>([
  ...bootPatterns(DECLARED).map((one) => {
    const name = one.means === 'stage' ? one.stage : one.means === 'failure' ? one.kind : one.means
    return [one, name] as const
  }),
  [SHELL_PROMPT, 'shell prompt'],
  [PASSWORD_PROMPT, 'password prompt'],
  [LOGIN_REFUSED, 'login refused'],
  [RESTART, 'restart'],
])

const nameOf = (outcome: Outcome): string =>
  outcome.kind === 'matched' ? (NAMED.get(outcome.matched) ?? 'unknown') : outcome.kind

/** Waits for every pattern, one match after the other, up to the end of the stream. */
async function outcomes(chunks: readonly Uint8Array[]): Promise<Outcome[]> {
  const console = new Console(new ScriptedClock())
  const seen: Outcome[] = []
  const reading = (async () => {
    for (;;) {
      const outcome = await console.expect([...NAMED.keys()], { within: 60 })
      seen.push(outcome)
      if (outcome.kind !== 'matched') return
    }
  })()
  for (const chunk of chunks) {
    console.feed(chunk)
    await Promise.resolve()
  }
  console.end()
  await reading
  return seen
}

describe('a wait for patterns', () => {
  test('knows each pattern but the login prompt under a name of its own', () => {
    const names = [...NAMED.values()]
    expect(new Set(names).size).toBe(names.length - 1)
    expect(names.filter((name) => name === 'login')).toHaveLength(loginPrompts(DECLARED).length)
  })

  test('finds the same matches wherever the bytes are cut', async () => {
    const fragments = [
      ['levitate login: ', 'Last login: Mon', 'Password: ', 'Login incorrect', PROMPT_TEXT, '# ', ' login: '],
      ['[    0.000000] Linux version 6.1.0', 'tiny-initramfs: root ', 'dropping to a shell', '(initramfs) '],
      [
        'Kernel panic - not syncing: ',
        'VFS: Unable to mount root fs',
        'Attempted to kill init',
        'V',
        'F',
        'tiny-initramfs: failed: no root\n',
      ],
      ['You are in emergency mode', '[FAILED] Failed to start x.service - X.', 'UEFI Interactive Shell'],
      ['Error loading ', 'Welcome to ', 'systemd[1]: systemd 252', '\r\n', '\r\n', '\n', '\r', '\x1b[0m'],
      ['\x1b[2;1H', '\x1b]0;t\x07', '…', 'noise', ' ', '[', ']'],
    ].flat()
    const stream = fc
      .array(fc.oneof(fc.constantFrom(...fragments), fc.constant('\r\n')), { maxLength: 12 })
      .map((parts) => bytes(parts.join('')))
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 8 }), async (all, offsets) => {
        expect(await outcomes(cut(all, offsets))).toEqual(await outcomes([all]))
      }),
    )
  })

  test('recognizes a whole boot that arrives byte by byte', async () => {
    const boot = bytes(
      [
        '\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001 "UEFI Misc Device"\r\n',
        '[    0.000000] Linux version 6.1.0-56-amd64\r\n',
        '\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mx.service\x1b[0m - X.\r\r\n',
        '\xff\r\nDebian GNU/Linux 12 levitate ttyS0\r\n\r\nlevitate login: ',
      ].join(''),
    )
    const seen = await outcomes([...boot].map((byte) => Uint8Array.of(byte)))
    expect(seen.map(nameOf)).toEqual(['firmware', 'kernel', 'unit failure', 'login', 'ended'])
    expect(await outcomes([boot])).toEqual(seen)
  })

  test('does not take "Last login" or a line about logins for a prompt', async () => {
    const seen = await outcomes([bytes('Last login: Mon\r\n[ 1.0] systemd-logind: login: no\r\n')])
    expect(seen.map((outcome) => (outcome.kind === 'matched' ? outcome.line : outcome.kind))).toEqual([
      'ended',
    ])
  })

  test('returns the text between two matches, and searches nothing twice', async () => {
    const console = new Console(new ScriptedClock())
    console.feed(bytes('one\r\ntwo A rest\r\nthree B'))
    const [a, b] = [{ pattern: /A/ }, { pattern: /B/ }]
    expect(await console.expect([b, a], { within: 1 })).toMatchObject({
      matched: a,
      text: 'A',
      before: 'one\ntwo ',
      line: 'two A',
    })
    expect(await console.expect([a, b], { within: 1 })).toMatchObject({ matched: b, before: ' rest\nthree ' })
    console.end()
    expect(await console.expect([a, b], { within: 1 })).toEqual({ kind: 'ended' })
  })

  test('finds what follows a flood without a newline', async () => {
    const console = new Console(new ScriptedClock())
    const flood = bytes('x'.repeat(100_000))
    for (let i = 0; i < 30; i += 1) console.feed(flood)
    console.feed(bytes('\nlevitate login: '))
    expect(nameOf(await console.expect([...NAMED.keys()], { within: 1 }))).toBe('login')
    expect(console.tail(1)).toBe('levitate login:')
  })
})

describe('the limits of a wait', () => {
  const never: ConsolePattern = { pattern: /never/ }

  test('end it in time although there is output', async () => {
    const clock = new ScriptedClock()
    const console = new Console(clock)
    for (let second = 1; second < 20; second += 1) clock.after(second, () => console.feed(bytes('.')))
    expect(await clock.drive(console.expect([never], { within: 10, silence: 5 }))).toEqual({
      kind: 'timeout',
    })
    expect(clock.now()).toBe(10)
  })

  test('count silence from the last byte, or else from the start of the wait', async () => {
    const clock = new ScriptedClock()
    const console = new Console(clock)
    clock.after(3, () => console.feed(bytes('.')))
    expect(await clock.drive(console.expect([never], { within: 100, silence: 5 }))).toEqual({
      kind: 'silence',
    })
    expect(clock.now()).toBe(8)
    expect(await clock.drive(console.expect([never], { within: 100, silence: 5 }))).toEqual({
      kind: 'silence',
    })
    expect(clock.now()).toBe(13)
  })

  test('leave no timer when the stream ends', async () => {
    const clock = new ScriptedClock()
    const console = new Console(clock)
    const waiting = console.expect([never], { within: 100, silence: 5 })
    console.end()
    expect(await waiting).toEqual({ kind: 'ended' })
    expect(clock.pending).toBe(0)
  })

  test('do not allow a second wait at the same time', async () => {
    const console = new Console(new ScriptedClock())
    void console.expect([never], { within: 100 })
    await expect(console.expect([never], { within: 100 })).rejects.toThrow('another wait')
  })
})
