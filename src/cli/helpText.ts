// The text that `lbuild --help` prints after the commands.

export const HELP_TEXT = `
A target is the name of an artifact of build.config.ts; 'lbuild status' lists them. 'lbuild TARGET --help' lists the
params and outputs of a target. Without a command, lbuild runs build: 'lbuild qcow2' means 'lbuild build qcow2'.

Examples:
  lbuild qcow2                    Build qcow2 and its dependencies, except fresh ones
  lbuild iso qcow2 --jobs 4       Build two targets, running at most four producers at once
  lbuild qcow2 --disk-size 64G    Set the param diskSize; every param is an option
  lbuild qcow2 --help             List the params of qcow2 and its dependencies
  lbuild why qcow2                Explain why qcow2 will be rebuilt
  lbuild history                  Show past builds
  lbuild watch qcow2              Rebuild qcow2 whenever one of its source files changes

Exit codes:
  0    success, or nothing to do
  1    a producer or a check failed
  2    invalid command line or configuration
  3    an artifact is not fresh (only with --check)
  75   another lbuild process holds the workspace lock (only with --no-wait)
  129, 130, 143  terminated by SIGHUP, SIGINT (Ctrl-C), SIGTERM

Environment:
  LBUILD_CACHE_DIR       the cache directory (default: cache/ beside build.config.ts)
  LBUILD_CONFIG_TIMEOUT  how long evaluating build.config.ts may take, in seconds (default: 60)
  NO_COLOR               if set, print no colors
  FORCE_COLOR            if set, print colors even if the output is not a terminal
  CI                     if set, print plain lines instead of live progress
`
