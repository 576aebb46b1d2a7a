// What `lbuild --help` says below the commands.

export const HELP_TEXT = `
Without a command, lbuild builds: 'lbuild qcow2' is 'lbuild build qcow2'.

Examples:
  lbuild qcow2                    Build what is missing or stale below qcow2, then qcow2
  lbuild iso qcow2 --jobs 4       Build several targets, at most four producers at a time
  lbuild qcow2 --disk-size 64G    Set the param diskSize: every param of the distro is an option
  lbuild why qcow2                Explain why qcow2 would be built
  lbuild history                  Show past builds
  lbuild watch qcow2              Rebuild qcow2 whenever one of its sources is saved

Exit codes:
  0    success, or nothing to do
  1    a producer or a check failed
  2    invalid call or configuration
  3    not up to date (only with --check)
  75   another build holds the workspace lock (only with --no-wait)
  129, 130, 143  ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM

Environment:
  LBUILD_CACHE_DIR  the directory of the cache (default: cache/ beside build.config.ts)
  NO_COLOR          print no colors
  FORCE_COLOR       print colors even if the output is not a terminal
  CI                print plain lines instead of live progress
`
