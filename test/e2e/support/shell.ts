// Boots an image as far as a shell, for tests that need no more of a boot.
import { bootGuest, type BootOptions } from '../../../src/vm/bootCheck.ts'
import { GuestSession } from '../../../src/vm/guestSession.ts'
import { PATIENT_BOOT } from './distro.ts'

/** The output of a command that root runs as soon as the guest has a login prompt; the machine is then killed. */
export async function firstCommand(options: BootOptions, command: string): Promise<string> {
  const { output } = await bootGuest(options, async (image, line, nonce, facts) => {
    const session = new GuestSession({ ...PATIENT_BOOT, ...line, image, nonce, facts })
    await session.reachLogin()
    await session.logIn('root', '')
    return session.run(command)
  })
  return output
}
