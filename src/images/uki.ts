/**
 * Makes unified kernel images.
 * @module lbuild/images/uki
 */
import { readFile } from 'node:fs/promises'
import { appendSections } from './pe.ts'

/** The parts of a unified kernel image. */
export interface UkiParts {
  /** systemd-stub, `linuxx64.efi.stub`. */
  readonly stub: Uint8Array
  /** The text of os-release(5). */
  readonly osRelease: Uint8Array
  /** The command line of the kernel. */
  readonly commandLine: string
  readonly initrd: Uint8Array
  readonly linux: Uint8Array
}

/**
 * Makes a unified kernel image: one EFI program that contains a kernel, its initramfs and its command line, in sections
 * named by the Boot Loader Specification (type #2) and systemd-stub(7). The kernel comes last because it may unpack
 * itself over the memory behind it. Throws the same Failures as `appendSections`.
 */
export const makeUki = ({ stub, osRelease, commandLine, initrd, linux }: UkiParts): Uint8Array =>
  appendSections(stub, [
    { name: '.osrel', data: osRelease },
    { name: '.cmdline', data: Buffer.from(commandLine) },
    { name: '.initrd', data: initrd },
    { name: '.linux', data: linux },
  ])

/** The parts of a unified kernel image that are files, as paths. */
export type UkiFiles = Readonly<Record<Exclude<keyof UkiParts, 'commandLine'>, string>>

/** Makes a unified kernel image of the files at some paths. Throws the same Failures as `appendSections`. */
export async function readUki(files: UkiFiles, commandLine: string): Promise<Uint8Array> {
  const [stub, osRelease, initrd, linux] = await Promise.all([
    readFile(files.stub),
    readFile(files.osRelease),
    readFile(files.initrd),
    readFile(files.linux),
  ])
  return makeUki({ stub, osRelease, commandLine, initrd, linux })
}
