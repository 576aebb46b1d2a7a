# Shared by both /init scripts, which run with busybox only.

# Says a line on every console that the kernel has: /dev/console is only the last of them.
say() {
  for console in $(cat /sys/class/tty/console/active); do
    echo "lbuild-initramfs: $*" > "/dev/$console"
  done
}

# Says what went wrong, then offers a shell on every console.
rescue() {
  say "failed: $*"
  say "dropping to a shell; 'reboot -f' ends it"
  for console in $(cat /sys/class/tty/console/active); do
    [ "$console" = tty0 ] && console=tty1
    while :; do
      setsid -c sh -i < "/dev/$console" > "/dev/$console" 2>&1
      sleep 1
    done &
  done
  wait
}

start() {
  /bin/busybox mkdir -p /proc /sys /dev /run
  /bin/busybox mount -t devtmpfs -o mode=0755,nosuid dev /dev
  # a console that cannot be opened must not end the shell that is the system's first process
  (: < /dev/console) 2> /dev/null && exec < /dev/console > /dev/console 2>&1
  /bin/busybox mount -t proc -o nosuid,nodev,noexec proc /proc
  /bin/busybox mount -t sysfs -o nosuid,nodev,noexec sys /sys
  /bin/busybox mount -t tmpfs -o mode=0755,nosuid,nodev run /run
  export PATH=/bin
  /bin/busybox --install -s /bin
  while read -r module; do modprobe -q "$module" || say "cannot load $module"; done < /etc/modules
}

# value NAME: what the kernel's command line says for NAME=, the last time that it says it.
value() {
  for word in $(cat /proc/cmdline); do
    case $word in "$1="*) found=${word#*=} ;; esac
  done
  echo "$found"
}

# has WORD: whether the kernel's command line has this very word.
has() {
  for word in $(cat /proc/cmdline); do [ "$word" = "$1" ] && return 0; done
  return 1
}

# hand_over INIT: makes /newroot the root and starts its init.
hand_over() {
  for directory in dev proc sys run; do
    mount --move "/$directory" "/newroot/$directory" || rescue "the system has no /$directory"
  done
  exec switch_root /newroot "$1"
}
