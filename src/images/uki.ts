import { appendSections } from './pe.ts'

/** The parts of a unified kernel image. */
export interface UkiParts {
  /** systemd-stub, `linuxx64.efi.stub`. */
  readonly stub: Buffer
  readonly osRelease: Uint8Array
  /** The kernel's command line. */
  readonly commandLine: string
  readonly initrd: Uint8Array
  readonly linux: Uint8Array
}

/**
 * Makes a unified kernel image: one EFI program that holds a kernel, its initramfs and its command line, in sections
 * with the names that the Boot Loader Specification (type #2) and systemd-stub(7) give. The kernel comes last, since
 * it may unpack itself over what follows it in memory. Throws an ImageError when the stub cannot take them.
 */
export const makeUki = ({ stub, osRelease, commandLine, initrd, linux }: UkiParts): Buffer =>
  appendSections(stub, [
    { name: '.osrel', data: osRelease },
    { name: '.cmdline', data: Buffer.from(commandLine) },
    { name: '.initrd', data: initrd },
    { name: '.linux', data: linux },
  ])
