// The system calls that the sandbox refuses.

/** An instruction of a filter: operation, jumps if true and if false, operand (struct sock_filter of linux/filter.h). */
type Instruction = readonly [operation: number, yes: number, no: number, operand: number]

/** Operations of linux/bpf_common.h. */
const LOAD = 0x20
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06

/** The fields of struct seccomp_data (seccomp(2)), by their offsets. */
const NUMBER = 0
const ARCHITECTURE = 4

/** Results of a filter (seccomp(2)). The error is ENOSYS, as from a kernel without keyrings. */
const ALLOW = 0x7fff_0000
const REFUSE = 0x0005_0000 | 38

/** The bit of the numbers of x32, which otherwise are those of x86-64. */
const X32 = 0x4000_0000

/**
 * The numbers of add_key(2), request_key(2) and keyctl(2), by AUDIT_ARCH_… of linux/audit.h. No namespace separates the
 * keyring of a session, so a producer could read the user's keys, or leave a key to another producer.
 */
const KEYRINGS: readonly (readonly [architecture: number, numbers: readonly number[]])[] = [
  [0xc000_003e, [248, 249, 250, X32 | 248, X32 | 249, X32 | 250]], // x86-64
  [0x4000_0003, [286, 287, 288]], // i386
  [0xc000_00b7, [217, 218, 219]], // arm64
  [0x4000_0028, [309, 310, 311]], // arm
  [0xc000_00f3, [217, 218, 219]], // riscv64
]

/** Compares the number of a call of one architecture; continues after these instructions for every other architecture. */
const refusing = (architecture: number, numbers: readonly number[]): readonly Instruction[] => [
  [LOAD, 0, 0, ARCHITECTURE],
  [JUMP_IF_EQUAL, 0, numbers.length + 3, architecture],
  [LOAD, 0, 0, NUMBER],
  ...numbers.map((number, index): Instruction => [JUMP_IF_EQUAL, numbers.length - index, 0, number]),
  [RETURN, 0, 0, ALLOW],
  [RETURN, 0, 0, REFUSE],
]

/** The filter of all processes in the sandbox, as `bwrap --seccomp` reads it. */
export function systemCallFilter(): Buffer {
  const program: readonly Instruction[] = [
    ...KEYRINGS.flatMap(([architecture, numbers]) => refusing(architecture, numbers)),
    [RETURN, 0, 0, ALLOW],
  ]
  return Buffer.concat(
    program.map(([operation, yes, no, operand]) => {
      const bytes = new DataView(new ArrayBuffer(8))
      bytes.setUint16(0, operation, true)
      bytes.setUint8(2, yes)
      bytes.setUint8(3, no)
      bytes.setUint32(4, operand, true)
      return Buffer.from(bytes.buffer)
    }),
  )
}
